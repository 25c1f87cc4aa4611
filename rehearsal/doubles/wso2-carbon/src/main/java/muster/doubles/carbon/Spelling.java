package muster.doubles.carbon;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** How a kernel spells the parameters of the scheme aws. It reads names of its own spelling; others it passes over. */
enum Spelling {
    CAMEL(0),
    KEBAB(1);

    /** The two spellings of each; the second is the engine's own name (com.hazelcast.aws.AwsProperties), too. */
    private static final String[][] NAMES = {
        {"accessKey", "access-key"},
        {"secretKey", "secret-key"},
        {"iamRole", "iam-role"},
        {"securityGroup", "security-group-name"},
        {"connTimeout", "connection-timeout-seconds"},
        {"hostHeader", "host-header"},
        {"region", "region"},
        {"tagKey", "tag-key"},
        {"tagValue", "tag-value"},
    };

    private final int column;

    Spelling(int column) {
        this.column = column;
    }

    static Spelling named(String name) {
        return valueOf(name.toUpperCase(Locale.ROOT));
    }

    /** Returns what a kernel of this spelling understands of the parameters, by the engine's names. */
    Map<String, String> understood(Map<String, String> parameters) {
        Map<String, String> found = new LinkedHashMap<>();
        for (String[] names : NAMES) {
            String value = parameters.get(names[column]);
            if (value != null) {
                found.put(names[1], value);
            }
        }
        return found;
    }
}
