package muster.doubles.carbon;

import java.util.LinkedHashMap;
import java.util.Map;
import org.w3c.dom.Element;

/** How artifacts come from a repository and get there: the section DeploymentSynchronizer of carbon.xml. */
final class Synchronizer {

    /** The tenant to whom belongs what lies in repository/deployment/server. */
    static final int TENANT = -1234;

    final String url;
    final String user;
    final String password;
    final boolean enabled;
    private final boolean autoCommit;
    private final boolean autoCheckout;

    Synchronizer(Element root) {
        enabled = truth(root, "Enabled");
        autoCommit = truth(root, "AutoCommit");
        autoCheckout = truth(root, "AutoCheckout");
        user = text(root, "SvnUser");
        password = text(root, "SvnPassword");
        url = url(root);
        String type = text(root, "RepositoryType");
        if (enabled && (!"svn".equals(type) || url == null)) {
            throw new StartFailure(
                    "the double of WSO2 AS synchronizes by svn with an SvnUrl, not by " + type + " with " + url);
        }
    }

    boolean commits() {
        return enabled && autoCommit;
    }

    boolean checksOut() {
        return enabled && autoCheckout;
    }

    /** Returns the settings without the password. */
    Map<String, Object> told() {
        Map<String, Object> told = new LinkedHashMap<>();
        told.put("enabled", enabled);
        told.put("commits", commits());
        told.put("checks_out", checksOut());
        told.put("url", url);
        told.put("user", user);
        return told;
    }

    private static String url(Element root) {
        String given = text(root, "SvnUrl");
        String append = text(root, "SvnUrlAppendTenantId");
        if (given == null || (append != null && !Boolean.parseBoolean(append))) {
            return given;
        }
        return given + (given.endsWith("/") ? "" : "/") + TENANT;
    }

    private static boolean truth(Element root, String name) {
        return Boolean.parseBoolean(text(root, name));
    }

    private static String text(Element root, String name) {
        return Xml.text(root, "DeploymentSynchronizer", name);
    }
}
