package muster.doubles.axonivy;

import java.io.IOException;
import java.net.InetAddress;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import javax.servlet.http.HttpServlet;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;
import javax.servlet.http.HttpSession;

/** The few pages of the double: its health, a counter in the user's session, and what it is. */
public final class Pages extends HttpServlet {

    private static final long serialVersionUID = 1L;
    private static final String COUNT = "count";

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
        EngineApp engine = EngineApp.of(getServletContext());
        switch (request.getRequestURI()) {
            case "/api/session":
                say(response, visit(request));
                break;
            case "/double":
                say(response, engine.description());
                break;
            default:
                if (request.getRequestURI().equals(engine.health())) {
                    say(response, Map.of("status", "running"));
                } else {
                    response.setStatus(HttpServletResponse.SC_NOT_FOUND);
                }
        }
    }

    /** Counts a request of the user's session, which lives on this node alone. Requests may come in parallel. */
    private static Map<String, Object> visit(HttpServletRequest request) throws IOException {
        HttpSession session = request.getSession();
        AtomicInteger count;
        synchronized (Pages.class) {
            count = (AtomicInteger) session.getAttribute(COUNT);
            if (count == null) {
                count = new AtomicInteger();
                session.setAttribute(COUNT, count);
            }
        }
        Map<String, Object> told = new LinkedHashMap<>();
        told.put("node", InetAddress.getLocalHost().getHostName());
        told.put("session", session.getId());
        told.put("count", count.incrementAndGet());
        told.put("port", request.getLocalPort());
        return told;
    }

    private static void say(HttpServletResponse response, Map<String, Object> told) throws IOException {
        response.setContentType("application/json");
        response.setCharacterEncoding("UTF-8");
        response.getWriter().write(Json.of(told));
    }
}
