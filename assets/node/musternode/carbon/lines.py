"""What the product's own log says of its membership, line by line.

Texts: carbon-kernel's HazelcastClusteringAgent and AWSBasedMembershipScheme (the same from 4.2.0 to 4.12.37); the words
about a member that stays alone are Hazelcast's (com.hazelcast.aws.AwsDiscoveryStrategy, 5.3.6).
"""

import re
from dataclasses import dataclass
from typing import Optional

BEGINS, LOCAL, JOINED, LEFT, ALONE = "begins", "local", "joined", "left", "alone"
"""Kinds of events: the engine is about to start, has started, sees another member, sees it no more, has given up."""

HEAD = re.compile(
    r"^(?:TID:)?(?:[\s\d.,:+/TZ-]|\[[^\]]*\])*[A-Z]{4,5}\b\s*"
    r"(?:\{[^}]*\})?\s*(?:\[[^\]]*\]\s*|\|[^|]*\|\s*)*(?:-\s*)?(?:[\w.$]*(?:Scheme|Agent|Strategy)\s+)?"
)
"""Tenant, time and the like, level, class: what log4j sets before the text, by any of the patterns that WSO2 ships."""
_ADDRESS = r"\[?(?:[^/\[\s]*/)?\[?([0-9]{1,3}(?:\.[0-9]{1,3}){3})\]?:[0-9]{1,5}\b"
_PEER = re.compile(r"Member (joined|left) \[([^\]]*)\]:\s*" + _ADDRESS)
_LOCAL = re.compile(r"Local member: \[([^\]]*)\]")
_BEGINS = re.compile(r"Using \w+ based membership management scheme")
_ALONE = "Starting standalone"
LONGEST = 4096
"""Characters of a line that are looked at."""


@dataclass(frozen=True)
class Event:
    """What a line says: of the member with this `id` (at `address` if another); `text` is a line without its head.

    The id is the engine's own for one run of a member, another one after each start.
    """

    kind: str
    address: str = ""
    id: str = ""
    text: str = ""


def event(line: str) -> Optional[Event]:
    """Return the event in `line`, or None if it is about something else.

    Its text must begin with the words: what users send stands further behind, as in a log-in that failed.
    """
    text = HEAD.sub("", line[:LONGEST], count=1)
    if peer := _PEER.match(text):
        return Event(JOINED if peer.group(1) == "joined" else LEFT, peer.group(3), peer.group(2))
    if local := _LOCAL.match(text):
        return Event(LOCAL, id=local.group(1))
    if _BEGINS.match(text):
        return Event(BEGINS)
    return Event(ALONE, text=text.strip()) if _ALONE in text else None
