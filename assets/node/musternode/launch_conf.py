"""The `.conf` beside a fully executable jar: a shell fragment that its launch script sources.

Spring Boot reference, "Customizing a Script When It Runs".
"""

import re
from typing import List

from .failure import Failure

OPTIONS = ("-Dh2.clustering.enabled=true", "-Dh2.socketConnectRetry=0")
"""The guide's option, and the one that lets the driver give up a dead server at once.

Without it each new connection costs 16 tries (h2database 1.4.199, util/NetUtils.java, engine/SysProperties.java).
"""
# the guide for this product prints its option with an en dash, which java takes for a main class
_OPTION = re.compile(
    "[ \t]*(?:-|\N{EN DASH})D(?:h2\\.clustering\\.enabled|h2\\.socketConnectRetry)(?:=[^\\s\"']*)?(?![^\\s\"'])"
)
_ASSIGNMENT = re.compile(
    r"""^[ \t]*(?:export[ \t]+)?JAVA_OPTS\+?=(?P<value>"(?:[^"\\]|\\.)*"|'[^']*'|[^\s"';#]*)(?=[ \t]*(?:$|[;#\r]))""",
    re.MULTILINE | re.DOTALL,
)
_ANY = re.compile(r"^[ \t]*(?:export[ \t]+)?JAVA_OPTS\+?=", re.MULTILINE)


def with_clustering(content: bytes) -> bytes:
    """Return `content` with each of `OPTIONS` inside `JAVA_OPTS` exactly once, all else byte for byte.

    Raises `Failure` where `JAVA_OPTS` is assigned in a way that cannot be edited safely.
    """
    text = content.decode("utf-8", "surrogateescape")
    if not _done(text):
        text = _edited(text)
    if not _done(text):
        raise Failure("JAVA_OPTS is assigned in a way that cannot be edited; write it as one quoted assignment")
    return text.encode("utf-8", "surrogateescape")


def _values(text: str) -> List["re.Match[str]"]:
    return list(_ASSIGNMENT.finditer(text))


def _done(text: str) -> bool:
    found = _values(text)
    inside = "\n".join(match.group("value") for match in found)
    last = found[-1].group("value") if found else ""
    given = [option.strip() for option in _OPTION.findall(inside)]
    return sorted(given) == sorted(OPTIONS) and all(option in last for option in OPTIONS)


def _edited(text: str) -> str:
    if len(_values(text)) != len(_ANY.findall(text)):
        raise Failure("JAVA_OPTS is assigned in a way that cannot be edited; write it as one quoted assignment")
    for match in reversed(_values(text)):
        bare = _OPTION.sub("", match.group("value"))
        text = text[: match.start("value")] + bare + text[match.end("value") :]
    found = _values(text)
    if not found:
        joint = "" if not text or text.endswith("\n") else "\n"
        return f'{text}{joint}JAVA_OPTS="{" ".join(OPTIONS)}"\n'
    last = found[-1]
    return text[: last.start("value")] + _added(last.group("value")) + text[last.end("value") :]


def _added(value: str) -> str:
    options = " ".join(OPTIONS)
    if value[:1] in {'"', "'"}:
        inner = value[1:-1].rstrip(" ")
        return f"{value[0]}{inner}{' ' if inner else ''}{options}{value[0]}"
    return f'"{value}{" " if value else ""}{options}"'
