package muster.doubles.carbon;

import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** Brings what the engine logs into the product's log, from the level on that log4j2.properties has for com.hazelcast. */
final class EngineLog extends Handler {

    private static final String KEY = "logger.com-hazelcast.level";
    private static final String ALONE = "Starting standalone";

    private final int least;

    private EngineLog(int least) {
        this.least = least;
    }

    static void install(Home home) {
        LogManager.getLogManager().reset();
        Logger.getLogger("").addHandler(new EngineLog(level(home.conf("log4j2.properties"))));
    }

    @Override
    public void publish(LogRecord record) {
        String text = String.valueOf(record.getMessage());
        // The older engines say this below WARN; at WARN and lower it is not to be missed.
        boolean alone = least <= Level.WARNING.intValue() && text.contains(ALONE);
        if (alone || record.getLevel().intValue() >= least) {
            CarbonLog.of(String.valueOf(record.getLoggerName())).line(word(record.getLevel()), text, record.getThrown());
        }
    }

    private static int level(Path file) {
        Properties known = new Properties();
        if (Files.exists(file)) {
            try (Reader reader = Files.newBufferedReader(file, StandardCharsets.ISO_8859_1)) {
                known.load(reader);
            } catch (IOException error) {
                throw new StartFailure("cannot read " + file + ": " + error, error);
            }
        }
        switch (known.getProperty(KEY, "WARN").trim()) {
            case "OFF":
            case "FATAL":
                return Level.OFF.intValue();
            case "ERROR":
                return Level.SEVERE.intValue();
            case "WARN":
                return Level.WARNING.intValue();
            default:
                return Level.INFO.intValue();
        }
    }

    private static String word(Level level) {
        if (level.intValue() >= Level.SEVERE.intValue()) {
            return "ERROR";
        }
        return level.intValue() >= Level.WARNING.intValue() ? "WARN" : "INFO";
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
}
