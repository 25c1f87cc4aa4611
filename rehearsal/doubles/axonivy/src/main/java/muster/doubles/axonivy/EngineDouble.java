package muster.doubles.axonivy;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import org.apache.catalina.startup.Bootstrap;

/** A program that stands where the Axon.ivy engine cannot be had: same files, a real Tomcat, real JGroups. */
public final class EngineDouble {

    private static final List<String> FOLDERS = List.of("Data.Directory", "Data.FilesDirectory", "Data.AppDirectory");
    private static final List<String> LOGIN = List.of("SystemDb.Url", "SystemDb.UserName", "SystemDb.Password");

    private EngineDouble() {}

    /** Serves until it is told to end; exits with an error when what it reads cannot work. */
    public static void main(String[] args) throws Exception {
        try {
            Home home = Home.own();
            prepare(home, IvyYaml.read(home.configuration("ivy.yaml")));
        } catch (StartFailure failure) {
            System.err.println(failure.getMessage());
            System.exit(1);
        }
        Bootstrap tomcat = new Bootstrap();
        tomcat.init();
        tomcat.setAwait(false);
        tomcat.start();
        System.setProperty(EngineApp.SERVER, "started");
        new CountDownLatch(1).await();
    }

    /** Tells Tomcat and the web app, which has class loaders of its own, what the files say: by system properties. */
    private static void prepare(Home home, IvyYaml ivy) {
        StandIn standIn = StandIn.of(home);
        System.out.println(standIn.sentence("Tomcat 9"));
        System.out.println("It reads ports, route and cookie from conf/server.xml and conf/context.xml, and what is a"
                + " ${name} there from configuration/ivy.yaml");
        System.setProperty("Connector.HTTP.Port", ivy.text("Connector.HTTP.Port", "8080"));
        System.setProperty("Connector.HTTP.Address", ivy.text("Connector.HTTP.Address", "0.0.0.0"));
        for (String name : LOGIN) {
            System.setProperty(name, ivy.text(name, ""));
        }
        System.setProperty("session.cookie", standIn.cookie);
        if (System.getProperty("jvmRoute") == null) {
            System.setProperty("jvmRoute", hostName());
        }
        System.setProperty("double.shared", String.join(",", shared(home, ivy)));
    }

    private static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException failure) {
            throw new StartFailure("this machine does not know its own name: " + failure.getMessage(), failure);
        }
    }

    /** Returns the folders that ivy.yaml names; raises StartFailure for one in which this program may not write. */
    private static Set<String> shared(Home home, IvyYaml ivy) {
        Set<String> found = new TreeSet<>();
        for (String name : FOLDERS) {
            String folder = ivy.text(name, null);
            if (folder != null) {
                Path path = home.folder.resolve(Paths.get(folder));
                if (!Files.isDirectory(path) || !Files.isWritable(path)) {
                    throw new StartFailure(name + " is " + folder + ", in which the engine cannot write");
                }
                found.add(path.toString());
            }
        }
        return found;
    }
}
