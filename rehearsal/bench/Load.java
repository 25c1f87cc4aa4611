import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.Socket;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/**
 * Rows written by H2's own driver, one by one, each its own transaction: in cluster mode four round trips.
 *
 * Argument: microseconds that the network shall take for a round trip, waited for before each write to a socket; 0 =
 * none. Each line of the input is a task, its fields parted by tabs, answered by one line:
 * `sql URL USER STATEMENT` by `ok`; `load URL USER CONNECTIONS MILLISECONDS` by operations a second and the 50th and 99th
 * percentile of their microseconds.
 */
public final class Load {
    private static final String PASSWORD = "benchmark";

    @SuppressWarnings("deprecation") // the only way to a driver's sockets without changing the driver
    public static void main(String[] arguments) throws Exception {
        long delay = Long.parseLong(arguments[0]);
        if (delay > 0) {
            Socket.setSocketImplFactory(() -> new SlowSocket(delay * 1000));
        }
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            String[] task = line.split("\t");
            System.out.println(task[0].equals("sql") ? execute(task) : measure(task));
        }
    }

    private static String execute(String[] task) throws SQLException {
        try (Connection connection = DriverManager.getConnection(task[1], task[2], PASSWORD);
                Statement statement = connection.createStatement()) {
            statement.execute(task[3]);
            return "ok";
        }
    }

    private static String measure(String[] task) throws Exception {
        int count = Integer.parseInt(task[3]);
        long nanos = Long.parseLong(task[4]) * 1_000_000;
        List<Writer> writers = new ArrayList<>();
        CountDownLatch start = new CountDownLatch(1);
        for (int place = 0; place < count; place++) {
            Writer writer = new Writer(DriverManager.getConnection(task[1], task[2], PASSWORD), place, nanos, start);
            writers.add(writer);
            writer.start();
        }
        start.countDown();
        double perSecond = 0;
        long[] all = new long[0];
        for (Writer writer : writers) {
            writer.join();
            perSecond += writer.done * 1e9 / writer.spent;
            int before = all.length;
            all = Arrays.copyOf(all, before + writer.done);
            System.arraycopy(writer.times, 0, all, before, writer.done);
        }
        Arrays.sort(all);
        return String.format("%.1f %d %d", perSecond, at(all, 0.50), at(all, 0.99));
    }

    private static long at(long[] sorted, double share) {
        return sorted[(int) ((sorted.length - 1) * share)] / 1000;
    }

    private static final class Writer extends Thread {
        private static final int MOST = 1_000_000;
        private final Connection connection;
        private final int place;
        private final long nanos;
        private final CountDownLatch start;
        private long[] times = new long[4096];
        private int done;
        private long spent;

        Writer(Connection connection, int place, long nanos, CountDownLatch start) {
            this.connection = connection;
            this.place = place;
            this.nanos = nanos;
            this.start = start;
        }

        @Override
        public void run() {
            try (connection; PreparedStatement insert = connection.prepareStatement("INSERT INTO T VALUES(?, ?)")) {
                insert.setInt(1, place);
                start.await();
                long began = System.nanoTime();
                long now = began;
                while (now - began < nanos && done < MOST) {
                    insert.setInt(2, done);
                    insert.executeUpdate();
                    long after = System.nanoTime();
                    if (done == times.length) {
                        times = Arrays.copyOf(times, 2 * done);
                    }
                    times[done++] = after - now;
                    now = after;
                }
                spent = now - began;
            } catch (SQLException | InterruptedException fault) {
                fault.printStackTrace();
                System.exit(1);
            }
        }
    }
}
