package muster.doubles.carbon;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.util.Collections;
import java.util.Map;

/** What a product adds to the kernel: by itself nothing but its name. */
class Product {

    /** Its name in sentences, and in cluster files. */
    final String name;
    final String key;

    Product(String name, String key) {
        this.name = name;
        this.key = key;
    }

    /** Begins its work, before users are answered; `engine` is null if the server is no member of a cluster. */
    void start(Engine engine) {}

    /** Returns the sessions of a server that is a member of a cluster. */
    Sessions sessions(Engine engine) {
        return new Sessions(engine.sessions());
    }

    /** Returns the answer to a request, or null if it is the kernel's to answer. */
    Answer answer(HttpExchange exchange) throws IOException {
        return null;
    }

    /** Returns what is told of it besides the kernel's settings; nothing in it is secret. */
    Map<String, Object> told() {
        return Collections.emptyMap();
    }

    /** Ends its work, after the last answer to a user. */
    void stop() {}
}
