package muster.doubles.carbon;

import java.util.List;
import java.util.Map;
import java.util.Properties;

/** What an engine is started with, as the product would set it. */
final class EngineSettings {

    /** The map of users' sessions, each of which lies on two members and is forgotten after half an hour without a request. */
    static final String SESSIONS = "carbon.sessions";
    static final int SESSION_BACKUPS = 1;
    static final int SESSION_IDLE_SECONDS = 1800;

    final String domain;
    final String host;
    final int port;
    final Properties properties;
    /** Settings of the discovery by the EC2 API, by the engine's names; null with well-known members. */
    final Map<String, String> discovery;
    /** Well-known members as host:port; null with the EC2 API. */
    final List<String> members;

    EngineSettings(
            Clustering file, String host, Properties properties, Map<String, String> discovery, List<String> members) {
        this.domain = file.domain();
        this.host = host;
        this.port = file.port();
        this.properties = properties;
        this.discovery = discovery;
        this.members = members;
    }

    String instanceName() {
        return domain + ".instance";
    }
}
