package muster.doubles.carbon;

import java.nio.file.Path;
import org.w3c.dom.Element;

/** Reads catalina-server.xml: what stands in front of the connectors for HTTP and HTTPS. */
final class CatalinaXml {

    /** How a connector describes to applications the way on which a request came. */
    static final class Connector {

        final String scheme;
        final boolean secure;
        /** The port that users know, 0 if it is the one of their request. */
        final int proxyPort;

        private Connector(Element connector) {
            String named = connector.getAttribute("scheme").trim();
            scheme = named.isEmpty() ? "http" : named;
            secure = Boolean.parseBoolean(connector.getAttribute("secure").trim());
            String port = connector.getAttribute("proxyPort").trim();
            try {
                proxyPort = port.isEmpty() ? 0 : Integer.parseInt(port);
            } catch (NumberFormatException error) {
                throw new StartFailure("proxyPort is " + port + ", want a number", error);
            }
        }
    }

    final Connector http;
    final Connector https;

    CatalinaXml(Path file) {
        Element root = Xml.parsed(file);
        http = connector(root, file, false);
        https = connector(root, file, true);
    }

    private static Connector connector(Element root, Path file, boolean tls) {
        for (Element service : Xml.children(root, "Service")) {
            for (Element connector : Xml.children(service, "Connector")) {
                if (Boolean.parseBoolean(connector.getAttribute("SSLEnabled").trim()) == tls) {
                    return new Connector(connector);
                }
            }
        }
        throw new StartFailure(file + " has no connector for " + (tls ? "HTTPS" : "HTTP"));
    }
}
