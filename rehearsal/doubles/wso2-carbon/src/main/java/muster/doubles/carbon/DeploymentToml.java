package muster.doubles.carbon;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.tomlj.Toml;
import org.tomlj.TomlArray;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlTable;

/** Reads deployment.toml with the defaults of the kernel's templates (default.json, axis2.xml.j2 of kernel 4.12). */
final class DeploymentToml {

    private final TomlParseResult content;

    private DeploymentToml(TomlParseResult content) {
        this.content = content;
    }

    static DeploymentToml read(Path file) {
        try {
            TomlParseResult content = Toml.parse(file);
            if (content.hasErrors()) {
                throw new StartFailure("cannot read " + file + ": " + content.errors().get(0));
            }
            return new DeploymentToml(content);
        } catch (IOException error) {
            throw new StartFailure("cannot read " + file + ": " + error, error);
        }
    }

    /** Returns the clustering section that the kernel renders: on as soon as there is a membership scheme. */
    Clustering clustering(String agent) {
        TomlTable section = content.getTableOrEmpty("clustering");
        Map<String, String> parameters = new LinkedHashMap<>();
        put(parameters, "membershipScheme", section, "membership_scheme", "multicast");
        put(parameters, "domain", section, "domain", Clustering.DEFAULT_DOMAIN);
        put(parameters, "localMemberHost", section, "local_member_host", text("server", "node_ip", "127.0.0.1"));
        put(parameters, "localMemberPort", section, "local_member_port", Clustering.DEFAULT_PORT);
        parameters.putAll(plain(section.getTableOrEmpty("properties")));
        TomlArray members = section.getArray("members");
        return new Clustering(
                section.contains("membership_scheme"),
                section.getString("agent", () -> agent),
                parameters,
                members == null ? Collections.singletonList("127.0.0.1:" + Clustering.DEFAULT_PORT) : texts(members),
                Collections.singletonMap("subDomain", "worker"));
    }

    /** Returns the engine's properties: the section [hazelcast], whose keys are the properties' whole names in quotes. */
    Map<String, String> hazelcast() {
        return plain(content.getTableOrEmpty("hazelcast"));
    }

    /** Returns the text at section.key. */
    String text(String section, String key, String otherwise) {
        return content.getTableOrEmpty(section).getString(key, () -> otherwise);
    }

    private static void put(Map<String, String> to, String name, TomlTable section, String key, String otherwise) {
        Object value = section.get(Collections.singletonList(key));
        to.put(name, value == null ? otherwise : value.toString().trim());
    }

    /** Returns the table's values that are no tables; an unquoted key with dots in it is one. */
    private static Map<String, String> plain(TomlTable table) {
        Map<String, String> found = new LinkedHashMap<>();
        for (String key : table.keySet()) {
            Object value = table.get(Collections.singletonList(key));
            if (value != null && !(value instanceof TomlTable)) {
                found.put(key, value.toString());
            }
        }
        return found;
    }

    private static List<String> texts(TomlArray array) {
        return array.toList().stream().map(Object::toString).collect(Collectors.toList());
    }
}
