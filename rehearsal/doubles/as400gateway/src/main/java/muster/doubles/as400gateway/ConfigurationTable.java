package muster.doubles.as400gateway;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.stereotype.Repository;

/** The configuration, a text by key, in the table CONFIGURATION of the data source. */
@Repository
class ConfigurationTable {

    static final int KEY_LENGTH = 200;
    static final int VALUE_LENGTH = 4000;

    private final JdbcTemplate database;

    ConfigurationTable(JdbcTemplate database) {
        this.database = database;
    }

    /** Creates the table unless it is there; looks first, because the application's user need not have the right to. */
    void createIfAbsent() {
        Integer found = database.queryForObject(
                "SELECT COUNT(*) FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = 'PUBLIC' AND TABLE_NAME = 'CONFIGURATION'",
                Integer.class);
        if (found != null && found > 0) {
            return;
        }
        database.execute("CREATE TABLE CONFIGURATION (\"KEY\" VARCHAR(" + KEY_LENGTH + ") PRIMARY KEY, \"VALUE\" VARCHAR("
                + VALUE_LENGTH + "))");
    }

    /** Returns all entries, ordered by key. */
    Map<String, String> all() {
        Map<String, String> entries = new LinkedHashMap<>();
        database.query("SELECT \"KEY\", \"VALUE\" FROM CONFIGURATION ORDER BY \"KEY\"",
                row -> { entries.put(row.getString(1), row.getString(2)); });
        return entries;
    }

    /** Returns the value of a key, or nothing. */
    Optional<String> find(String key) {
        return database.queryForList("SELECT \"VALUE\" FROM CONFIGURATION WHERE \"KEY\" = ?", String.class, key).stream().findFirst();
    }

    /** Writes a key, new or known. */
    void put(String key, String value) {
        database.update("MERGE INTO CONFIGURATION (\"KEY\", \"VALUE\") KEY (\"KEY\") VALUES (?, ?)", key, value);
    }

    /** Removes a key; returns whether it was there. */
    boolean remove(String key) {
        return database.update("DELETE FROM CONFIGURATION WHERE \"KEY\" = ?", key) > 0;
    }
}
