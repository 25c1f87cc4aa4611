package muster.doubles.axonivy;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.logging.Logger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The log-in at the system database of PostgreSQL, and nothing else of it: protocol 3.0, a password in clear text.
 *
 * <p>Where none has ever answered everybody is admitted: most rehearsals have none. From its first answer on it decides.
 */
final class Database {

    private static final Logger LOG = Logger.getLogger(Database.class.getName());
    private static final Pattern ADDRESS = Pattern.compile("jdbc:postgresql://([^:/?,]+)(?::([0-9]+))?/([^?]*).*");
    private static final String USUAL_PORT = "5432";
    private static final int PATIENCE_MILLIS = 2000;
    private static final int PROTOCOL = 3 << 16;
    private static final int REFUSED = -1;
    private static final int ADMITTED = 0;
    private static final int CLEAR_TEXT = 3;

    private final String host;
    private final int port;
    private final String name;
    private final String user;
    private final String password;

    private volatile boolean answered;

    private Database(Matcher address, String user, String password) {
        host = address.group(1);
        port = Integer.parseInt(address.group(2) == null ? USUAL_PORT : address.group(2));
        name = address.group(3);
        this.user = user;
        this.password = password;
    }

    /** Returns the database of an address, null for one that is not PostgreSQL's. */
    static Database of(String url, String user, String password) {
        Matcher address = ADDRESS.matcher(url);
        return address.matches() ? new Database(address, user, password) : null;
    }

    /** Logs in, and returns whether it was let in. */
    boolean admits() {
        try (Socket socket = new Socket()) {
            socket.setSoTimeout(PATIENCE_MILLIS);
            socket.connect(new InetSocketAddress(host, port), PATIENCE_MILLIS);
            boolean admitted = loggedIn(socket);
            if (!answered) {
                LOG.info("The system database answers at " + host + ":" + port + ": each request logs in there");
            }
            answered = true;
            return admitted;
        } catch (IOException failure) {
            return !answered;
        }
    }

    private boolean loggedIn(Socket socket) throws IOException {
        DataOutputStream out = new DataOutputStream(socket.getOutputStream());
        DataInputStream in = new DataInputStream(socket.getInputStream());
        byte[] wish = text("user\0" + user + "\0database\0" + name + "\0\0");
        out.writeInt(2 * Integer.BYTES + wish.length);
        out.writeInt(PROTOCOL);
        out.write(wish);
        int asked = asked(in);
        if (asked == CLEAR_TEXT) {
            byte[] word = text(password + "\0");
            out.writeByte('p');
            out.writeInt(Integer.BYTES + word.length);
            out.write(word);
            asked = asked(in);
        }
        return asked == ADMITTED;
    }

    /** Returns for which kind of proof the database asks. */
    private static int asked(DataInputStream in) throws IOException {
        if (in.readByte() != 'R') {
            return REFUSED;
        }
        in.readInt();
        return in.readInt();
    }

    private static byte[] text(String value) {
        return value.getBytes(StandardCharsets.UTF_8);
    }
}
