package muster.doubles.carbon;

import com.hazelcast.config.AwsConfig;
import com.hazelcast.config.Config;
import com.hazelcast.config.JoinConfig;
import com.hazelcast.config.MapConfig;
import com.hazelcast.config.NetworkConfig;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.Member;
import com.hazelcast.core.MemberAttributeEvent;
import com.hazelcast.core.MembershipEvent;
import com.hazelcast.core.MembershipListener;
import com.hazelcast.instance.BuildInfoProvider;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** Hazelcast 3, configured as the product does up to kernel 4.6. */
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
        config.getGroupConfig().setName(settings.domain);
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
        join.getAwsConfig().setEnabled(settings.discovery != null);
        if (settings.discovery != null) {
            discover(join.getAwsConfig(), settings.discovery);
        }
    }

    private static void discover(AwsConfig aws, Map<String, String> wanted) {
        Map<String, Consumer<String>> setters = new HashMap<>();
        setters.put("access-key", aws::setAccessKey);
        setters.put("secret-key", aws::setSecretKey);
        setters.put("iam-role", aws::setIamRole);
        setters.put("security-group-name", aws::setSecurityGroupName);
        setters.put("connection-timeout-seconds", value -> aws.setConnectionTimeoutSeconds(Integer.parseInt(value)));
        setters.put("host-header", aws::setHostHeader);
        setters.put("region", aws::setRegion);
        setters.put("tag-key", aws::setTagKey);
        setters.put("tag-value", aws::setTagValue);
        wanted.forEach((name, value) -> setters.get(name).accept(value));
    }

    @Override
    public void listen(Listener listener) {
        instance.getCluster().addMembershipListener(new MembershipListener() {
            @Override
            public void memberAdded(MembershipEvent event) {
                listener.joined(event.getMember().getUuid(), event.getMember().getSocketAddress());
            }

            @Override
            public void memberRemoved(MembershipEvent event) {
                listener.left(event.getMember().getUuid(), event.getMember().getSocketAddress());
            }

            @Override
            public void memberAttributeChanged(MemberAttributeEvent event) {}
        });
    }

    @Override
    public String id() {
        return instance.getCluster().getLocalMember().getUuid();
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
        return instance.getMap("$" + config.getGroupConfig().getName() + ".members");
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
        Map<String, String> told = new HashMap<>();
        if (aws.isEnabled()) {
            told.put("access-key", aws.getAccessKey());
            told.put("secret-key", aws.getSecretKey());
            told.put("iam-role", aws.getIamRole());
            told.put("security-group-name", aws.getSecurityGroupName());
            told.put("connection-timeout-seconds", String.valueOf(aws.getConnectionTimeoutSeconds()));
            told.put("host-header", aws.getHostHeader());
            told.put("region", aws.getRegion());
            told.put("tag-key", aws.getTagKey());
            told.put("tag-value", aws.getTagValue());
            told.values().removeIf(Objects::isNull);
        }
        return told;
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
