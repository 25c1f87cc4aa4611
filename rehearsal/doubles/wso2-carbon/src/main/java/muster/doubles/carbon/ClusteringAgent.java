package muster.doubles.carbon;

import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.Collections;
import java.util.Map;

/** Starts the engine as the product's clustering agent does, and says so in the product's words. */
final class ClusteringAgent implements Engine.Listener {

    private static final String CLASS = ".HazelcastClusteringAgent";

    private final Clustering file;
    private final CarbonLog log;
    private final CarbonLog schemeLog;
    private final Engine engine;
    private final Ports ports;
    private boolean coordinator;

    ClusteringAgent(Clustering file, StandIn standIn, Home home, Ports ports) {
        if (!file.agent.equals(standIn.agent)) {
            throw new StartFailure("kernel " + standIn.kernel + " has no clustering agent " + file.agent + " (ClassNotFound)"
                    + "; it has " + standIn.agent);
        }
        this.file = file;
        this.ports = ports;
        String own = file.agent.substring(0, file.agent.length() - CLASS.length());
        log = CarbonLog.of(file.agent);
        schemeLog = CarbonLog.of(own + (usesApi() ? ".aws.AWSBasedMembershipScheme" : ".wka.WKABasedMembershipScheme"));
        log.info("Cluster domain: " + file.domain());
        engine = new HazelcastEngine(settings(standIn.spelling, home));
    }

    /** The engine, which has started after `init`. */
    Engine engine() {
        return engine;
    }

    /** Enters the cluster; fails if the engine cannot start. */
    void init() {
        long start = System.currentTimeMillis();
        log.info("Hazelcast cluster is initializing...");
        engine.start();
        log.info("Hazelcast initialized in " + (System.currentTimeMillis() - start) + "ms");
        engine.listen(this);
        log.info("Local member: [" + engine.id() + "] - " + localMember());
        elect();
        log.info("Cluster initialization completed");
    }

    @Override
    public void joined(String id, InetSocketAddress address) {
        schemeLog.info("Member joined [" + id + "]: " + address);
        resign();
    }

    @Override
    public void left(String id, InetSocketAddress address) {
        schemeLog.info("Member left [" + id + "]: " + address);
        elect();
    }

    private EngineSettings settings(Spelling spelling, Home home) {
        String host = localHost();
        log.info("Using " + file.scheme() + " based membership management scheme");
        if (!usesApi() && !file.scheme().equals("wka")) {
            throw new StartFailure("the double of WSO2 Carbon knows the membership schemes aws and wka, not " + file.scheme());
        }
        Map<String, String> discovery = usesApi() ? spelling.understood(file.parameters) : null;
        return new EngineSettings(
                file, host, HazelcastProperties.effective(home), discovery, usesApi() ? null : file.members);
    }

    private boolean usesApi() {
        return file.scheme().equals("aws");
    }

    private String localHost() {
        String host = file.host();
        if (host == null) {
            return firstAddress();
        }
        if (host.equals("127.0.0.1") || host.equals("localhost")) {
            log.warn("localMemberHost is configured to use the loopback address.");
        }
        return host;
    }

    private static String firstAddress() {
        try {
            return Collections.list(NetworkInterface.getNetworkInterfaces()).stream()
                    .flatMap(each -> Collections.list(each.getInetAddresses()).stream())
                    .filter(address -> !address.isLoopbackAddress() && address.getAddress().length == 4)
                    .findFirst()
                    .orElseThrow(() -> new StartFailure("this machine has no address but loopback"))
                    .getHostAddress();
        } catch (SocketException error) {
            throw new StartFailure("this machine's addresses cannot be listed: " + error, error);
        }
    }

    private String localMember() {
        InetSocketAddress own = engine.address();
        return "Host:" + own.getAddress().getHostAddress() + ", Remote Host:null, Port: " + own.getPort() + ", HTTP:"
                + ports.http + ", HTTPS:" + ports.https + ", Domain: " + file.domain() + ", Sub-domain:"
                + file.subDomain() + ", Active:true";
    }

    private synchronized void elect() {
        if (!coordinator && engine.oldest()) {
            coordinator = true;
            log.info("Elected this member [" + engine.id() + "] as the Coordinator node");
        }
    }

    /** Two clusters that merge have two coordinators until the younger one sees an older member. */
    private synchronized void resign() {
        coordinator = coordinator && engine.oldest();
    }
}
