package muster.doubles.carbon;

import static muster.doubles.carbon.Xml.children;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.w3c.dom.Element;

/** Reads the clustering section of axis2.xml: the first one that is a child of the root. */
final class Axis2Xml {

    private Axis2Xml() {}

    static Clustering read(Path file) {
        Element root = Xml.parsed(file);
        for (Element section : children(root, "clustering")) {
            boolean enabled = Boolean.parseBoolean(section.getAttribute("enable").trim());
            return new Clustering(
                    enabled, section.getAttribute("class"), parameters(section), members(section), properties(section));
        }
        return new Clustering(false, "", Collections.emptyMap(), Collections.emptyList(), Collections.emptyMap());
    }

    private static Map<String, String> parameters(Element section) {
        Map<String, String> found = new LinkedHashMap<>();
        for (Element parameter : children(section, "parameter")) {
            found.put(parameter.getAttribute("name"), parameter.getTextContent().trim());
        }
        return found;
    }

    private static Map<String, String> properties(Element section) {
        Map<String, String> found = new LinkedHashMap<>();
        for (Element parameter : children(section, "parameter")) {
            if (parameter.getAttribute("name").equals("properties")) {
                for (Element property : children(parameter, "property")) {
                    found.put(property.getAttribute("name"), property.getAttribute("value"));
                }
            }
        }
        return found;
    }

    private static List<String> members(Element section) {
        List<String> found = new ArrayList<>();
        for (Element group : children(section, "members")) {
            for (Element member : children(group, "member")) {
                found.add(text(member, "hostName") + ":" + text(member, "port"));
            }
        }
        return found;
    }

    private static String text(Element parent, String name) {
        String text = Xml.text(parent, name);
        if (text == null) {
            throw new StartFailure("a member of the clustering section has no " + name);
        }
        return text;
    }
}
