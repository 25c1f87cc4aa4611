"""repository/conf/deployment.toml edited in place by tomlkit: the clustering is set, comments and all else stay.

Its keys are those of carbon-kernel's template axis2.xml.j2, which makes each of `[clustering.properties]` a parameter
by its name as it stands.
"""

import re
from collections import Counter
from typing import Any, Dict, List, Mapping, Union

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, InlineTable, Item, Key, KeyType, SingleKey, Table

from ..failure import Failure
from .clustering import Clustering
from .settings import WKA

NAME = "repository/conf/deployment.toml"
MOST = 128 << 10
"""Bytes of a file that are looked at; the products' own have about 5,000, and tomlkit is slow where keys have dots."""

_TABLE, _PROPERTIES = "clustering", "properties"
Values = Dict[str, Union[str, List[str]]]


def patched(content: bytes, wanted: Clustering) -> bytes:
    """Return the file `content` with the clustering `wanted`, and unchanged if it says that already.

    Raises `Failure` with one sentence if the file cannot be edited safely.
    """
    text = _text(content)
    # tomlkit ends what it adds with a line feed alone
    windows = "\r\n" in text and text.count("\r\n") == text.count("\n")
    after = _edited(text.replace("\r\n", "\n") if windows else text, wanted)
    return (after.replace("\n", "\r\n") if windows else after).encode("utf-8")


def values(wanted: Clustering) -> Values:
    """Return the keys of `[clustering]` in the order in which new ones are written; the port is text, as in WSO2's."""
    own: Values = {
        "membership_scheme": wanted.membership,
        "domain": wanted.domain,
        "local_member_host": wanted.host,
        "local_member_port": str(wanted.port),
        "agent": wanted.agent,
    }
    members = [f"{host}:{port}" for host, port in wanted.members]
    return {**own, "members": members} if wanted.membership == WKA else own


def _text(content: bytes) -> str:
    if len(content) > MOST:
        raise Failure(f"{NAME} has {len(content)} bytes, more than {MOST}; put a smaller one into the artifact")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as fault:
        line = 1 + content[: fault.start].count(b"\n")
        raise Failure(f"{NAME} line {line}: bytes that are no UTF-8; save it as UTF-8 in the artifact") from None


def _parsed(text: str) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(text)
    except (TOMLKitError, ValueError, RecursionError) as fault:
        line = getattr(fault, "line", None)
        place = f" line {line}" if line else ""
        what = re.sub(r"\.?( at line \d+ col \d+)?$", "", str(fault))
        raise Failure(f"{NAME}{place}: no valid TOML ({what}); correct it in the artifact") from None


def _edited(text: str, wanted: Clustering) -> str:
    document = _parsed(text)
    before = document.unwrap()
    _check_tables(before)
    after = _wanted(before, wanted)
    if _plain(after) == _plain(before):
        return text
    result = ""
    try:
        own = _own_lines(document, wanted)
        result = _changed(text, document, wanted)
        same = _plain(_parsed(result).unwrap()) == _plain(after) and _kept(text, result, wanted, own)
    except (TOMLKitError, ValueError, LookupError, TypeError, AttributeError, AssertionError, Failure):
        same = False
    if not same:
        raise Failure(
            f"{NAME}: [clustering] is written in a way that cannot be edited; write it as a table under that header"
        )
    return result


def _check_tables(content: Mapping[str, Any]) -> None:
    own = content.get(_TABLE, {})
    if not isinstance(own, dict):
        raise Failure(f"{NAME}: clustering is no table; write it as [clustering] in the artifact")
    if not isinstance(own.get(_PROPERTIES, {}), dict):
        raise Failure(f"{NAME}: clustering.properties is no table; write it as [clustering.properties]")


def _wanted(before: Mapping[str, Any], wanted: Clustering) -> Dict[str, Any]:
    """Return what the file has to say in the end; a port that stands as a number says the same as text."""
    own = dict(before.get(_TABLE, {}))
    own.update({key: value for key, value in values(wanted).items() if not _says(own.get(key), value)})
    properties = {key: value for key, value in own.get(_PROPERTIES, {}).items() if key not in wanted.stale}
    properties.update(wanted.discovery)
    if properties or _PROPERTIES in own:
        own[_PROPERTIES] = properties
    return {**before, _TABLE: own}


def _says(value: Any, wanted: Any) -> bool:
    return bool(value == wanted) or (type(value) is int and str(value) == wanted)


def _changed(text: str, document: tomlkit.TOMLDocument, wanted: Clustering) -> str:
    if _TABLE not in document:
        joint = "" if not text else "\n" if text.endswith("\n") else "\n\n"
        fresh = tomlkit.document()
        fresh[_TABLE] = _fresh(wanted)
        return text + joint + fresh.as_string()
    own: Any = document[_TABLE]
    if wanted.discovery and _PROPERTIES not in own:
        _add(own, _PROPERTIES, tomlkit.inline_table() if isinstance(own, InlineTable) else tomlkit.table())
    properties: Any = own.get(_PROPERTIES, {})
    for name in wanted.stale & set(properties):
        del properties[name]
    _put(properties, dict(wanted.discovery))
    _put(own, values(wanted))
    return document.as_string()


def _fresh(wanted: Clustering) -> Table:
    table = tomlkit.table()
    _put(table, values(wanted))
    if wanted.discovery:
        properties = tomlkit.table()
        _put(properties, dict(wanted.discovery))
        table[_PROPERTIES] = properties
    return table


def _put(table: Any, wanted: Mapping[str, Any]) -> None:
    for name, value in wanted.items():
        if name not in table:
            _add(table, name, tomlkit.item(value))
        elif not _says(tomlkit.item(table[name]).unwrap(), value):
            table[name] = value


def _add(table: Any, name: str, value: Item) -> None:
    """Add a key behind the last plain one: what follows that (remarks, headers) belongs to the next lines."""
    key = SingleKey(name, KeyType.Basic if {"-", "."} & set(name) else KeyType.Bare)
    if not isinstance(table, Table):
        table[key] = value
        return
    body = table.value.body
    plain = [place for place, (known, item) in enumerate(body) if known and not _has_header(known, item)]
    place = plain[-1] + 1 if plain else 0
    indent = "\n" if isinstance(value, Table) else body[plain[-1]][1].trivia.indent if plain else ""
    if place == len(body):
        table.append(key, value)
    else:
        after = body[place][1]
        if isinstance(after, Table) and "\n" not in after.trivia.indent:
            after.trivia.indent = "\n" + after.trivia.indent
        table.value._insert_at(place, key, value)  # it has no public name; the version is pinned, the result checked
    value.trivia.indent = indent


def _has_header(key: Key, item: Item) -> bool:
    return isinstance(item, (Table, AoT)) and not key.is_dotted()


def _own_lines(document: tomlkit.TOMLDocument, wanted: Clustering) -> List[str]:
    """Return how lines may begin that an edit takes away: those of values that it replaces or removes."""
    own: Any = document.get(_TABLE, {})
    properties: Any = own.get(_PROPERTIES, {})
    standing = [own.get(name) for name in values(wanted)]
    standing += [properties.get(name) for name in (*wanted.discovery, *wanted.stale)]
    texts = [item.as_string() for item in standing if isinstance(item, Item)]
    return [line.strip() for text in texts for line in text.split("\n") if line.strip()]


def _kept(before: str, after: str, wanted: Clustering, own: List[str]) -> bool:
    """Return whether each line of `before` is in `after`, but for those with a key or a value of the clustering."""
    lost = Counter(before.split("\n")) - Counter(after.split("\n"))
    names = [*values(wanted), *wanted.discovery, *wanted.stale, _PROPERTIES]
    return all(any(name in line for name in names) or line.lstrip().startswith(tuple(own)) for line in lost)


def _plain(value: Any) -> str:
    """Return a text that is the same for contents that say the same (a NaN is not even equal to itself)."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{key!r}:{_plain(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_plain, value)) + "]"
    return repr(value)
