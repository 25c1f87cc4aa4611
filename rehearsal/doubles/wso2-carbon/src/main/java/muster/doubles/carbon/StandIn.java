package muster.doubles.carbon;

import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Properties;

/** For which kernel this double stands, as the file double.properties tells it. */
final class StandIn {

    /** The kernel's version, its own engine's, how it spells parameters, the class of its clustering agent, its config file. */
    final String kernel;
    final String kernelEngine;
    final Spelling spelling;
    final String agent;
    final String config;

    private StandIn(Properties known) {
        kernel = known.getProperty("kernel");
        kernelEngine = known.getProperty("engine");
        spelling = Spelling.named(known.getProperty("spelling"));
        agent = known.getProperty("agent");
        config = known.getProperty("config");
    }

    static StandIn of(Home home) throws IOException {
        Properties known = new Properties();
        try (Reader reader = Files.newBufferedReader(home.conf("double.properties"), StandardCharsets.UTF_8)) {
            known.load(reader);
        }
        return new StandIn(known);
    }

    /** Whether the kernel renders its configuration from deployment.toml. */
    boolean rendersConfiguration() {
        return config.equals("deployment.toml");
    }

    /** Says what this program is, and for what it stands. */
    String sentence(Product product, String engine) {
        String other = engine.equals(kernelEngine) ? "" : ", whose own is " + kernelEngine;
        return "This is Muster's double of " + product.name + ", for rehearsals: it is not the product; engine Hazelcast "
                + engine + " stands for kernel " + kernel + other;
    }
}
