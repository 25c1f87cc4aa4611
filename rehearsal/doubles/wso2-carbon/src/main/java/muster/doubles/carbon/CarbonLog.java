package muster.doubles.carbon;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;

/** The product's log, on standard output and in wso2carbon.log; in the file each line begins with the tenant. */
final class CarbonLog {

    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss,SSS");
    private static final String TENANT = "TID: [-1234] ";
    private static final long LONGEST = Long.getLong("carbon.log.bytes", 10L << 20);

    private static Path file;
    private static OutputStream opened;
    private static long written;

    private final String name;

    private CarbonLog(String name) {
        this.name = name;
    }

    /** Returns the log of a class of the product, whose name stands in the line's braces. */
    static CarbonLog of(String name) {
        return new CarbonLog(name);
    }

    /** Opens the file, to which a log of an earlier run is left. */
    static synchronized void open(Path folder) throws IOException {
        Files.createDirectories(folder);
        file = folder.resolve("wso2carbon.log");
        append();
    }

    void info(String text) {
        line("INFO", text, null);
    }

    void warn(String text) {
        line("WARN", text, null);
    }

    void error(String text, Throwable cause) {
        line("ERROR", text, cause);
    }

    /** Writes one entry, with the stack of `cause` unless it is null. */
    void line(String level, String text, Throwable cause) {
        String head = String.format("[%s] %5s {%s} - ", LocalDateTime.now().format(TIME), level, name);
        write(head + text + "\n" + (cause == null ? "" : stack(cause)));
    }

    private static synchronized void write(String entry) {
        System.out.print(entry);
        System.out.flush();
        if (opened == null) {
            return;
        }
        byte[] bytes = (TENANT + entry).getBytes(StandardCharsets.UTF_8);
        try {
            if (written > 0 && written + bytes.length > LONGEST) {
                opened.close();
                Files.move(file, file.resolveSibling(file.getFileName() + ".1"), StandardCopyOption.REPLACE_EXISTING);
                append();
            }
            opened.write(bytes);
            written += bytes.length;
        } catch (IOException error) {
            System.err.println("cannot write " + file + ": " + error);
        }
    }

    private static void append() throws IOException {
        opened = Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        written = Files.size(file);
    }

    private static String stack(Throwable cause) {
        StringWriter text = new StringWriter();
        cause.printStackTrace(new PrintWriter(text, true));
        return text.toString();
    }
}
