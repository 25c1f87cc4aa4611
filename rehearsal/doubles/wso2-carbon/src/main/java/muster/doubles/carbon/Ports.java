package muster.doubles.carbon;

/** The ports for users: as in the product, one offset moves both (-DportOffset, or else Ports.Offset of carbon.xml). */
final class Ports {

    final int http;
    final int https;

    private Ports(int http, int https) {
        this.http = http;
        this.https = https;
    }

    /** Returns the ports of this server; -DhttpPort and -DhttpsPort, which the product has not, set one each. */
    static Ports of(Home home) {
        String text = System.getProperty("portOffset");
        if (text == null) {
            text = Xml.text(Xml.parsed(home.conf("carbon.xml")), "Ports", "Offset");
        }
        try {
            int offset = text == null ? 0 : Integer.parseInt(text.trim());
            return new Ports(Integer.getInteger("httpPort", 9763 + offset), Integer.getInteger("httpsPort", 9443 + offset));
        } catch (NumberFormatException error) {
            throw new StartFailure("the offset of the ports is " + text + ", want a number", error);
        }
    }
}
