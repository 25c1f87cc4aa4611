package muster.doubles.carbon;

/**
 * Whether the synchronizer is engaged (DeploymentSynchronizerComponent and DeploymentSynchronizerServiceImpl).
 *
 * It is if its first look at the repository succeeds, when the server starts. If that fails, kernel 4.2.0's (of
 * carbon-commons before 4.4.4) is not engaged until the server starts again, whatever the repository does; that beside
 * kernel 4.4.1 (carbon-commons 4.4.7) looks again whenever it is to do something.
 */
final class Engagement {

    private static final CarbonLog COMPONENT =
            CarbonLog.of("org.wso2.carbon.deployment.synchronizer.internal.DeploymentSynchronizerComponent");
    private static final CarbonLog SERVICE =
            CarbonLog.of("org.wso2.carbon.deployment.synchronizer.internal.DeploymentSynchronizerServiceImpl");

    private final WorkingCopy copy;
    private final boolean worker;
    private final boolean again;
    private volatile boolean engaged;

    /** `again` is whether a look that failed is followed by another one. */
    Engagement(WorkingCopy copy, boolean worker, boolean again) {
        this.copy = copy;
        this.worker = worker;
        this.again = again;
    }

    /** Has the first look; if it fails the log says so, and the server starts all the same. */
    void begin() {
        try {
            copy.remote.ensure();
            engaged = true;
        } catch (Svn.Failure failure) {
            COMPONENT.line("ERROR", "Error while initializing a deployment synchronizer for the super tenant Carbon"
                    + " repository: " + failure.getMessage(), null);
        }
    }

    void update() throws Svn.Failure {
        ensure();
        copy.update(worker);
    }

    /** Returns whether the others are to be told. */
    boolean commit() throws Svn.Failure {
        ensure();
        return copy.exists() && copy.commit();
    }

    boolean engaged() {
        return engaged;
    }

    private void ensure() throws Svn.Failure {
        if (engaged) {
            return;
        }
        String words = "A repository synchronizer has not been engaged for the file path: " + copy.folder + "/";
        if (!again) {
            throw new Svn.Failure(words);
        }
        SERVICE.warn(words);
        copy.remote.ensure();
        engaged = true;
        copy.synchronize(worker);
    }
}
