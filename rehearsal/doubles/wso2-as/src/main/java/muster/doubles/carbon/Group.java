package muster.doubles.carbon;

import java.net.InetSocketAddress;
import java.util.Map;
import java.util.TreeMap;

/** The sub-domains of the cluster: each member tells its own, and sees those of the others. */
final class Group {

    private static final String WORKER = "worker";

    private static final CarbonLog LOG = CarbonLog.of("muster.doubles.carbon.Group");

    final String own;
    private volatile Engine engine;

    Group(String own) {
        this.own = own;
    }

    /** Enters the cluster; `engine` is null if there is none. */
    void enter(Engine engine) {
        this.engine = engine;
        announce();
    }

    /** Tells this member's sub-domain, again and again: what a merge of clusters loses is there again. */
    void announce() {
        try {
            if (engine != null) {
                engine.told().put(text(engine.address()), own);
            }
        } catch (RuntimeException failure) { // the engine's: there is a next time
            LOG.warn("cannot tell the sub-domain " + own + ": " + failure);
        }
    }

    /** Returns the sub-domain of each member that is in the cluster now, by its address. */
    Map<String, String> all() {
        Map<String, String> found = new TreeMap<>();
        if (engine != null) {
            for (InetSocketAddress member : engine.members()) {
                found.put(text(member), engine.told().getOrDefault(text(member), ""));
            }
        }
        return found;
    }

    boolean hasWorker() {
        return all().containsValue(WORKER);
    }

    Engine engine() {
        return engine;
    }

    private static String text(InetSocketAddress address) {
        return address.getAddress().getHostAddress() + ":" + address.getPort();
    }
}
