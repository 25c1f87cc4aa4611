package muster.doubles.carbon;

import com.hazelcast.cluster.Member;
import com.hazelcast.cluster.MembershipEvent;
import com.hazelcast.cluster.MembershipListener;
import com.hazelcast.config.AwsConfig;
import com.hazelcast.config.Config;
import com.hazelcast.config.JoinConfig;
import com.hazelcast.config.MapConfig;
import com.hazelcast.config.NetworkConfig;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.instance.BuildInfoProvider;
import java.net.InetSocketAddress;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** Hazelcast 4 and 5, configured as the product does from kernel 4.7 on. */
final class HazelcastEngine implements Engine {

    static final String VERSION = version();

    private final Config config;
    private HazelcastInstance instance;

    HazelcastEngine(EngineSettings settings) {
        config = config(settings);
    }

    @Override
    public void start() {
        instance = Hazelcast.newHazelcastInstance(config);
    }

    private static String version() {
        return BuildInfoProvider.getBuildInfo().getVersion();
    }

    private static Config config(EngineSettings settings) {
        Config config = new Config(settings.instanceName());
        config.setClusterName(settings.domain);
        config.setProperties(settings.properties);
        NetworkConfig network = config.getNetworkConfig();
        network.setPublicAddress(settings.host);
        network.setPort(settings.port);
        join(network.getJoin(), settings);
        return config.addMapConfig(new MapConfig(EngineSettings.SESSIONS)
                .setBackupCount(EngineSettings.SESSION_BACKUPS)
                .setMaxIdleSeconds(EngineSettings.SESSION_IDLE_SECONDS));
    }

    private static void join(JoinConfig join, EngineSettings settings) {
        join.getMulticastConfig().setEnabled(false);
        join.getTcpIpConfig().setEnabled(settings.members != null);
        if (settings.members != null) {
            settings.members.forEach(join.getTcpIpConfig()::addMember);
        }
        AwsConfig aws = join.getAwsConfig().setEnabled(settings.discovery != null);
        if (settings.discovery != null) {
            settings.discovery.forEach(aws::setProperty);
        }
    }

    @Override
    public void listen(Listener listener) {
        instance.getCluster().addMembershipListener(new MembershipListener() {
            @Override
            public void memberAdded(MembershipEvent event) {
                listener.joined(event.getMember().getUuid().toString(), event.getMember().getSocketAddress());
            }

            @Override
            public void memberRemoved(MembershipEvent event) {
                listener.left(event.getMember().getUuid().toString(), event.getMember().getSocketAddress());
            }
        });
    }

    @Override
    public String id() {
        return instance.getCluster().getLocalMember().getUuid().toString();
    }

    @Override
    public InetSocketAddress address() {
        return instance.getCluster().getLocalMember().getSocketAddress();
    }

    @Override
    public boolean oldest() {
        return instance.getCluster().getMembers().iterator().next().localMember();
    }

    @Override
    public List<InetSocketAddress> members() {
        return instance.getCluster().getMembers().stream().map(Member::getSocketAddress).collect(Collectors.toList());
    }

    @Override
    public ConcurrentMap<String, Integer> sessions() {
        return instance.getMap(EngineSettings.SESSIONS);
    }

    @Override
    public ConcurrentMap<String, String> told() {
        return instance.getMap("$" + config.getClusterName() + ".members");
    }

    @Override
    public void send(String topic, String text) {
        instance.<String>getTopic(topic).publish(text);
    }

    @Override
    public void receive(String topic, Consumer<String> receiver) {
        instance.<String>getTopic(topic).addMessageListener(message -> receiver.accept(message.getMessageObject()));
    }

    @Override
    public Map<String, String> discovery() {
        AwsConfig aws = config.getNetworkConfig().getJoin().getAwsConfig();
        return aws.isEnabled() ? aws.getProperties() : Collections.emptyMap();
    }

    @Override
    public Properties properties() {
        return config.getProperties();
    }

    @Override
    public void shutDown() {
        instance.shutdown();
    }

    @Override
    public void terminate() {
        instance.getLifecycleService().terminate();
    }
}
