package muster.doubles.carbon;

import java.nio.file.Path;
import org.w3c.dom.Element;

/** Reads master-datasources.xml: which database all servers share. No connection is opened to it, nor to any other. */
final class Datasources {

    /** As the product's guides call it. */
    private static final String SHARED = "WSO2_SHARED_DB";

    /** An account in an address: as a parameter, before a host, and as Oracle has it. */
    private static final String PARAMETER = "(?i)\\b(user|username|password|passwd|pwd)=[^&;,)]*";

    private static final String BEFORE_HOST = "//[^/?;]*@";
    private static final String BEFORE_AT = ":[^:/@?;]+/[^@]+@";

    private Datasources() {}

    /** Returns the shared database's address without an account, or null if the file has no such source. */
    static String shared(Path file) {
        for (Element sources : Xml.children(Xml.parsed(file), "datasources")) {
            for (Element source : Xml.children(sources, "datasource")) {
                if (SHARED.equals(Xml.text(source, "name"))) {
                    return masked(Xml.text(source, "definition", "configuration", "url"), file);
                }
            }
        }
        return null;
    }

    private static String masked(String url, Path file) {
        if (url == null) {
            throw new StartFailure(SHARED + " in " + file + " has no url");
        }
        return url.replaceAll(PARAMETER, "$1=***").replaceAll(BEFORE_HOST, "//***@").replaceAll(BEFORE_AT, ":***@");
    }
}
