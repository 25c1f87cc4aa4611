package muster.doubles.carbon;

import java.nio.file.Path;
import java.nio.file.Paths;

/** Where things lie in a Carbon home. */
final class Home {

    final Path folder;

    Home(Path folder) {
        this.folder = folder;
    }

    /** Returns the home that the launcher names. */
    static Home own() {
        return new Home(Paths.get(System.getProperty("carbon.home", ".")).toAbsolutePath().normalize());
    }

    Path conf(String name) {
        return folder.resolve("repository/conf").resolve(name);
    }

    Path security(String name) {
        return folder.resolve("repository/resources/security").resolve(name);
    }

    /** Returns where artifacts lie that are deployed. */
    Path deployment() {
        return folder.resolve("repository/deployment/server");
    }

    Path logs() {
        return folder.resolve("repository/logs");
    }
}
