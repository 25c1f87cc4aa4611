package muster.doubles.carbon;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The folder of the repository that the settings name. */
final class RemoteFolder {

    private static final CarbonLog LOG =
            CarbonLog.of("org.wso2.carbon.deployment.synchronizer.subversion.SVNBasedArtifactRepository");

    private final Svn svn;
    private final String url;

    RemoteFolder(Svn svn, String url) {
        this.svn = svn;
        this.url = url;
    }

    /** Looks for it, and makes it if it is not there. */
    void ensure() throws Svn.Failure {
        try {
            svn.remote("info", url + "@");
        } catch (Svn.Failure none) {
            make();
        }
    }

    /**
     * Makes `folder`, which is no working copy, one of this folder.
     *
     * Of what is there each file and each whole folder is deleted first whose name this one has on top, as the
     * product's cleanupUnversionedFiles does; what has other names stays.
     */
    void checkOut(Path folder) throws Svn.Failure {
        for (String name : svn.remote("list", url + "@").split("\n")) {
            Path local = folder.resolve(name);
            boolean whole = name.endsWith("/");
            if (!name.isEmpty() && Files.exists(local) && Files.isDirectory(local) == whole) {
                LOG.info("Unversioned " + (whole ? "directory" : "file") + ": " + local + " will be deleted");
                delete(local);
            }
        }
        svn.remote("checkout", "--force", url + "@", folder.toString());
    }

    private void make() throws Svn.Failure {
        try {
            svn.remote("mkdir", "--parents", "-m", "Directory creation by deployment synchronizer", url + "@");
        } catch (Svn.Failure failure) {
            String words = "Error while attempting to create the directory: " + url;
            LOG.line("ERROR", words + ": " + failure.getMessage(), null);
            throw new Svn.Failure(words);
        }
    }

    private static void delete(Path local) throws Svn.Failure {
        try (Stream<Path> all = Files.walk(local)) {
            List<Path> inner = all.sorted(Comparator.reverseOrder()).collect(Collectors.toList());
            for (Path each : inner) {
                Files.delete(each);
            }
        } catch (IOException | UncheckedIOException error) {
            throw new Svn.Failure("cannot delete " + local + ": " + error);
        }
    }
}
