package muster.doubles.axonivy;

import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.logging.Logger;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import javax.servlet.ServletContext;
import javax.servlet.ServletContextEvent;
import javax.servlet.ServletContextListener;
import org.apache.catalina.util.ServerInfo;

/** The engine itself: it starts behind the web server, which answers 503 meanwhile. */
public final class EngineApp implements ServletContextListener {

    /** The system property that is set once the web server has started, and would stop in good order. */
    static final String SERVER = "double.server";

    private static final Logger LOG = Logger.getLogger(EngineApp.class.getName());

    private final Home home = Home.own();
    private final StandIn standIn = StandIn.of(home);
    private final Database database = Database.of(
            System.getProperty("SystemDb.Url", ""),
            System.getProperty("SystemDb.UserName", ""),
            System.getProperty("SystemDb.Password", ""));

    private volatile Cluster cluster;
    private volatile boolean running;

    /** Returns the engine of a web app. */
    static EngineApp of(ServletContext context) {
        return (EngineApp) context.getAttribute(EngineApp.class.getName());
    }

    @Override
    public void contextInitialized(ServletContextEvent event) {
        event.getServletContext().setAttribute(EngineApp.class.getName(), this);
        new Thread(this::start, "engine").start();
    }

    @Override
    public void contextDestroyed(ServletContextEvent event) {
        LOG.info("Stopping Axon Ivy Engine ...");
        running = false;
        if (cluster != null) {
            cluster.leave();
        }
    }

    private void start() {
        try {
            LOG.info(standIn.sentence(ServerInfo.getServerInfo()));
            if (standIn.nodes == 0) {
                LOG.warning("There is no licence in the folder configuration: demo mode, without a cluster");
            } else if (Files.exists(home.configuration("jgroups.xml"))) {
                cluster = Cluster.joined(home.configuration("jgroups.xml"), route());
            }
            while (System.getProperty(SERVER) == null) {
                Thread.sleep(20);
            }
            running = true;
            long up = System.currentTimeMillis() - ManagementFactory.getRuntimeMXBean().getStartTime();
            LOG.info("Axon Ivy Engine is running and ready to serve. [" + up + "ms]");
        } catch (InterruptedException failure) {
            Thread.currentThread().interrupt();
        } catch (StartFailure failure) {
            LOG.severe(failure.getMessage());
            Runtime.getRuntime().halt(1);
        }
    }

    /** Whether it serves: it has started, its licence covers it, and its database lets it in. */
    boolean serves() {
        return running && licensed() && (database == null || database.admits());
    }

    /** Returns the page that tells whether it runs. */
    String health() {
        return standIn.health;
    }

    private boolean licensed() {
        return cluster == null || cluster.place() < standIn.nodes;
    }

    /** Returns what stands behind the point in a session's id, as Tomcat has it. */
    private static String route() {
        try {
            MBeanServer beans = ManagementFactory.getPlatformMBeanServer();
            ObjectName engine = beans.queryNames(new ObjectName("*:type=Engine"), null).iterator().next();
            return String.valueOf(beans.getAttribute(engine, "jvmRoute"));
        } catch (JMException failure) {
            throw new StartFailure("Tomcat does not tell its route: " + failure, failure);
        }
    }

    /** Tells what this program is, and whom it sees. */
    Map<String, Object> description() {
        Map<String, Object> told = new LinkedHashMap<>();
        told.put("double", "axonivy");
        told.put("version", standIn.version);
        told.put("server", ServerInfo.getServerInfo());
        told.put("cookie", standIn.cookie);
        told.put("route", route());
        told.put("licensed", licensed());
        told.put("database", System.getProperty("SystemDb.Url", ""));
        told.put("shared", System.getProperty("double.shared", ""));
        told.put("members", cluster == null ? List.of() : cluster.members());
        return told;
    }
}
