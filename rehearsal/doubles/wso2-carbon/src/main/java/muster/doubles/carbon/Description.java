package muster.doubles.carbon;

import java.net.InetSocketAddress;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** Tells what this program is, with which settings its engine runs, and whom that sees now (nobody before it started). */
final class Description implements Supplier<Map<String, Object>> {

    private final Product product;
    private final StandIn standIn;
    private final Clustering file;
    private final Engine engine;

    /** `engine` is null if the server is no member of a cluster. */
    Description(Product product, StandIn standIn, Clustering file, Engine engine) {
        this.product = product;
        this.standIn = standIn;
        this.file = file;
        this.engine = engine;
    }

    @Override
    public Map<String, Object> get() {
        Map<String, Object> told = settings();
        if (engine != null) {
            told.put("id", engine.id());
            told.put("address", text(engine.address()));
            told.put("members", engine.members().stream().map(Description::text).collect(Collectors.toList()));
        }
        return told;
    }

    /** Returns what is known before the engine has started. */
    Map<String, Object> settings() {
        Map<String, Object> told = new LinkedHashMap<>();
        told.put("double", product.key);
        told.put("engine", HazelcastEngine.VERSION);
        told.put("kernel", standIn.kernel);
        told.put("kernel_engine", standIn.kernelEngine);
        told.put("spelling", standIn.spelling.name().toLowerCase(Locale.ROOT));
        told.put("config", standIn.config);
        told.put("clustered", engine != null);
        told.put("members", Collections.emptyList());
        if (engine != null) {
            told.put("scheme", file.scheme());
            told.put("domain", file.domain());
            told.put("discovery", masked(engine.discovery()));
            told.put("properties", new TreeMap<>(engine.properties()));
        }
        told.putAll(product.told());
        return told;
    }

    private static Map<String, String> masked(Map<String, String> discovery) {
        Map<String, String> told = new TreeMap<>(discovery);
        told.computeIfPresent("secret-key", (name, value) -> "***");
        return told;
    }

    private static String text(InetSocketAddress address) {
        return address.getAddress().getHostAddress() + ":" + address.getPort();
    }
}
