package muster.doubles.carbon;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.xml.sax.SAXException;

/** Reads the clustering section of axis2.xml: the first one that is a child of the root. */
final class Axis2Xml {

    private Axis2Xml() {}

    static Clustering read(Path file) {
        Element root = parsed(file);
        for (Element section : children(root, "clustering")) {
            boolean enabled = Boolean.parseBoolean(section.getAttribute("enable").trim());
            return new Clustering(enabled, section.getAttribute("class"), parameters(section), members(section));
        }
        return new Clustering(false, "", Collections.emptyMap(), Collections.emptyList());
    }

    private static Element parsed(Path file) {
        try {
            return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(file.toFile()).getDocumentElement();
        } catch (IOException | SAXException | ParserConfigurationException error) {
            throw new StartFailure("cannot read " + file + ": " + error.getMessage(), error);
        }
    }

    private static Map<String, String> parameters(Element section) {
        Map<String, String> found = new LinkedHashMap<>();
        for (Element parameter : children(section, "parameter")) {
            found.put(parameter.getAttribute("name"), parameter.getTextContent().trim());
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
        for (Element child : children(parent, name)) {
            return child.getTextContent().trim();
        }
        throw new StartFailure("a member of the clustering section has no " + name);
    }

    private static List<Element> children(Element parent, String name) {
        List<Element> found = new ArrayList<>();
        for (Node node = parent.getFirstChild(); node != null; node = node.getNextSibling()) {
            if (node instanceof Element && node.getNodeName().equals(name)) {
                found.add((Element) node);
            }
        }
        return found;
    }
}
