"""Texts of the deployed model as words of haproxy's configuration. Pure."""

import re

_SPECIAL = {"\\": "\\\\", '"': '\\"', "$": "\\$", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def quoted(text: str) -> str:
    """Return one word that means `text` (haproxy configuration manual 2.2, weak quoting).

    Raises `ValueError` for a NUL, which no configuration can hold.
    """
    if "\0" in text:
        raise ValueError("a NUL character cannot be configured")
    return '"' + "".join(_SPECIAL.get(character, character) for character in text) + '"'


def literal(text: str) -> str:
    """Return `text` for use inside a log-format string, in which % begins an expression."""
    return text.replace("%", "%%")


def wildcard(pattern: str) -> str:
    """Return the regular expression of a rule's value: * is any text, ? one character, all else itself."""
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return f"^{''.join(parts)}$"
