package muster.doubles.carbon;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsExchange;

/** The addresses that this server tells to clients, as Tomcat and the console make them. */
final class Addresses {

    private final ServerXml server;
    private final CatalinaXml catalina;
    private final Ports ports;

    Addresses(ServerXml server, CatalinaXml catalina, Ports ports) {
        this.server = server;
        this.catalina = catalina;
        this.ports = ports;
    }

    /** Returns the console's address for administrators; it has a port always. */
    String console() {
        int port = catalina.https.proxyPort == 0 ? ports.https : catalina.https.proxyPort;
        return "https://" + (server.management == null ? "localhost" : server.management) + ":" + port + "/carbon/";
    }

    /** Whether an application takes the client to be one of HTTPS. */
    boolean secure(HttpExchange exchange) {
        return connector(exchange).secure;
    }

    /** Returns the address of `path` for the client of a request: its host name, the port in front of this server. */
    String here(HttpExchange exchange, String path) {
        CatalinaXml.Connector connector = connector(exchange);
        String asked = exchange.getRequestHeaders().getFirst("Host");
        String host = asked == null ? String.valueOf(server.host) : asked.replaceFirst(":\\d*$", "");
        String given = asked == null ? "" : asked.substring(host.length()).replace(":", "");
        int usual = connector.scheme.equals("https") ? 443 : 80;
        int port = connector.proxyPort != 0 ? connector.proxyPort : given.isEmpty() ? usual : Integer.parseInt(given);
        return connector.scheme + "://" + host + (port == usual ? "" : ":" + port) + path;
    }

    private CatalinaXml.Connector connector(HttpExchange exchange) {
        return exchange instanceof HttpsExchange ? catalina.https : catalina.http;
    }
}
