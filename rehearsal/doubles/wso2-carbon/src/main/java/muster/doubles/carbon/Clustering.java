package muster.doubles.carbon;

import java.util.List;
import java.util.Map;

/** The clustering section of a configuration file, as it stands there. */
final class Clustering {

    static final String DEFAULT_DOMAIN = "wso2.carbon.domain";
    static final String DEFAULT_PORT = "4000";

    final boolean enabled;
    final String agent;
    final Map<String, String> parameters;
    final List<String> members;
    /** What this member tells to others about itself. */
    final Map<String, String> properties;

    Clustering(
            boolean enabled,
            String agent,
            Map<String, String> parameters,
            List<String> members,
            Map<String, String> properties) {
        this.enabled = enabled;
        this.agent = agent;
        this.parameters = parameters;
        this.members = members;
        this.properties = properties;
    }

    String scheme() {
        return parameters.getOrDefault("membershipScheme", "multicast");
    }

    String domain() {
        return parameters.getOrDefault("domain", DEFAULT_DOMAIN);
    }

    /** Returns the part of the domain that this member belongs to. */
    String subDomain() {
        return properties.getOrDefault("subDomain", "__$default");
    }

    /** Returns the address that this member tells to others, or null if the file has none. */
    String host() {
        return parameters.get("localMemberHost");
    }

    int port() {
        String port = parameters.getOrDefault("localMemberPort", DEFAULT_PORT);
        try {
            return Integer.parseInt(port);
        } catch (NumberFormatException error) {
            throw new StartFailure("localMemberPort is " + port + ", want a number", error);
        }
    }
}
