package muster.doubles.as400gateway;

import java.util.Map;
import org.springframework.boot.actuate.info.Info;
import org.springframework.boot.actuate.info.InfoContributor;
import org.springframework.jdbc.core.ConnectionCallback;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.stereotype.Component;

/** Tells /actuator/info what this program is and which settings have reached it. */
@Component
class DoubleInfo implements InfoContributor {

    private final JdbcTemplate database;

    DoubleInfo(JdbcTemplate database) {
        this.database = database;
    }

    @Override
    public void contribute(Info.Builder info) {
        ConnectionCallback<String> version = connection -> connection.getMetaData().getDriverVersion();
        info.withDetail("double", "as400gateway");
        info.withDetail("h2", Map.of("driver", String.valueOf(database.execute(version)),
                "clustering.enabled", System.getProperty("h2.clustering.enabled", "")));
    }
}
