"""The engine's properties in repository/conf/deployment.toml, of which later kernels make hazelcast.properties.

Each key of `[hazelcast]` is a property by its whole name in quotes (carbon-kernel's template hazelcast.properties.j2);
the file made of it is written anew at each start, whatever stood in it.
"""

from pathlib import Path
from typing import Any, Mapping

import tomlkit

from ..failure import Failure
from .deployment_toml import NAME, _parsed, _plain, _put, _text

TEMPLATE = Path("repository/resources/conf/templates/repository/conf/hazelcast.properties.j2")
"""Where a product that makes hazelcast.properties has its template."""
_TABLE = "hazelcast"


def patched(content: bytes, wanted: Mapping[str, str]) -> bytes:
    """Return the file `content` with the properties `wanted` in `[hazelcast]`, and unchanged if it says that already.

    Raises `Failure` with one sentence if the file cannot be edited safely.
    """
    text = _text(content)
    windows = "\r\n" in text and text.count("\r\n") == text.count("\n")
    after = _edited(text.replace("\r\n", "\n") if windows else text, wanted)
    return (after.replace("\n", "\r\n") if windows else after).encode("utf-8")


def _edited(text: str, wanted: Mapping[str, str]) -> str:
    document = _parsed(text)
    before = document.unwrap()
    own = before.get(_TABLE, {})
    if not isinstance(own, dict):
        raise Failure(f"{NAME}: hazelcast is no table; write it as [hazelcast] in the artifact")
    if all(str(own.get(name)) == value for name, value in wanted.items()):
        return text
    result = _changed(text, document, wanted)
    after = {**before, _TABLE: {**own, **_differing(own, wanted)}}
    if _plain(_parsed(result).unwrap()) != _plain(after):
        raise Failure(f"{NAME}: [hazelcast] is written in a way that cannot be edited; write it under that header")
    return result


def _differing(own: Mapping[str, Any], wanted: Mapping[str, str]) -> Mapping[str, str]:
    """Return those of `wanted` that do not stand yet; a number says the same as its text."""
    return {name: value for name, value in wanted.items() if str(own.get(name)) != value}


def _changed(text: str, document: tomlkit.TOMLDocument, wanted: Mapping[str, str]) -> str:
    if _TABLE not in document:
        fresh, table = tomlkit.document(), tomlkit.table()
        _put(table, wanted)
        fresh[_TABLE] = table
        return text + ("" if not text else "\n" if text.endswith("\n") else "\n\n") + fresh.as_string()
    _put(document[_TABLE], wanted)
    return document.as_string()
