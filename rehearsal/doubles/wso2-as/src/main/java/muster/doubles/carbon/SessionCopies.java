package muster.doubles.carbon;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * Sessions as the product has them: each server counts in its own memory and tells all others of each change, by the
 * cluster's messages (org.wso2.carbon.webapp.mgt.session.CarbonTomcatClusterableSessionManager, which is a DeltaManager
 * of Tomcat's). So no request waits for a member that is dead.
 *
 * Other than there, an answer waits for a short while until all others have said that they have it, so that who asks
 * another server next goes on in the session.
 */
final class SessionCopies extends Sessions {

    private static final String CHANGED = "session-changed";
    private static final String KEPT = "session-kept";
    private static final String WANTED = "sessions-wanted";
    private static final long PATIENCE_MS = 100;

    private final ConcurrentMap<String, Integer> counts;
    /** By change, until so many members have it. */
    private final Map<String, CountDownLatch> awaited = new ConcurrentHashMap<>();
    private final Engine engine;

    /** Has what the other members have soon after. */
    SessionCopies(Engine engine) {
        this(engine, new ConcurrentHashMap<>());
    }

    private SessionCopies(Engine engine, ConcurrentMap<String, Integer> counts) {
        super(counts);
        this.engine = engine;
        this.counts = counts;
        engine.receive(CHANGED, this::changed);
        engine.receive(KEPT, this::kept);
        engine.receive(WANTED, this::tellAll);
        engine.send(WANTED, engine.id());
    }

    @Override
    Visit visit(String id) {
        Visit visit = super.visit(id);
        String change = visit.id + " " + visit.count;
        CountDownLatch others = new CountDownLatch(engine.members().size() - 1);
        awaited.put(change, others);
        try {
            engine.send(CHANGED, engine.id() + "\n" + change);
            others.await(PATIENCE_MS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
        } finally {
            awaited.remove(change);
        }
        return visit;
    }

    /** Keeps what another member tells, a line for each session. */
    private void changed(String text) {
        String[] lines = text.split("\n");
        if (lines[0].equals(engine.id())) {
            return;
        }
        for (int line = 1; line < lines.length; line++) {
            String[] session = lines[line].split(" ");
            counts.merge(session[0], Integer.valueOf(session[1]), Math::max);
        }
        if (lines.length == 2) {
            engine.send(KEPT, lines[1]);
        }
    }

    private void kept(String change) {
        CountDownLatch others = awaited.get(change);
        if (others != null) {
            others.countDown();
        }
    }

    /** Tells a member that has begun of all sessions. */
    private void tellAll(String member) {
        if (member.equals(engine.id()) || counts.isEmpty()) {
            return;
        }
        String all = counts.entrySet().stream()
                .map(session -> session.getKey() + " " + session.getValue())
                .collect(Collectors.joining("\n"));
        engine.send(CHANGED, engine.id() + "\n" + all);
    }
}
