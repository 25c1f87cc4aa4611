package muster.doubles.axonivy;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.jgroups.Address;
import org.jgroups.JChannel;
import org.jgroups.View;

/** The nodes that talk to each other by JGroups, as the file jgroups.xml says. */
final class Cluster {

    private static final String NAME = "muster-axonivy-double";

    private final JChannel channel;

    private Cluster(JChannel channel) {
        this.channel = channel;
    }

    /** Joins under the name `node`; fails where the file is not one that JGroups takes. */
    static Cluster joined(Path file, String node) {
        JChannel channel = null;
        try {
            channel = new JChannel(file.toString());
            channel.setName(node);
            channel.connect(NAME);
            return new Cluster(channel);
        } catch (Exception failure) {
            if (channel != null) {
                channel.close();
            }
            throw new StartFailure("cannot join the cluster: " + failure, failure);
        }
    }

    /** Returns the nodes that this one sees, the oldest first. */
    List<String> members() {
        View view = channel.getView();
        return view == null ? List.of() : view.getMembers().stream().map(String::valueOf).collect(Collectors.toList());
    }

    /** Returns how many nodes came before this one. */
    int place() {
        View view = channel.getView();
        Address own = channel.getAddress();
        return view == null || own == null ? 0 : Math.max(0, view.getMembers().indexOf(own));
    }

    void leave() {
        channel.close();
    }
}
