package muster.doubles.carbon;

import com.sun.net.httpserver.HttpExchange;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * Serves what is deployed: webapps/shop.war or a folder webapps/shop at /shop/, axis2services/Shop.aar at
 * /services/Shop/.
 *
 * A folder's files and those in a ZIP are served each at its path; another file as it is, at its first address.
 */
final class Artifacts {

    private static final List<String> APPLICATIONS = Arrays.asList("webapps", "jaggeryapps");
    private static final List<String> SERVICES = Arrays.asList("axis2services");
    /** Addresses that are not an artifact's. */
    private static final List<String> TAKEN = Arrays.asList("carbon", "services", "api", "double");

    private final Path folder;
    private final Addresses addresses;

    Artifacts(Home home, Addresses addresses) {
        folder = home.deployment();
        this.addresses = addresses;
    }

    /** Returns what is deployed, by its path, the file's or folder's. */
    List<String> names() {
        List<String> found = new ArrayList<>();
        for (Path kind : listed(folder)) {
            for (Path artifact : Files.isDirectory(kind) ? listed(kind) : new ArrayList<Path>()) {
                found.add(folder.relativize(artifact).toString());
            }
        }
        return found;
    }

    /** Returns null if nothing that is deployed has this address. */
    Answer answer(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        boolean service = path.startsWith("/services/");
        String[] parts = path.substring(service ? "/services/".length() : 1).split("/", 2);
        Path artifact = TAKEN.contains(parts[0]) ? null : named(parts[0], service ? SERVICES : APPLICATIONS);
        if (artifact == null) {
            return null;
        }
        if (parts.length == 1) {
            return Answer.redirect(exchange, addresses.here(exchange, path + "/"));
        }
        String wanted = parts[1].isEmpty() ? "index.html" : parts[1];
        byte[] body = Files.isDirectory(artifact) ? inFolder(artifact, wanted) : inFile(artifact, parts[1], wanted);
        String type = URLConnection.guessContentTypeFromName(wanted);
        return body == null ? null : new Answer(200, type == null ? "application/octet-stream" : type, body);
    }

    private Path named(String name, List<String> kinds) {
        for (String kind : kinds) {
            for (Path artifact : listed(folder.resolve(kind))) {
                String file = artifact.getFileName().toString();
                boolean whole = Files.isDirectory(artifact) || file.lastIndexOf('.') < 0;
                if (name.equals(whole ? file : file.substring(0, file.lastIndexOf('.')))) {
                    return artifact;
                }
            }
        }
        return null;
    }

    private static byte[] inFolder(Path artifact, String wanted) throws IOException {
        Path file = artifact.resolve(wanted).normalize();
        boolean hidden = artifact.relativize(file).toString().startsWith(".") || wanted.contains("/.");
        return hidden || !Files.isRegularFile(file) ? null : Files.readAllBytes(file);
    }

    private static byte[] inFile(Path artifact, String asked, String wanted) throws IOException {
        try (ZipFile zip = new ZipFile(artifact.toFile())) {
            ZipEntry entry = zip.getEntry(wanted);
            return entry == null || entry.isDirectory() ? null : read(zip.getInputStream(entry));
        } catch (ZipException none) {
            return asked.isEmpty() ? Files.readAllBytes(artifact) : null;
        }
    }

    private static byte[] read(InputStream stream) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        byte[] part = new byte[8192];
        for (int count = stream.read(part); count >= 0; count = stream.read(part)) {
            all.write(part, 0, count);
        }
        return all.toByteArray();
    }

    /** Returns what is in a folder and not hidden; nothing if it is not there. */
    private static List<Path> listed(Path folder) {
        try (Stream<Path> inner = Files.list(folder)) {
            return inner.filter(each -> !each.getFileName().toString().startsWith("."))
                    .sorted()
                    .collect(Collectors.toList());
        } catch (IOException gone) {
            return new ArrayList<>();
        }
    }
}
