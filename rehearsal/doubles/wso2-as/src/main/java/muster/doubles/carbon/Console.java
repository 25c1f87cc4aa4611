package muster.doubles.carbon;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The web console, which management nodes alone have: a page that signs nobody in, and the upload of an artifact. */
final class Console {

    static final String NO_WORKER = "No member of the sub-domain worker is in the cluster yet: what is deployed is kept"
            + " in the repository, and served when a worker joins";

    private static final String DEPLOY = "/carbon/deploy";
    private static final String LOGIN = "/carbon/admin/login.jsp";
    private static final List<String> ENTRIES =
            Arrays.asList("/carbon", "/carbon/", "/carbon/admin", "/carbon/admin/index.jsp");

    private final Home home;
    private final Addresses addresses;
    private final boolean worker;
    private final boolean commits;
    private final Group group;

    Console(Home home, Addresses addresses, boolean worker, boolean commits, Group group) {
        this.home = home;
        this.addresses = addresses;
        this.worker = worker;
        this.commits = commits;
        this.group = group;
    }

    /** Returns its address for administrators, or null where there is none. */
    String url() {
        return worker ? null : addresses.console();
    }

    /** Returns null for a request that is not for the console. */
    Answer answer(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        if (!path.equals("/carbon") && !path.startsWith("/carbon/")) {
            return null;
        }
        if (worker) {
            return Answer.error(404, "a worker has no console: it is on the management nodes");
        }
        if (path.equals(DEPLOY)) {
            return deploy(exchange);
        }
        if (!addresses.secure(exchange)) {
            return Answer.redirect(exchange, url());
        }
        if (ENTRIES.contains(path)) {
            return Answer.redirect(exchange, addresses.here(exchange, LOGIN));
        }
        return path.equals(LOGIN)
                ? Answer.html("<h2>Muster's double of WSO2 AS, not WSO2 AS: no one signs in</h2>")
                : Answer.error(404, "the console of the double of WSO2 AS has no " + path);
    }

    /** Puts the body into the folder of what is deployed, under the name that the query has. */
    private Answer deploy(HttpExchange exchange) throws IOException {
        String query = String.valueOf(exchange.getRequestURI().getQuery());
        String name = query.startsWith("name=") ? query.substring("name=".length()) : "";
        if (!exchange.getRequestMethod().equals("POST") || !name.matches("([\\w-][\\w.-]*/)*[\\w-][\\w.-]*")) {
            return Answer.error(400, "want POST " + DEPLOY + "?name=shop.war (or name=webapps/shop/index.html)");
        }
        String place = name.contains("/") ? name : kind(name) + "/" + name;
        Path target = home.deployment().resolve(place);
        Files.createDirectories(target.getParent());
        Path whole = Files.createTempFile(Files.createDirectories(home.folder.resolve("tmp")), "upload", "");
        try {
            Files.copy(exchange.getRequestBody(), whole, StandardCopyOption.REPLACE_EXISTING);
            Files.move(whole, target, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(whole);
        }
        Map<String, Object> told = new LinkedHashMap<>();
        told.put("deployed", place);
        told.put("commits", commits);
        if (group.hasWorker()) {
            return Answer.json(200, told);
        }
        told.put("error", NO_WORKER);
        return Answer.json(503, told);
    }

    private static String kind(String name) {
        return name.endsWith(".aar") ? "axis2services" : name.endsWith(".car") ? "carbonapps" : "webapps";
    }
}
