package muster.doubles.axonivy;

/** Why the engine cannot start, in a sentence. */
final class StartFailure extends RuntimeException {

    private static final long serialVersionUID = 1L;

    StartFailure(String why) {
        super(why);
    }

    StartFailure(String why, Throwable cause) {
        super(why, cause);
    }
}
