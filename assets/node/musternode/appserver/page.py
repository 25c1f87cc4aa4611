"""An XML file of the product without namespaces, as its parts are asked for and changed."""

from typing import Callable, List, Mapping, Optional
from xml.etree import ElementTree as ET

from ..failure import Failure
from ..markup import elements, encoded, top
from ..markup.changes import Changes
from ..markup.elements import Element
from ..markup.encoded import Edit


class Page:
    """The UTF-8 `text` of the file `name`, whose root is `root`."""

    def __init__(self, text: bytes, name: str, root: str) -> None:
        self.name, self.changes, self.top = name, Changes(text, name), top.read(text, name)
        self._text = text
        if (self.top.name, self.top.namespace) != (root, ""):
            found = self.top.name
            raise Failure(f"{name} line {self.top.line}: <{found}> where <{root}> belongs; take the product's file")

    def all(self, tag: str) -> List[Element]:
        """Return the elements `tag` right below the root."""
        return elements.find(self._text, self.name, tag).elements

    def only(self, found: List[Element], what: str) -> Optional[Element]:
        """Return the one of `found` or None; raises `Failure` if there are more."""
        return elements.only(found, what, self.name)

    def needed(self, found: List[Element], what: str) -> Element:
        """Return the one of `found`; raises `Failure` if there is none, or more."""
        one = self.only(found, what)
        if one is None:
            raise Failure(f"{self.name}: there is no {what} in it; put the product's own back in the artifact")
        return one


def said(element: Element, tag: str) -> str:
    """Return the text of its first child `tag`, without blanks around it; empty if there is none."""
    return next((child.text.strip() for child in element.called(tag)), "")


def check(name: str, values: Mapping[str, str]) -> None:
    """Raise `Failure`, which shows no value, if the product would read one in its file `name` otherwise than it stands.

    In each of its files it puts system properties in the place of `${...}`.
    """
    for key, value in values.items():
        if not value.strip():
            raise Failure(f"{name}: the value of {key} is empty, which the product passes over; give it one")
        if "${" in value:
            raise Failure(f"{name}: the value of {key} holds ${{, which begins a property's name; choose another")


def patched(
    content: bytes, name: str, edits: Callable[[bytes], List[Edit]], says: Callable[[ET.Element], bool]
) -> bytes:
    """Return the file `content` with the `edits` of its text; another parser must find that the root then `says` it.

    Raises `Failure` with one sentence if the file cannot be edited safely.
    """

    def edited(old: bytes) -> bytes:
        source = encoded.read(old, name)
        return source.spliced(edits(source.text))

    after = edited(content)
    root = _root(encoded.read(after, name).text)
    if root is None or not says(root) or edited(after) != after:
        raise Failure(f"{name}: it is written in a way that cannot be edited; take the product's own file")
    return after


def _root(text: bytes) -> Optional[ET.Element]:
    """Return the root of a document without types, None for what that parser refuses: a `}` in a namespace's name."""
    try:
        return ET.fromstring(text, ET.XMLParser(encoding="utf-8"))  # noqa: S314 - document types are refused
    except ET.ParseError:
        return None
