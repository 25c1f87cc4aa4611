package muster.doubles.carbon;

import java.nio.file.Path;
import org.w3c.dom.Element;

/** Of carbon.xml what the kernel's double does not read: names, the interval of deployments, the synchronizer. */
final class ServerXml {

    private static final String INTERVAL = "15";

    /** The names that users and administrators know, null where the file has none. */
    final String host;
    final String management;
    /** Seconds between two looks at what is to be deployed. */
    final int interval;
    final Synchronizer synchronizer;

    ServerXml(Path file) {
        Element root = Xml.parsed(file);
        host = Xml.text(root, "HostName");
        management = Xml.text(root, "MgtHostName");
        String text = Xml.text(root, "Axis2Config", "DeploymentUpdateInterval");
        try {
            interval = Integer.parseInt(text == null ? INTERVAL : text);
        } catch (NumberFormatException error) {
            throw new StartFailure("DeploymentUpdateInterval is " + text + ", want a number", error);
        }
        synchronizer = new Synchronizer(root);
    }
}
