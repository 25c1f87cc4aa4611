package muster.doubles.axonivy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Where things lie in an engine's home. */
final class Home {

    final Path folder;

    Home(Path folder) {
        this.folder = folder;
    }

    /** Returns the home that the launcher names. */
    static Home own() {
        return new Home(Paths.get(System.getProperty("catalina.home", ".")).toAbsolutePath().normalize());
    }

    Path configuration(String name) {
        return folder.resolve("configuration").resolve(name);
    }

    /** Returns the licence, or null if there is none: an engine takes the one file with that ending. */
    Path licence() {
        try (Stream<Path> files = Files.list(folder.resolve("configuration"))) {
            List<Path> found = files.filter(each -> each.toString().endsWith(".lic")).collect(Collectors.toList());
            if (found.size() > 1) {
                throw new StartFailure("the folder configuration has several licences: " + found);
            }
            return found.isEmpty() ? null : found.get(0);
        } catch (IOException failure) {
            throw new StartFailure("cannot look for a licence: " + failure, failure);
        }
    }
}
