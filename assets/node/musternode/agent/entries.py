"""One entry of the journal, as `journalctl --output=json` prints it, and the log group that it belongs to.

Fields: systemd.journal-fields(7); a value that is no UTF-8 comes as a list of bytes (JSON format of systemd).
"""

import json
from dataclasses import dataclass
from typing import Any, Mapping, Optional

from ..axonivy.host import UNIT as IVY_UNIT
from ..carbon.host import UNIT as CARBON_UNIT
from ..h2.database import UNIT as H2_UNIT
from ..kaazing.host import UNIT as KAAZING_UNIT
from ..products import as400gateway

FIELDS = ("MESSAGE", "PRIORITY", "UNIT", "_PID", "_SYSTEMD_UNIT", "_TRANSPORT")
"""Fields that are asked for; cursor and time are always there."""
NODE, PRODUCT, H2 = "node", "product", "h2"
GROUPS = (NODE, PRODUCT, H2)
"""Ends of the log groups' names."""
PRODUCT_UNITS = {as400gateway.UNIT, as400gateway.SCHEMA_UNIT, CARBON_UNIT, IVY_UNIT, KAAZING_UNIT}
SYSTEM_UNITS = {
    "amazon-ssm-agent.service",
    "cloud-config.service",
    "cloud-final.service",
    "ssh.service",
    "sshd.service",
    "systemd-journald.service",
}
WARNING = 4
"""Priority from which on a word of the kernel is shipped; smaller is graver (syslog(3))."""


@dataclass(frozen=True)
class Entry:
    """Cursor, time in milliseconds since 1970, group (None: not shipped) and text of an entry."""

    cursor: str
    at: int
    group: Optional[str]
    text: str


def group_name(cluster: str, group: str) -> str:
    """Return the name of the log group of `cluster`."""
    return f"/muster/{cluster}/{group}"


def read(line: bytes) -> Optional[Entry]:
    """Return the entry in `line`, or None if it is none."""
    try:
        fields = json.loads(line)
        cursor, at = str(fields["__CURSOR"]), int(fields["__REALTIME_TIMESTAMP"]) // 1000
    except (ValueError, KeyError, TypeError):
        return None
    values = {name: _text(fields.get(name)) for name in FIELDS}
    who = _speaker(values)
    group = _group(who, values)
    text = values["MESSAGE"].rstrip("\r\n")
    if group == NODE and text.strip():
        text = f"{who[: -len('.service')] if who.endswith('.service') else who}: {text}"
    return Entry(cursor, at, group if text.strip() else None, text)


def _speaker(values: Mapping[str, str]) -> str:
    """Return the unit that an entry is about: what systemd says of a unit stands with the unit's own words."""
    if values["_TRANSPORT"] == "kernel":
        return "kernel"
    return values["UNIT"] if values["_PID"] == "1" and values["UNIT"] else values["_SYSTEMD_UNIT"]


def _group(who: str, values: Mapping[str, str]) -> Optional[str]:
    if who == "kernel":
        priority = values["PRIORITY"]
        return NODE if priority.isdigit() and int(priority) <= WARNING else None
    if who in PRODUCT_UNITS:
        return PRODUCT
    if who == H2_UNIT:
        return H2
    return NODE if who in SYSTEM_UNITS or who.startswith(("muster-", "cloud-init")) else None


def _text(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(each, int) and 0 <= each < 256 for each in value):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, list):  # the field was given more than once
        return " ".join(_text(each) for each in value)
    # a lone half of a surrogate pair cannot be sent
    return value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else ""
