package muster.doubles.as400gateway;

import java.util.Map;
import org.springframework.dao.DataAccessException;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestControllerAdvice;

/** Answers 503 with the cause when the database does not serve a request: nothing was acknowledged. */
@RestControllerAdvice
class DatabaseFailure {

    /** Names the innermost cause, which carries H2's error code. */
    @ExceptionHandler(DataAccessException.class)
    @ResponseStatus(HttpStatus.SERVICE_UNAVAILABLE)
    Map<String, String> unavailable(DataAccessException failure) {
        return Map.of("error", String.valueOf(failure.getMostSpecificCause().getMessage()));
    }
}
