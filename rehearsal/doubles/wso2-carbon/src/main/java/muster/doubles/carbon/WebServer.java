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

    private static final CarbonLog LOG = CarbonLog.of("muster.doubles.carbon.WebServer");
    private static final String COOKIE = "JSESSIONID";

    private final Map<String, Page> pages = new LinkedHashMap<>();
    private final Product product;
    private final Sessions sessions;
    private final String node;
    private HttpServer http;
    private HttpsServer https;

    /** Answers a request, after it has set what headers it likes. */
    private interface Page {

        Answer answer(HttpExchange exchange);
    }

    WebServer(Product product, Sessions sessions, Supplier<Map<String, Object>> description) throws IOException {
        this.product = product;
        this.sessions = sessions;
        // The kernel's own answer: InetAddress would need the name to resolve.
        node = new String(Files.readAllBytes(Paths.get("/proc/sys/kernel/hostname")), StandardCharsets.UTF_8).trim();
        String name = "Muster's double of " + product.name;
        pages.put("/services", exchange -> Answer.html("<h2>Services</h2><ul><li>" + name + "</li></ul>"));
        pages.put("/carbon/admin/login.jsp", exchange -> Answer.html("<h2>" + name + ": no one signs in</h2>"));
        pages.put("/api/session", this::session);
        pages.put("/double", exchange -> Answer.json(200, description.get()));
    }

    /** Opens both ports. */
    void start(Ports ports, SSLContext keys) throws IOException {
        ExecutorService workers = Executors.newCachedThreadPool(WebServer::worker);
        http = HttpServer.create(new InetSocketAddress(ports.http), 0);
        https = HttpsServer.create(new InetSocketAddress(ports.https), 0);
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
            boolean bodiless = exchange.getRequestMethod().equals("HEAD") || answer.body.length == 0;
            exchange.getResponseHeaders().set("X-Muster-Double", product.key);
            exchange.getResponseHeaders().set("X-Muster-Node", node);
            exchange.getResponseHeaders().set("Content-Type", answer.type);
            exchange.sendResponseHeaders(answer.code, bodiless ? -1 : answer.body.length);
            if (!bodiless) {
                exchange.getResponseBody().write(answer.body);
            }
        } finally {
            exchange.close();
        }
    }

    private Answer answer(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        try {
            Answer own = product.answer(exchange);
            return own == null ? page(exchange, path) : own;
        } catch (RuntimeException error) { // the engine's, of whichever API: nothing was counted for certain
            LOG.error("no answer to " + path, error);
            return Answer.error(503, error.toString());
        }
    }

    private Answer page(HttpExchange exchange, String path) {
        Page page = pages.get(path.length() > 1 && path.endsWith("/") ? path.substring(0, path.length() - 1) : path);
        if (page == null) {
            return Answer.error(404, "the double of " + product.name + " has no " + path);
        }
        if (!exchange.getRequestMethod().equals("GET") && !exchange.getRequestMethod().equals("HEAD")) {
            return Answer.error(405, "the double of " + product.name + " answers GET");
        }
        return page.answer(exchange);
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
