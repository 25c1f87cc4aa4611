package muster.doubles.axonivy;

import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

/** The values of configuration/ivy.yaml by their whole names: `A.B` and a map A with B in it are the same. */
final class IvyYaml {

    private final Map<String, String> values = new TreeMap<>();

    /** Reads the file; one that is missing says nothing. */
    static IvyYaml read(Path file) {
        IvyYaml read = new IvyYaml();
        if (Files.exists(file)) {
            try (Reader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
                read.add("", new Yaml(new SafeConstructor(new LoaderOptions())).load(reader));
            } catch (IOException | YAMLException failure) {
                throw new StartFailure("cannot read " + file + ": " + failure.getMessage(), failure);
            }
        }
        return read;
    }

    /** Returns what the file says, or `usual`. */
    String text(String name, String usual) {
        return values.getOrDefault(name, usual);
    }

    private void add(String name, Object value) {
        if (value instanceof Map) {
            String path = name.isEmpty() ? "" : name + ".";
            ((Map<?, ?>) value).forEach((key, inner) -> add(path + key, inner));
        } else if (value != null && values.put(name, String.valueOf(value)) != null) {
            throw new StartFailure("ivy.yaml says twice what " + name + " is");
        }
    }
}
