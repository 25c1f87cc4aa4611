package muster.doubles.as400gateway;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.servlet.http.HttpSession;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;

/** The functional API: reads the configuration and counts requests in the user's JSESSIONID session, on this node alone. */
@RestController
@RequestMapping("/api")
class FunctionalController {

    private static final String COUNT = "count";

    private final ConfigurationTable table;
    private final String node;

    FunctionalController(ConfigurationTable table) throws IOException {
        this.table = table;
        // The kernel's own answer: InetAddress would need the name to resolve.
        this.node = Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
    }

    /** Which node served the session, and how many requests the session has made with this one. */
    record Visit(String node, String session, int count) {}

    /** A value of the configuration, as this node reads it. */
    record Reading(String key, String value, String node, int count) {}

    /** Counts a request. */
    @GetMapping("/session")
    Visit session(HttpSession session) {
        return new Visit(node, session.getId(), countIn(session));
    }

    /** Reads one entry; 404 if there is none. */
    @GetMapping("/configuration/{key}")
    Reading configuration(@PathVariable String key, HttpSession session) {
        String value = table.find(key).orElseThrow(() -> new ResponseStatusException(HttpStatus.NOT_FOUND));
        return new Reading(key, value, node, countIn(session));
    }

    /** One user's requests may come in parallel; the session is shared between them. */
    private static int countIn(HttpSession session) {
        synchronized (session.getId().intern()) {
            Integer before = (Integer) session.getAttribute(COUNT);
            int now = before == null ? 1 : before + 1;
            session.setAttribute(COUNT, now);
            return now;
        }
    }
}
