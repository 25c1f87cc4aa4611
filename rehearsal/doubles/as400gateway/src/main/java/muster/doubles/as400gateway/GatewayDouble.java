package muster.doubles.as400gateway;

import org.springframework.boot.ApplicationRunner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;

/** A program that stands where AS400Gateway cannot be had: same jar name, same config files, same kinds of request. */
@SpringBootApplication
public class GatewayDouble {

    /** Starts the double; exits with an error when the database cannot be reached. */
    public static void main(String[] args) {
        System.out.println("This is Muster's double of AS400Gateway, for rehearsals: it is not the product.");
        // Hikari lends a connection untested within 500 ms of its last use; H2 may have dropped it in that time.
        System.setProperty("com.zaxxer.hikari.aliveBypassWindowMs", "0");
        SpringApplication.run(GatewayDouble.class, args);
    }

    /** Makes the table before the first request; a failure ends the start. */
    @Bean
    ApplicationRunner tableAtStart(ConfigurationTable table) {
        return arguments -> table.createIfAbsent();
    }
}
