"""Text as XML writes it."""

import re

from ..failure import Failure

_NO_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"}
_ESCAPES.update({control: f"&#{ord(control)};" for control in "\t\n\r"})


def escaped(value: str, what: str, name: str) -> bytes:
    """Return `value` as the text of an element or of an attribute, in UTF-8.

    Raises `Failure`, which calls it `what` of the file `name` and does not show it, if XML has no way to say it.
    """
    if _NO_XML.search(value):
        raise Failure(f"{name}: the value of {what} holds a character that XML cannot hold; choose another value")
    return "".join(_ESCAPES.get(character, character) for character in value).encode("utf-8")
