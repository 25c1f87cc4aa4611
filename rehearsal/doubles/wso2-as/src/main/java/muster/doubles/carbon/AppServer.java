package muster.doubles.carbon;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A program that stands where WSO2 AS cannot be had: WSO2 Carbon's double with a console on management nodes, artifacts
 * that are deployed and served, and the deployment synchronizer with a real client of Subversion.
 */
public final class AppServer extends Product {

    private static final CarbonLog LOG = CarbonLog.of("org.wso2.carbon.ui.internal.CarbonUIServiceComponent");
    /** In the product the option hides the console and lets artifacts come from the repository alone. */
    private static final boolean WORKER = Boolean.getBoolean("workerNode");

    private final ServerXml server;
    private final Group group;
    private final Artifacts artifacts;
    private final DeploymentTask deployment;
    private final Console console;
    /** The address of the database that all servers share, null if each has its own. */
    private final String database;

    private AppServer(Home home, StandIn standIn) {
        super("WSO2 AS", "wso2-as");
        server = new ServerXml(home.conf("carbon.xml"));
        CatalinaXml catalina = new CatalinaXml(home.conf("tomcat/catalina-server.xml"));
        Addresses addresses = new Addresses(server, catalina, Ports.of(home));
        group = new Group(Axis2Xml.read(home.conf("axis2/axis2.xml")).subDomain());
        artifacts = new Artifacts(home, addresses);
        deployment = new DeploymentTask(home, standIn, server, WORKER, group);
        console = new Console(home, addresses, WORKER, server.synchronizer.commits() && !WORKER, group);
        database = Datasources.shared(home.conf("datasources/master-datasources.xml"));
    }

    /** Serves until it is told to end, as {@link CarbonDouble} does. */
    public static void main(String[] args) {
        CarbonDouble.run(args, AppServer::new);
    }

    @Override
    void start(Engine engine) {
        group.enter(engine);
        deployment.start();
        if (!WORKER) {
            LOG.info("Mgt Console URL  : " + console.url());
        }
    }

    @Override
    Sessions sessions(Engine engine) {
        return new SessionCopies(engine);
    }

    @Override
    Answer answer(HttpExchange exchange) throws IOException {
        Answer answer = console.answer(exchange);
        return answer == null ? artifacts.answer(exchange) : answer;
    }

    @Override
    Map<String, Object> told() {
        Map<String, Object> told = new LinkedHashMap<>();
        told.put("worker", WORKER);
        told.put("sub_domain", group.own);
        told.put("sub_domains", group.all());
        told.put("host", server.host);
        told.put("management", server.management);
        told.put("console", console.url());
        told.put("synchronizer", deployment.told());
        told.put("database", database);
        told.put("artifacts", artifacts.names());
        return told;
    }

    @Override
    void stop() {
        deployment.stop();
    }
}
