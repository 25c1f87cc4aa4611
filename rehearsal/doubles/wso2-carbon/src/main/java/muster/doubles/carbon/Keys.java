package muster.doubles.carbon;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Scanner;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** The server's own certificate, and whom it trusts. */
final class Keys {

    private static final char[] PASSWORD = "wso2carbon".toCharArray();

    private Keys() {}

    /**
     * Makes the product's truststore what this Java trusts, besides the machine's authorities: they stand for the public
     * ones, which the product's own store has.
     */
    static void trust(Path store) {
        try {
            KeyStore all = loaded(store, PASSWORD);
            String machine = Paths.get(System.getProperty("java.home"), "lib/security/cacerts").toString();
            String password = System.getProperty("javax.net.ssl.trustStorePassword", "changeit");
            KeyStore authorities =
                    loaded(Paths.get(System.getProperty("javax.net.ssl.trustStore", machine)), password.toCharArray());
            for (String alias : Collections.list(authorities.aliases())) {
                all.setCertificateEntry("machine." + alias, authorities.getCertificate(alias));
            }
            TrustManagerFactory trusted = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trusted.init(all);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, trusted.getTrustManagers(), null);
            SSLContext.setDefault(context);
        } catch (GeneralSecurityException | IOException error) {
            throw new StartFailure("cannot trust " + store + ": " + error, error);
        }
    }

    /** Returns TLS with the key in `store`, which keytool makes if it is not there. */
    static SSLContext own(Path store) {
        try {
            if (!Files.exists(store)) {
                make(store);
            }
            KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(loaded(store, PASSWORD), PASSWORD);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys.getKeyManagers(), null, null);
            return context;
        } catch (GeneralSecurityException | IOException error) {
            throw new StartFailure("cannot serve HTTPS with " + store + ": " + error, error);
        }
    }

    private static void make(Path store) throws IOException {
        Path made = store.resolveSibling(store.getFileName() + ".new");
        Files.createDirectories(store.getParent());
        Files.deleteIfExists(made);
        String password = new String(PASSWORD);
        keytool("-genkeypair", "-alias", "wso2carbon", "-keyalg", "RSA", "-keysize", "2048", "-dname", "CN=localhost",
                "-validity", "3650", "-storetype", "JKS", "-keystore", made.toString(),
                "-storepass", password, "-keypass", password);
        Files.move(made, store, StandardCopyOption.ATOMIC_MOVE);
    }

    private static void keytool(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(Arrays.asList(arguments));
        command.add(0, Paths.get(System.getProperty("java.home"), "bin/keytool").toString());
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        Scanner said = new Scanner(process.getInputStream(), "UTF-8").useDelimiter("\\A");
        String words = said.hasNext() ? said.next().trim() : "";
        try {
            if (process.waitFor() != 0) {
                throw new IOException("keytool: " + words);
            }
        } catch (InterruptedException error) {
            throw new IOException("interrupted", error);
        }
    }

    private static KeyStore loaded(Path file, char[] password) throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("JKS"); // reads PKCS12, too
        try (InputStream stream = Files.newInputStream(file)) {
            store.load(stream, password);
        }
        return store;
    }
}
