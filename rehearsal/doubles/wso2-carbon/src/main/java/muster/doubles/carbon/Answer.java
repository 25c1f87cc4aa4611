package muster.doubles.carbon;

import com.sun.net.httpserver.HttpExchange;
import java.nio.charset.StandardCharsets;
import java.util.Collections;

/** What a request is answered with, besides headers. */
final class Answer {

    final int code;
    final String type;
    final byte[] body;

    Answer(int code, String type, byte[] body) {
        this.code = code;
        this.type = type;
        this.body = body;
    }

    static Answer json(int code, Object value) {
        return new Answer(code, "application/json", Json.of(value).getBytes(StandardCharsets.UTF_8));
    }

    static Answer error(int code, String sentence) {
        return json(code, Collections.singletonMap("error", sentence));
    }

    static Answer html(String body) {
        String page = "<!DOCTYPE html><html><body>" + body + "</body></html>";
        return new Answer(200, "text/html; charset=utf-8", page.getBytes(StandardCharsets.UTF_8));
    }

    /** Sends the client on to another address. */
    static Answer redirect(HttpExchange exchange, String location) {
        exchange.getResponseHeaders().set("Location", location);
        return new Answer(302, "text/html; charset=utf-8", new byte[0]);
    }
}
