package muster.doubles.carbon;

import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Consumer;

/** Hazelcast, of whichever API. Before it has started it can tell its settings alone. */
interface Engine {

    /** Who comes and goes; told on a thread of the engine's, in order. */
    interface Listener {

        void joined(String id, InetSocketAddress address);

        void left(String id, InetSocketAddress address);
    }

    /** Returns when this member is in a cluster, its own if need be; fails as the engine does. */
    void start();

    void listen(Listener listener);

    /** Returns this member's own id, another one after each start. */
    String id();

    InetSocketAddress address();

    /** Whether this is the member that has been in the cluster for the longest time. */
    boolean oldest();

    /** Returns the addresses of all members, the oldest first. */
    List<InetSocketAddress> members();

    /** Returns the count of each session, the same on all members. */
    ConcurrentMap<String, Integer> sessions();

    /** Returns what each member has told about itself, by its address; of those that are gone, too. */
    ConcurrentMap<String, String> told();

    /** Sends a message to all members, this one among them. */
    void send(String topic, String text);

    /** Lets `receiver` have the messages of that topic, on a thread of the engine's. */
    void receive(String topic, Consumer<String> receiver);

    /** Returns what the engine was told about the EC2 API, by its own names; empty if it does not use it. */
    Map<String, String> discovery();

    Properties properties();

    /** Leaves the cluster after the other members have what this one had. */
    void shutDown();

    /** Leaves at once. */
    void terminate();
}
