package muster.doubles.carbon;

import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Synchronizes again and again, when the product does (CarbonDeploymentSchedulerTask of kernels 4.2.0 and 4.4.1).
 *
 * Each time: an update, if it is the first one, the last one failed, a member has said that it committed, or (from
 * kernel 4.4.1 on) after five to fifteen minutes; and on a node that is no worker a commit, which the others are told.
 */
final class DeploymentTask implements Runnable {

    private static final CarbonLog LOG = CarbonLog.of("org.wso2.carbon.core.deployment.CarbonDeploymentSchedulerTask");
    private static final CarbonLog REQUESTS =
            CarbonLog.of("org.wso2.carbon.core.deployment.SynchronizeRepositoryRequest");
    private static final String TOPIC = "$clustering.message.topic";
    private static final int LEAST = 300;
    private static final int MOST = 900;

    private final ServerXml server;
    private final Group group;
    private final boolean worker;
    /** Whether this is kernel 4.4.1 or newer: it updates from time to time, and engages what was not engaged. */
    private final boolean newer;
    private final WorkingCopy copy;
    private final Engagement engagement;
    private final ScheduledExecutorService clock = Executors.newScheduledThreadPool(2, DeploymentTask::thread);
    private final AtomicBoolean due = new AtomicBoolean(true);
    private volatile String sent = "";
    private long next = next();

    DeploymentTask(Home home, StandIn standIn, ServerXml server, boolean worker, Group group) {
        this.server = server;
        this.worker = worker;
        this.group = group;
        newer = !standIn.kernel.startsWith("4.2.");
        Synchronizer settings = server.synchronizer;
        Svn svn = new Svn(home.folder.resolve("tmp/subversion"), settings.user, settings.password);
        copy = new WorkingCopy(home.deployment(), svn, settings);
        engagement = new Engagement(copy, worker, newer);
    }

    /** Returns after the first run. */
    void start() {
        if (group.engine() != null) {
            group.engine().receive(TOPIC, this::received);
        }
        if (server.synchronizer.enabled) {
            engagement.begin();
        }
        run();
        clock.scheduleWithFixedDelay(this, server.interval, server.interval, TimeUnit.SECONDS);
        // on a thread of its own: in a cluster that comes apart the engine may take a minute to answer
        clock.scheduleWithFixedDelay(group::announce, server.interval, server.interval, TimeUnit.SECONDS);
    }

    @Override
    public void run() {
        try {
            update();
            if (!worker && server.synchronizer.commits() && engagement.commit()) {
                tell();
            }
        } catch (Svn.Failure failure) {
            LOG.line("ERROR", "Deployment synchronization commit for tenant " + Synchronizer.TENANT + " failed: "
                    + failure.getMessage(), null);
        } catch (RuntimeException failure) { // the engine's: the next run is to come all the same
            LOG.error("Error while running deployment scheduler.. ", failure);
        }
    }

    /** Ends after what it does now, within some seconds. */
    void stop() {
        clock.shutdown();
        try {
            if (!clock.awaitTermination(5, TimeUnit.SECONDS)) {
                clock.shutdownNow();
            }
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
        }
    }

    Map<String, Object> told() {
        Map<String, Object> told = server.synchronizer.told();
        told.put("interval", server.interval);
        told.put("engaged", engagement.engaged());
        told.put("revision", copy.revision());
        return told;
    }

    private void update() {
        if (newer && System.nanoTime() - next > 0) {
            next = next();
            due.set(true);
        }
        if (!server.synchronizer.checksOut() || !due.getAndSet(false)) {
            return;
        }
        try {
            engagement.update();
        } catch (Svn.Failure failure) {
            due.set(true);
            LOG.line("ERROR", "Deployment synchronization update for tenant " + Synchronizer.TENANT + " failed: "
                    + failure.getMessage(), null);
        }
    }

    private void tell() {
        if (group.engine() != null) {
            sent = "SynchronizeRepositoryRequest{tenantId=" + Synchronizer.TENANT
                    + ", tenantDomain='carbon.super', messageId=" + UUID.randomUUID() + "}";
            group.engine().send(TOPIC, sent);
            LOG.info("Sent [" + sent + "]");
        }
        if (!group.hasWorker()) {
            LOG.line("ERROR", Console.NO_WORKER, null);
        }
    }

    private void received(String message) {
        if (!message.equals(sent)) {
            REQUESTS.info("Received [" + message + "] ");
            due.set(true);
        }
    }

    private static long next() {
        return System.nanoTime() + TimeUnit.SECONDS.toNanos(LEAST + new Random().nextInt(MOST - LEAST));
    }

    private static Thread thread(Runnable work) {
        Thread thread = new Thread(work, "deployment");
        thread.setDaemon(true);
        return thread;
    }
}
