"""repository/conf/hazelcast.properties: how soon a silent member is gone, and when the engine itself looks for others.

WSO2's own values are 600, 900, 60 and 30 s (HazelcastClusteringAgent.setHazelcastProperties, 4.2 to 4.12), which leave
a member behind a cut link unnoticed for ten minutes. What stands in this file takes their place.
"""

from typing import Dict

from .. import properties

CONFIRMED_EVERY = 30
"""Seconds between two confirmations of the master in 3.x (`hazelcast.master.confirmation.interval.seconds`)."""


def wanted(heartbeat: int) -> Dict[str, str]:
    """Return the properties for `heartbeat`, the seconds without a word after which a member is gone.

    The master gives a member that does not confirm it two and a half times as long: with less it would end the patience
    that `heartbeat` asks for. Below some confirmations' time a master of 3.x puts out members that are well. The engine
    looks once, after its start, for others that began at the same moment. What comes apart later the members join again
    (`parts`); its own look each hour is for those that do not hear each other.
    """
    seconds = {
        "max.no.heartbeat": heartbeat,
        "heartbeat.interval": 1 if heartbeat < 30 else 5,
        "max.no.master.confirmation": max(3 * CONFIRMED_EVERY, (5 * heartbeat + 1) // 2),
        "merge.first.run.delay": 30,
        "merge.next.run.delay": 3600,
    }
    return {f"hazelcast.{name}.seconds": str(value) for name, value in seconds.items()}


def patched(content: bytes, heartbeat: int) -> bytes:
    """Return `content` with the properties for `heartbeat` in force and every other byte as it was."""
    return properties.put(content, wanted(heartbeat))
