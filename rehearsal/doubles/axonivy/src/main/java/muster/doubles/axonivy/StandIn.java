package muster.doubles.axonivy;

import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;

/** For which version this double stands, as double.properties tells it, and what its licence allows. */
final class StandIn {

    /** Of a licence without a number of nodes, as the product's are to this program. */
    private static final int MANY = Integer.MAX_VALUE;

    final String version;
    final String cookie;
    /** The page that tells whether the engine runs; older versions have no other than their first one. */
    final String health;
    /** Nodes that the licence covers; 0 without a licence. */
    final int nodes;

    private StandIn(Properties known, Properties licence) {
        version = known.getProperty("version");
        cookie = known.getProperty("cookie");
        health = known.getProperty("health");
        nodes = licence == null ? 0 : Integer.parseInt(licence.getProperty("nodes", String.valueOf(MANY)).trim());
    }

    static StandIn of(Home home) {
        try {
            Path licence = home.licence();
            return new StandIn(read(home.configuration("double.properties")), licence == null ? null : read(licence));
        } catch (IOException | IllegalArgumentException failure) {
            throw new StartFailure("cannot read the double's files: " + failure.getMessage(), failure);
        }
    }

    private static Properties read(Path file) throws IOException {
        Properties read = new Properties();
        try (Reader reader = Files.newBufferedReader(file, StandardCharsets.ISO_8859_1)) {
            read.load(reader);
        }
        return read;
    }

    /** Says what this program is, and for what it stands. */
    String sentence(String server) {
        return "This is Muster's double of the Axon.ivy engine, for rehearsals: it is not the product; " + server
                + " stands for version " + version + ", whose sessions have the cookie " + cookie
                + " and which tells at " + health + " whether it runs";
    }
}
