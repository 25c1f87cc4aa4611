package muster.doubles.carbon;

import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;

/** The engine's properties: those that the product sets by itself, and above them those of hazelcast.properties. */
final class HazelcastProperties {

    private static final CarbonLog LOG = CarbonLog.of("org.wso2.config.mapper.ConfigParser");

    private static final String TEMPLATE =
            "repository/resources/conf/templates/repository/conf/hazelcast.properties.j2";

    private HazelcastProperties() {}

    /** Returns the properties of the engine, with what a double needs above all: its log, its end, no calls home. */
    static Properties effective(Home home) {
        Properties properties = new Properties();
        properties.setProperty("hazelcast.max.no.heartbeat.seconds", "600");
        properties.setProperty("hazelcast.max.no.master.confirmation.seconds", "900");
        properties.setProperty("hazelcast.merge.first.run.delay.seconds", "60");
        properties.setProperty("hazelcast.merge.next.run.delay.seconds", "30");
        properties.setProperty("hazelcast.phone.home.enabled", "false");
        if (HazelcastEngine.VERSION.startsWith("3.5.")) { // how it called home at that time
            properties.setProperty("hazelcast.version.check.enabled", "false");
        }
        load(properties, home.conf("hazelcast.properties"));
        properties.setProperty("hazelcast.logging.type", "jdk");
        properties.setProperty("hazelcast.shutdownhook.enabled", "false");
        return properties;
    }

    /** Writes hazelcast.properties anew from [hazelcast] of deployment.toml, as products do that have a template of it. */
    static void render(Home home, DeploymentToml toml) {
        if (!Files.exists(home.folder.resolve(TEMPLATE))) {
            return;
        }
        StringBuilder text = new StringBuilder("# Made from [hazelcast] of deployment.toml at each start.\n");
        for (Map.Entry<String, String> each : new TreeMap<>(toml.hazelcast()).entrySet()) {
            text.append(each.getKey()).append('=').append(each.getValue()).append('\n');
        }
        byte[] rendered = text.toString().getBytes(StandardCharsets.UTF_8);
        Path file = home.conf("hazelcast.properties");
        try {
            if (Files.exists(file) && !Arrays.equals(Files.readAllBytes(file), rendered)) {
                LOG.warn("Configurations Changed in :" + file);
                LOG.warn("Overriding files in configuration directory " + home.folder);
            }
            Files.write(file, rendered);
        } catch (IOException error) {
            throw new StartFailure("cannot render " + file + " from [hazelcast] of deployment.toml: " + error, error);
        }
    }

    private static void load(Properties properties, Path file) {
        if (!Files.exists(file)) {
            return;
        }
        try (Reader reader = Files.newBufferedReader(file, StandardCharsets.ISO_8859_1)) {
            properties.load(reader);
        } catch (IOException error) {
            throw new StartFailure("cannot read " + file + ": " + error, error);
        }
    }
}
