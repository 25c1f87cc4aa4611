package muster.doubles.carbon;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.xml.sax.SAXException;

/** Reads the product's XML files; what stands in a comment is not there. */
final class Xml {

    private Xml() {}

    /** Returns the root of a file. */
    static Element parsed(Path file) {
        try {
            return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(file.toFile()).getDocumentElement();
        } catch (IOException | SAXException | ParserConfigurationException error) {
            throw new StartFailure("cannot read " + file + ": " + error.getMessage(), error);
        }
    }

    /** Returns the children of that name, in their order. */
    static List<Element> children(Element parent, String name) {
        List<Element> found = new ArrayList<>();
        for (Node node = parent.getFirstChild(); node != null; node = node.getNextSibling()) {
            if (node instanceof Element && node.getNodeName().equals(name)) {
                found.add((Element) node);
            }
        }
        return found;
    }

    /** Returns the text of the first element at that path below `from`, or null if there is none or it is empty. */
    static String text(Element from, String... path) {
        Element at = from;
        for (String name : path) {
            List<Element> found = children(at, name);
            if (found.isEmpty()) {
                return null;
            }
            at = found.get(0);
        }
        String text = at.getTextContent().trim();
        return text.isEmpty() ? null : text;
    }
}
