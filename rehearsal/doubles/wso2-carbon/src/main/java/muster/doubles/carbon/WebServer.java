package muster.doubles.carbon;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;

/** Answers users, on one port by HTTP and on another by HTTPS. */
final class WebServer {

    /** As in the product, -DportOffset moves both ports; -DhttpPort and -DhttpsPort, which it has not, set one each. */
    private static final int OFFSET = Integer.getInteger("portOffset", 0);
    static final int HTTP_PORT = Integer.getInteger("httpPort", 9763 + OFFSET);
    static final int HTTPS_PORT = Integer.getInteger("httpsPort", 9443 + OFFSET);

    private static final CarbonLog LOG = CarbonLog.of("muster.doubles.carbon.WebServer");
    private static final String COOKIE = "JSESSIONID";

    private final Map<String, Page> pages = new LinkedHashMap<>();
    private final Sessions sessions;
    private final String node;
    private HttpServer http;
    private HttpsServer https;

    /** Answers a request, after it has set what headers it likes. */
    private interface Page {

        Answer answer(HttpExchange exchange);
    }

    private static final class Answer {

        final int code;
        final String type;
        final String body;

        Answer(int code, String type, String body) {
            this.code = code;
            this.type = type;
            this.body = body;
        }

        static Answer json(int code, Object value) {
            return new Answer(code, "application/json", Json.of(value));
        }

        static Answer html(String body) {
            return new Answer(200, "text/html; charset=utf-8", "<!DOCTYPE html><html><body>" + body + "</body></html>");
        }
    }

    WebServer(Sessions sessions, Supplier<Map<String, Object>> description) throws IOException {
        this.sessions = sessions;
        // The kernel's own answer: InetAddress would need the name to resolve.
        node = new String(Files.readAllBytes(Paths.get("/proc/sys/kernel/hostname")), StandardCharsets.UTF_8).trim();
        pages.put("/services", exchange -> Answer.html("<h2>Services</h2><ul><li>Muster's double of WSO2 Carbon</li></ul>"));
        pages.put("/carbon/admin/login.jsp", exchange -> Answer.html("<h2>Muster's double of WSO2 Carbon: no one signs in</h2>"));
        pages.put("/api/session", this::session);
        pages.put("/double", exchange -> Answer.json(200, description.get()));
    }

    /** Opens both ports. */
    void start(SSLContext keys) throws IOException {
        ExecutorService workers = Executors.newCachedThreadPool(WebServer::worker);
        http = HttpServer.create(new InetSocketAddress(HTTP_PORT), 0);
        https = HttpsServer.create(new InetSocketAddress(HTTPS_PORT), 0);
        https.setHttpsConfigurator(new HttpsConfigurator(keys));
        for (HttpServer each : new HttpServer[] {http, https}) {
            each.setExecutor(workers);
            each.createContext("/", this::handle);
            each.start();
        }
    }

    void stop() {
        http.stop(0);
        https.stop(0);
    }

    private static Thread worker(Runnable work) {
        Thread thread = new Thread(work, "web");
        thread.setDaemon(true);
        return thread;
    }

    private void handle(HttpExchange exchange) throws IOException {
        try {
            Answer answer = answer(exchange);
            byte[] body = answer.body.getBytes(StandardCharsets.UTF_8);
            boolean bodiless = exchange.getRequestMethod().equals("HEAD");
            exchange.getResponseHeaders().set("X-Muster-Double", "wso2-carbon");
            exchange.getResponseHeaders().set("Content-Type", answer.type);
            exchange.sendResponseHeaders(answer.code, bodiless ? -1 : body.length);
            if (!bodiless) {
                exchange.getResponseBody().write(body);
            }
        } finally {
            exchange.close();
        }
    }

    private Answer answer(HttpExchange exchange) {
        String path = exchange.getRequestURI().getPath();
        Page page = pages.get(path.length() > 1 && path.endsWith("/") ? path.substring(0, path.length() - 1) : path);
        if (page == null) {
            return Answer.json(404, Collections.singletonMap("error", "the double of WSO2 Carbon has no " + path));
        }
        if (!exchange.getRequestMethod().equals("GET") && !exchange.getRequestMethod().equals("HEAD")) {
            return Answer.json(405, Collections.singletonMap("error", "the double of WSO2 Carbon answers GET"));
        }
        try {
            return page.answer(exchange);
        } catch (RuntimeException error) { // the engine's, of whichever API: nothing was counted for certain
            LOG.error("no answer to " + path, error);
            return Answer.json(503, Collections.singletonMap("error", error.toString()));
        }
    }

    private Answer session(HttpExchange exchange) {
        String asked = cookie(exchange);
        Sessions.Visit visit = sessions.visit(asked);
        if (!visit.id.equals(asked)) {
            exchange.getResponseHeaders().add("Set-Cookie", COOKIE + "=" + visit.id + "; Path=/; HttpOnly");
        }
        Map<String, Object> told = new LinkedHashMap<>();
        told.put("node", node);
        told.put("session", visit.id);
        told.put("count", visit.count);
        return Answer.json(200, told);
    }

    private static String cookie(HttpExchange exchange) {
        for (String header : exchange.getRequestHeaders().getOrDefault("Cookie", Collections.emptyList())) {
            for (String pair : header.split(";")) {
                String[] parts = pair.trim().split("=", 2);
                if (parts.length == 2 && parts[0].equals(COOKIE)) {
                    return parts[1];
                }
            }
        }
        return null;
    }
}
