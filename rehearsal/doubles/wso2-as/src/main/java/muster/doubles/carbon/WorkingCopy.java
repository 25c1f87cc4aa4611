package muster.doubles.carbon;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The folder of what is deployed as a working copy of the repository, treated as the product's synchronizer does it.
 *
 * As there, a copy that exists is not asked whether it belongs to the URL of the settings.
 */
final class WorkingCopy {

    private static final CarbonLog LOG =
            CarbonLog.of("org.wso2.carbon.deployment.synchronizer.subversion.SVNBasedArtifactRepository");

    /** What Subversion says of a file that is changed on one side and deleted on the other. */
    private static final String UNRESOLVED = "E155027";

    final Path folder;
    final RemoteFolder remote;
    private final Svn svn;
    private final Synchronizer settings;

    WorkingCopy(Path folder, Svn svn, Synchronizer settings) {
        this.folder = folder;
        this.svn = svn;
        this.settings = settings;
        remote = new RemoteFolder(svn, settings.url);
    }

    boolean exists() {
        return Files.isDirectory(folder.resolve(".svn"));
    }

    /** Returns the revision that the copy is of, or null if there is none. */
    String revision() {
        try {
            return exists() ? svn.local("info", "--show-item", "revision", folder.toString()) : null;
        } catch (Svn.Failure failure) {
            return null;
        }
    }

    /** Makes the folder what the repository has but for what was changed here, and on a worker also that. */
    void update(boolean worker) throws Svn.Failure {
        if (!exists()) {
            remote.checkOut(folder);
            return;
        }
        svn.local("cleanup", folder.toString());
        if (settings.commits()) {
            deleteMissing();
        }
        if (worker) {
            svn.local("revert", "-R", folder.toString());
        }
        try {
            svn.remote("update", "--force", "--accept", "mine-full", folder.toString());
        } catch (Svn.Failure failure) {
            if (!failure.getMessage().contains(UNRESOLVED)) {
                throw failure;
            }
            svn.local("resolve", "-R", "--accept", "working", folder.toString());
        }
    }

    /** Brings what was changed here into the repository; returns whether there was anything. */
    boolean commit() throws Svn.Failure {
        svn.local("cleanup", folder.toString());
        add();
        deleteMissing();
        if (listed("AMDR").isEmpty()) {
            return false;
        }
        try {
            svn.remote("commit", "-m", "Commit initiated by deployment synchronizer", folder.toString());
        } catch (Svn.Failure failure) {
            if (!failure.getMessage().contains("out of date")) {
                throw failure;
            }
            LOG.warn("Working copy is out of date. Forcing a svn update. Tenant: " + Synchronizer.TENANT);
            update(false);
            return false;
        }
        update(false); // as the product does: the whole copy is of the newest revision
        return true;
    }

    /** Makes it what a synchronizer begins with; what it commits the others are not told. */
    void synchronize(boolean worker) throws Svn.Failure {
        update(worker);
        if (settings.commits()) {
            commit();
        }
    }

    private void add() throws Svn.Failure {
        List<String> wanted = new ArrayList<>();
        for (String path : listed("?")) {
            collect(Paths.get(path), wanted);
        }
        svn.each("add", Arrays.asList("--depth", "empty", "--no-auto-props"), wanted);
    }

    /** Adds `path` and what is in it to `wanted`, but for what the product leaves out. */
    private static void collect(Path path, List<String> wanted) throws Svn.Failure {
        String name = path.getFileName().toString();
        if (name.startsWith(".") || name.startsWith("~") || name.endsWith(".bk")) {
            return;
        }
        wanted.add(path.toString());
        if (Files.isDirectory(path) && !Files.isSymbolicLink(path)) {
            try (Stream<Path> inner = Files.list(path)) {
                for (Path each : inner.sorted().collect(Collectors.toList())) {
                    collect(each, wanted);
                }
            } catch (IOException error) {
                throw new Svn.Failure("cannot list " + path + ": " + error);
            }
        }
    }

    private void deleteMissing() throws Svn.Failure {
        svn.each("delete", Collections.singletonList("--force"), listed("!"));
    }

    /** Returns the paths in one of those states: the first letter of a line of `svn status`. */
    private List<String> listed(String states) throws Svn.Failure {
        return Arrays.stream(svn.local("status", folder.toString()).split("\n"))
                .filter(line -> line.length() > 8 && states.indexOf(line.charAt(0)) >= 0)
                .map(line -> line.substring(8))
                .collect(Collectors.toList());
    }
}
