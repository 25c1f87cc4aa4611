"""Single keys of a YAML file set or silenced in place: every other line stays, remarks too."""

from typing import FrozenSet, Iterable, List, Mapping, Optional, Tuple, Union

from ..failure import Failure
from . import yaml_line, yaml_tree
from .yaml_tree import LIST, MAP, NULL, SCALAR, Entry, Fault

MOST = 1 << 20
"""Bytes of a file that are looked at; the product's own reference has about 30,000."""
Scalar = Union[str, int, bool]
_STEP = "  "


class YamlFile:
    """The text of the file called `name`, edited key by key. A key is all names that lead to it, joined by points.

    That is how a file may write it, too: `A.B: 1` says the same to the engine as a map A with B in it.
    """

    def __init__(self, content: bytes, name: str) -> None:
        self._name = name
        self._mark, text = self._decoded(content)
        self._newline = "\r\n" if "\r\n" in text else "\n"
        self.text = text

    def _decoded(self, content: bytes) -> Tuple[bytes, str]:
        if len(content) > MOST:
            raise Failure(f"{self._name} has {len(content)} bytes, more than {MOST}; put a smaller one in the artifact")
        mark = content[:3] if content.startswith(b"\xef\xbb\xbf") else b""
        try:
            return mark, content[len(mark) :].decode("utf-8")
        except UnicodeDecodeError as fault:
            line = 1 + content[: len(mark) + fault.start].count(b"\n")
            raise Failure(f"{self._name} line {line}: bytes that are no UTF-8; save it as UTF-8") from None

    def bytes(self) -> bytes:
        """Return the file as it is now."""
        return self._mark + self.text.encode("utf-8")

    def entries(self) -> List[Entry]:
        """Return the keys as they stand now; raises `Failure` if the file is not of the subset that is read."""
        try:
            return yaml_tree.entries(self.text)
        except Fault as fault:
            raise Failure(f"{self._name} {fault}") from None

    def says(self) -> Mapping[str, str]:
        """Return the text of each value by its key, without those that say nothing."""
        found = yaml_tree.flat(self.entries())
        return {name: self._raw(one) for name, one in found if one.kind not in (MAP, NULL)}

    def _raw(self, entry: Entry) -> str:
        raw = self.text[entry.begin : entry.end]
        return raw if entry.kind != LIST or raw.endswith("\n") else raw + self._newline

    def check(self, keys: Iterable[str]) -> None:
        """Raise `Failure` if one of `keys` is ambiguous as the file stands."""
        root = self.entries()
        for key in keys:
            self._only(root, key)

    def put(self, key: str, value: Scalar) -> None:
        """Let `key` say `value`; raises `Failure` if that cannot be done safely."""
        root = self.entries()
        entry = self._only(root, key)
        if entry is None:
            self._add(root, key, value)
        elif entry.kind not in (SCALAR, NULL):
            raise Failure(f"{self._name} line {entry.line}: {key} is {entry.kind}; write one value on its line")
        elif not _same(self.text[entry.begin : entry.end], value):
            blank = " " if entry.kind == NULL else ""
            self._splice(entry.begin, entry.end, blank + written(value))

    def silence(self, key: str) -> None:
        """Make a remark of the line of `key`, if it says something there.

        Were the line taken out, what stands below it could become part of a text above it.
        """
        entry = self._only(self.entries(), key)
        if entry is not None and entry.kind != NULL:
            if entry.kind != SCALAR:
                raise Failure(f"{self._name} line {entry.line}: {key} is {entry.kind}; take it out")
            place = entry.start + entry.indent
            self._splice(place, place, "# ")

    def _splice(self, begin: int, end: int, new: str) -> None:
        self.text = self.text[:begin] + new + self.text[end:]

    def _only(self, root: List[Entry], key: str) -> Optional[Entry]:
        """Return the entry of `key`; raises `Failure` if that key or one on the way to it is ambiguous."""
        wanted = key.split(".")
        ways = [".".join(wanted[:length]) for length in range(1, len(wanted) + 1)]
        found = yaml_tree.flat(root)
        for way in ways:
            same = [entry for name, entry in found if name.lower() == way.lower()]
            if len(same) > 1:
                lines = " and ".join(str(entry.line) for entry in same[:2])
                raise Failure(f"{self._name} lines {lines}: {way} stands twice; keep one")
            if same and same[0].name != way:
                raise Failure(f"{self._name} line {same[0].line}: {same[0].name} is {way} in the product's spelling")
        return dict(found).get(key)

    def _add(self, root: List[Entry], key: str, value: Scalar) -> None:
        holder = _holder(root, key)
        if holder is None:
            place, indent, siblings = len(self.text), root[0].indent if root else 0, root
        elif holder.kind not in (MAP, NULL):
            raise Failure(f"{self._name} line {holder.line}: {holder.name} is {holder.kind}; write it as a map")
        else:
            place, siblings = holder.over, holder.entries
            indent = siblings[0].indent if siblings else holder.indent + len(_STEP)
        rest = key[len(holder.name) + 1 :] if holder else key
        lines = _lines(rest, written(value), siblings)
        ended = "" if self.text[:place].endswith("\n") or not self.text[:place] else self._newline
        block = "".join(f"{' ' * indent}{line}{self._newline}" for line in lines)
        self._splice(place, place, ended + block)


def _holder(root: List[Entry], key: str) -> Optional[Entry]:
    """Return the innermost entry that `key` leads through."""
    through = [entry for name, entry in yaml_tree.flat(root) if key.startswith(f"{name}.")]
    return max(through, key=lambda entry: len(entry.name)) if through else None


def _lines(rest: str, value: str, siblings: List[Entry]) -> List[str]:
    """Return the lines for what is missing of a key: with points if a sibling of the same family is written so."""
    names = rest.split(".")
    families = {entry.key.split(".")[0] for entry in siblings if "." in entry.key}
    if names[0] in families:
        return [f"{rest}: {value}"]
    outer = [f"{_STEP * depth}{name}:" for depth, name in enumerate(names[:-1])]
    return [*outer, f"{_STEP * (len(names) - 1)}{names[-1]}: {value}"]


def written(value: Scalar) -> str:
    """Return `value` as YAML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else yaml_line.quoted(value)


def _same(raw: str, value: Scalar) -> bool:
    """Return whether `raw` says `value` already; a number or a truth may stand in quotes."""
    bare = raw[1:-1] if raw[:1] in ('"', "'") else raw
    return yaml_line.read(raw) == value if isinstance(value, str) else bare == written(value)


def checked(before: Mapping[str, str], after: YamlFile, put: Mapping[str, Scalar], gone: FrozenSet[str]) -> bool:
    """Return whether `after` says all that was said `before`, but for what was set and removed."""
    said = after.says()
    kept = {name: raw for name, raw in before.items() if name not in put and name not in gone}
    return {name: raw for name, raw in said.items() if name not in put} == kept and all(
        _same(said.get(name, ""), value) for name, value in put.items()
    )
