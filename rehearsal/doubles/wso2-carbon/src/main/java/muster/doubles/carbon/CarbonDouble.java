package muster.doubles.carbon;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;
import javax.net.ssl.SSLContext;

/** A program that stands where WSO2 Carbon cannot be had: same configuration files, same engine, same words in the log. */
public final class CarbonDouble {

    private static final CarbonLog LOG = CarbonLog.of("org.wso2.carbon.core.internal.StartupFinalizerServiceComponent");
    private static final long SECONDS_TO_LEAVE = 8;

    private final Product product;
    private final Home home;
    private final Ports ports;
    private final StandIn standIn;
    /** Null where the kernel reads axis2.xml. */
    private final DeploymentToml toml;

    private volatile Engine engine;
    private volatile WebServer web;

    private CarbonDouble(Home home, BiFunction<Home, StandIn, Product> products) throws IOException {
        this.home = home;
        ports = Ports.of(home);
        standIn = StandIn.of(home);
        product = products.apply(home, standIn);
        toml = standIn.rendersConfiguration() ? DeploymentToml.read(home.conf("deployment.toml")) : null;
    }

    public static void main(String[] args) {
        run(args, (home, standIn) -> new Product("WSO2 Carbon", "wso2-carbon"));
    }

    /**
     * Serves until it is told to end; exits with an error when the cluster cannot be entered.
     *
     * With the argument `settings` it only prints what the engine would be started with: JSON, on the last line.
     */
    static void run(String[] args, BiFunction<Home, StandIn, Product> products) {
        // Read once, when the first server is made. A balancer keeps connections for 60 s; it is to be the one who closes.
        System.setProperty("sun.net.httpserver.idleInterval", "75");
        System.setProperty("sun.net.httpserver.nodelay", "true");
        Home home = Home.own();
        try {
            EngineLog.install(home);
            if (args.length > 0 && args[0].equals("settings")) {
                System.out.println(Json.of(new CarbonDouble(home, products).settings()));
                return;
            }
            CarbonLog.open(home.logs());
            new CarbonDouble(home, products).start();
        } catch (StartFailure failure) {
            LOG.line("ERROR", failure.getMessage(), null);
            System.exit(1);
        } catch (Exception | LinkageError failure) {
            LOG.error("Cannot start: " + root(failure), failure);
            System.exit(1);
        }
    }

    private static Throwable root(Throwable failure) {
        return failure.getCause() == null ? failure : root(failure.getCause());
    }

    private Map<String, Object> settings() {
        Clustering file = clustering();
        Engine known = file.enabled ? new ClusteringAgent(file, standIn, home, ports).engine() : null;
        return new Description(product, standIn, file, known).settings();
    }

    private void start() throws IOException {
        LOG.info(standIn.sentence(product, HazelcastEngine.VERSION));
        Runtime.getRuntime().addShutdownHook(new Thread(this::stop, "shutdown"));
        Keys.trust(home.security(truststore()));
        CompletableFuture<SSLContext> keys =
                CompletableFuture.supplyAsync(() -> Keys.own(home.security("wso2carbon.jks")));
        Clustering file = clustering();
        if (file.enabled) {
            ClusteringAgent agent = new ClusteringAgent(file, standIn, home, ports);
            agent.init();
            engine = agent.engine();
        } else {
            LOG.info("Clustering has been disabled");
        }
        Sessions sessions = engine == null ? new Sessions(new ConcurrentHashMap<>()) : product.sessions(engine);
        product.start(engine);
        web = new WebServer(product, sessions, new Description(product, standIn, file, engine));
        web.start(ports, keys.join());
        long up = System.currentTimeMillis() - ManagementFactory.getRuntimeMXBean().getStartTime();
        LOG.info("WSO2 Carbon started in " + up / 1000 + " sec");
    }

    private String truststore() {
        String usual = "client-truststore.jks";
        return toml == null ? usual : toml.text("truststore", "file_name", usual);
    }

    private Clustering clustering() {
        if (toml == null) {
            return Axis2Xml.read(home.conf("axis2/axis2.xml"));
        }
        HazelcastProperties.render(home, toml);
        return toml.clustering(standIn.agent);
    }

    /** Takes no more requests and leaves the cluster, in good order unless that takes too long. */
    private void stop() {
        LOG.info("Shutting down");
        if (web != null) {
            web.stop();
        }
        product.stop();
        Engine left = engine;
        if (left == null) {
            return;
        }
        Thread leaving = new Thread(left::shutDown, "leaving");
        leaving.setDaemon(true);
        leaving.start();
        try {
            leaving.join(SECONDS_TO_LEAVE * 1000);
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
        }
        if (leaving.isAlive()) {
            LOG.warn("the cluster was left without a word: " + SECONDS_TO_LEAVE + " s were not enough");
            left.terminate();
        }
    }
}
