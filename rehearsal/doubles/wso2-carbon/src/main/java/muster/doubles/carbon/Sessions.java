package muster.doubles.carbon;

import java.util.UUID;
import java.util.concurrent.ConcurrentMap;

/** Counts the requests of each session, in a map that all members share. */
class Sessions {

    /** A session's id and how many requests it has had, this one among them. */
    static final class Visit {

        final String id;
        final int count;

        Visit(String id, int count) {
            this.id = id;
            this.count = count;
        }
    }

    private final ConcurrentMap<String, Integer> counts;

    Sessions(ConcurrentMap<String, Integer> counts) {
        this.counts = counts;
    }

    /** Counts a request of the session `id`; one that is null or unknown gets a session of its own. */
    Visit visit(String id) {
        int count = id == null ? 0 : next(id);
        if (count > 0) {
            return new Visit(id, count);
        }
        String made = UUID.randomUUID().toString().replace("-", "");
        counts.put(made, 1);
        return new Visit(made, 1);
    }

    /** Returns 0 for an unknown session. Requests may come in parallel, to several members: none is forgotten. */
    private int next(String id) {
        while (true) {
            Integer before = counts.get(id);
            if (before == null) {
                return 0;
            }
            if (counts.replace(id, before, before + 1)) {
                return before + 1;
            }
        }
    }
}
