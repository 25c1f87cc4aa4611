package muster.doubles.carbon;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The machine's Subversion client: asks nothing, keeps no password, and gets it on its standard input alone. */
final class Svn {

    /** Why a command failed, in Subversion's words. */
    static final class Failure extends Exception {

        private static final long serialVersionUID = 1L;

        Failure(String words) {
            super(words);
        }
    }

    private static final long SECONDS = 30;

    private final Path scratch;
    private final String user;
    private final String password;

    /** `scratch` is a folder for what the client remembers; `user` is null for a repository without accounts. */
    Svn(Path scratch, String user, String password) {
        this.scratch = scratch;
        this.user = user;
        this.password = password;
    }

    /** Returns what a command says that needs a working copy alone. */
    String local(String... arguments) throws Failure {
        return run(Arrays.asList(arguments), null);
    }

    /** Returns what a command says that goes to the repository. */
    String remote(String... arguments) throws Failure {
        List<String> command = new ArrayList<>(Arrays.asList(arguments));
        command.add("--no-auth-cache");
        if (user == null) {
            return run(command, null);
        }
        command.addAll(Arrays.asList("--username", user, "--password-from-stdin"));
        return run(command, password == null ? "" : password);
    }

    /** Does `command` to many paths. */
    void each(String command, List<String> options, List<String> paths) throws Failure {
        if (paths.isEmpty()) {
            return;
        }
        try {
            Path targets = Files.createTempFile(Files.createDirectories(scratch), "targets", "");
            try {
                // the sign at the end: a name may have one, behind which Subversion would look for a revision
                Files.write(targets, (String.join("@\n", paths) + "@\n").getBytes(StandardCharsets.UTF_8));
                List<String> whole = new ArrayList<>(options);
                whole.addAll(0, Arrays.asList(command, "--targets", targets.toString()));
                run(whole, null);
            } finally {
                Files.delete(targets);
            }
        } catch (IOException error) {
            throw new Failure("cannot write to " + scratch + ": " + error);
        }
    }

    private String run(List<String> arguments, String input) throws Failure {
        List<String> command = new ArrayList<>(Arrays.asList("svn", "--non-interactive"));
        command.addAll(Arrays.asList("--config-dir", scratch.toString()));
        command.addAll(arguments);
        try {
            File output = Files.createTempFile(Files.createDirectories(scratch), "output", "").toFile();
            try {
                int code = code(command, input, output);
                String words = new String(Files.readAllBytes(output.toPath()), StandardCharsets.UTF_8).trim();
                if (code != 0) {
                    throw new Failure("svn " + arguments.get(0) + ": " + words.replaceAll("\\s*\n\\s*", " "));
                }
                return words;
            } finally {
                Files.delete(output.toPath());
            }
        } catch (IOException error) {
            throw new Failure("cannot run svn: " + error.getMessage());
        }
    }

    private static int code(List<String> command, String input, File output) throws IOException, Failure {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output);
        builder.environment().put("LC_ALL", "C.UTF-8");
        Process process = builder.start();
        try (OutputStream stdin = process.getOutputStream()) {
            stdin.write(input == null ? new byte[0] : (input + "\n").getBytes(StandardCharsets.UTF_8));
        } catch (IOException ended) {
            // it did not want to know: its own words say why
        }
        try {
            if (process.waitFor(SECONDS, TimeUnit.SECONDS)) {
                return process.exitValue();
            }
            throw new Failure("svn " + command.get(4) + ": no answer within " + SECONDS + " s");
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
            throw new Failure("interrupted");
        } finally {
            process.destroyForcibly();
        }
    }
}
