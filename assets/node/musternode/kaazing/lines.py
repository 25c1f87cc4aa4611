"""What the gateway's own log says of its start and of its cluster, line by line.

Texts: GatewayImpl, Launcher and DefaultClusterContext of Kaazing Gateway 5.6.2; "is MERGED" is its Hazelcast's (3.7.4).
That a member "is down" stands in Kaazing's guide alone, and is understood too.
"""

import re
from dataclasses import dataclass
from typing import Optional

BEGINS, STARTED, SERVING, FAULT = "begins", "started", "serving", "fault"
"""Kinds of events: a run begins, is a member of its cluster, takes users, or says why it cannot start."""
ONLINE, DOWN, MERGED = "online", "down", "merged"
"""Another member has come or has gone; this one has joined those again that it had been cut from."""
LIST, LISTED, END = "list", "listed", "end"
"""A list of all members begins, names one of them, has ended."""
LONGEST = 4096
"""Characters of a line that are looked at."""

_HEAD = re.compile(
    r"(?:[\s\d.,:+/TZ-]|\[[^\]]*\])*(?P<level>TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\b"
    r"(?P<blanks>\s+)(?:\[[^\]]*\]\s+)?(?:[\w.$]*\s*-\s+)?"
)
"""Time, thread, level and logger: what log4j sets before the text, by the patterns that Kaazing ships and others."""
_IP = r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}"
_PLACE = rf"\[?(?P<address>{_IP})\]?:[0-9]{{1,5}}"
_ENGINE = rf"HAZELCAST: \[Member \[?{_IP}\]?:[0-9]+ - \S+ this\] - \[?{_IP}\]?:[0-9]+ \[.*\] \[[\w.-]+\] "
_TEXTS = {
    BEGINS: r"Configuration file: /\S+",
    STARTED: rf"Cluster Member started: IP Address: \S+; Port: [0-9]+; id: tcp://{_PLACE}",
    SERVING: r"Started server successfully in \S+ secs at \S+ \S+",
    ONLINE: rf"Cluster member tcp://{_PLACE} is now online",
    DOWN: rf"Cluster member (?:tcp://|/)?{_PLACE} (?:has gone down|is down)",
    MERGED: rf"{_ENGINE}{_PLACE} is MERGED",
    LIST: r"Current cluster members:",
    LISTED: rf"member: tcp://{_PLACE}",
    END: r"Current shared balancer map:",
}
_KINDS = tuple((kind, re.compile(text)) for kind, text in _TEXTS.items())
_FAULT = re.compile(r"(?:Error starting Gateway: caught exception|Error upgrading XML:|Gateway failed to launch)(.*)")
_DETAIL = re.compile(r"\s{3,}")
"""What the gateway sets before each line of what is wrong with its configuration (GatewayConfigParser)."""
_NO_CAUSE = ("Line: ", "<")
_CLASS = re.compile(r"\b(?:[a-z]\w*\.)+[A-Z]\w*(?:Exception|Error)[:;] ")


@dataclass(frozen=True)
class Event:
    """What a line says, of the member at `address` if of one; `text` is the cause of a fault."""

    kind: str
    address: str = ""
    text: str = ""


def event(line: str) -> Optional[Event]:
    """Return the event in `line`, or None if it is about something else.

    The whole line must be the gateway's words, with their level before them: what users send may stand in the midst of
    other lines, mostly of warnings and errors, or behind a line break within a text.
    """
    line = line[:LONGEST].rstrip()
    head = _HEAD.match(line)
    if head is None:
        return None
    text = line[head.end() :]
    if head.group("level") in {"ERROR", "FATAL"}:
        return _fault(text, detail=bool(_DETAIL.fullmatch(head.group("blanks"))))
    for kind, words in _KINDS if head.group("level") == "INFO" else ():
        if found := words.fullmatch(text):
            return Event(kind, found.groupdict().get("address", ""))
    return None


def _fault(text: str, *, detail: bool) -> Optional[Event]:
    """Return the fault in the `text` of an error, without the names of Java's classes, which tell users nothing."""
    if detail:
        return None if text.startswith(_NO_CAUSE) else Event(FAULT, text=_CLASS.sub("", text))
    if found := _FAULT.fullmatch(text):
        return Event(FAULT, text=_CLASS.sub("", found.group(1)).strip() or text)
    return None
