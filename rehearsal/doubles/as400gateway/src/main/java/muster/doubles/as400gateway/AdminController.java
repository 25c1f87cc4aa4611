package muster.doubles.as400gateway;

import java.util.Map;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;

/** The admin API: reads and writes the configuration. */
@RestController
@RequestMapping("/admin/configuration")
class AdminController {

    private final ConfigurationTable table;

    AdminController(ConfigurationTable table) {
        this.table = table;
    }

    /** One entry of the configuration. */
    record Entry(String key, String value) {}

    /** Returns every entry as one JSON object. */
    @GetMapping
    Map<String, String> all() {
        return table.all();
    }

    /** Writes one entry; the body is the value, as text. Refuses what the table cannot hold. */
    @PutMapping("/{key}")
    Entry put(@PathVariable String key, @RequestBody(required = false) String body) {
        String value = body == null ? "" : body;
        if (key.length() > ConfigurationTable.KEY_LENGTH || value.length() > ConfigurationTable.VALUE_LENGTH) {
            throw new ResponseStatusException(HttpStatus.BAD_REQUEST, "a key has at most 200 characters, a value 4000");
        }
        table.put(key, value);
        return new Entry(key, value);
    }

    /** Removes one entry; 404 if there is none. */
    @DeleteMapping("/{key}")
    @ResponseStatus(HttpStatus.NO_CONTENT)
    void remove(@PathVariable String key) {
        if (!table.remove(key)) {
            throw new ResponseStatusException(HttpStatus.NOT_FOUND);
        }
    }
}
