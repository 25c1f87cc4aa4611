"""The text of a cluster file to begin with: every field of the model with its meaning, read from the model itself."""

import shlex
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from textwrap import wrap
from typing import Any, Final

from pydantic.fields import FieldInfo

from muster.fields import Block
from muster.spec.model import file_model, foreign
from muster.spec.shape import fields_of, is_block, kind_of, want_of
from operations.starter_values import Start, flow, value_of

WIDTH: Final = 116

TOGETHER: Final = (("ami", "architecture"), ("certificate", "tls_policy"))
"""Fields of which the second means nothing without the first: their lines stand together."""

HEAD: Final = """\
A cluster of {title}.
Check this file: ./muster check {file}
A line such as `#waf: false`, without a space after its #, is a setting with its default or with an example: to \
set it, take the # away. Lines of that kind that stand together belong together.
"""

ARTIFACT: Final = "The application. Wanted: {file: PATH}, relative to this file, or {s3: bucket/key, sha256: HASH}."
VPC_TOO: Final = "It needs `address` at each node."


def starting_text(start: Start, file: Path, schema: str | None) -> str:
    """Return the cluster file `file` for `start`; `schema` is where an editor finds the JSON Schema, if it does."""
    lines = [f"# yaml-language-server: $schema={schema}"] if schema else []
    lines += _comment(HEAD.format(title=start.about.title, file=shlex.quote(str(file))), "")
    for name, field in fields_of(file_model(start.product)).items():
        if name not in foreign(start.about):
            lines += ["", *_top(start, name, field)]
    return "\n".join(lines) + "\n"


def _top(start: Start, name: str, field: FieldInfo) -> Iterator[str]:
    if name == "artifact":
        yield from _comment(ARTIFACT, "")
        yield f"artifact: {flow({'file': start.about.example})}"
    elif name == "nodes":
        yield from _comment(_meaning(field), "")
        yield "nodes:"
        yield from _nodes(start)
    elif chosen := _chosen(start, name):
        yield from _comment(field.description or "", "")
        yield f"{name}:"
        yield from _open_block(start, (name,), kind_of(field), chosen)
    elif field.is_required():
        yield from _comment(_meaning(field), "")
        yield f"{name}: {flow(getattr(start, name))}"
    else:
        yield from _explained(field, "")
        yield f"#{name}: {flow(value_of(start, (name,), field))}"


def _nodes(start: Start) -> Iterator[str]:
    node = fields_of(_kind_of_entries(fields_of(file_model(start.product))["nodes"]))
    for place, (name, zone) in enumerate(start.nodes.items()):
        yield f"  {name}:"
        examples = {"zone": zone, "present": True, "group": start.group(name), "address": f"10.0.{place + 1}.10"}
        for key, field in node.items():
            if place == 0:
                yield from _comment(_meaning(field), "    ")
            yield f"    {'' if field.is_required() or key == 'group' else '#'}{key}: {flow(examples[key])}"


def _kind_of_entries(field: FieldInfo) -> type[Block]:
    """Return the block that stands at each name of the mapping `field`."""
    kind: type[Block] = kind_of(field).__args__[1]
    return kind


_CHOSEN: Final[Mapping[str, Mapping[str, Any]]] = {
    "instance": {"type": "t4g.medium"},
    "balancer": {"scheme": "internal"},
    "network": {"egress": "nat"},
}
"""The blocks that are written field by field, with what is set in them from the start."""


def _chosen(start: Start, name: str) -> Mapping[str, Any]:
    """Return what is set from the start in the block `name`; empty for one that is written in one line."""
    if name == start.about.field:
        return start.block
    return {**_CHOSEN.get(name, {}), **(start.balancer if name == "balancer" else {})}


def _open_block(
    start: Start, place: tuple[str, ...], kind: type[Block], chosen: Mapping[str, Any], indent: str = "  "
) -> Iterator[str]:
    """Write the block at `place` field by field, with what is `chosen` in it set."""
    fields = {
        key: field for key, field in fields_of(kind).items() if ".".join((*place, key)) not in foreign(start.about)
    }
    followers = dict(TOGETHER)
    for key, field in fields.items():
        if key in followers.values():
            continue
        unit = [key, followers[key]] if key in followers else [key]
        if key in chosen:
            yield from _set(start, (*place, key), field, chosen[key], indent)
            unit = unit[1:]
        elif not _has_line(start, (*place, key), fields[key]):
            yield from _below({key: fields[key]}, f"{indent}#   ")
            continue
        for each in unit:
            yield from _explained(fields[each], indent)
        if key == "vpc":
            yield from _comment(VPC_TOO, indent)
            yield from _vpc(start)
            continue
        for each in unit:
            yield f"{indent}#{each}: {flow(value_of(start, (*place, each), fields[each]))}"


def _set(start: Start, place: tuple[str, ...], field: FieldInfo, value: Any, indent: str) -> Iterator[str]:
    yield from _comment(_meaning(field), indent)
    if is_block(kind_of(field)):
        yield f"{indent}{place[-1]}:"
        yield from _open_block(start, place, kind_of(field), value, f"{indent}  ")
    else:
        yield f"{indent}{place[-1]}: {flow(value)}"


def _has_line(start: Start, place: tuple[str, ...], field: FieldInfo) -> bool:
    """Return whether there is something to set; without a default or an example it says otherwise what is said."""
    return place[-1] == "vpc" or value_of(start, place, field) is not None


def _vpc(start: Start) -> Iterator[str]:
    yield "  #vpc:"
    yield "  #  id: vpc-0123456789abcdef0"
    yield "  #  cidr: 10.0.0.0/16"
    yield "  #  zones:"
    for number, zone in enumerate(sorted(set(start.nodes.values())), start=1):
        yield f"  #    {zone}:"
        for digit, (kind, third) in enumerate((("nodes", number), ("balancer", 100 + number))):
            subnet = {"id": f"subnet-0123456789abcde{number}{digit}", "cidr": f"10.0.{third}.0/24"}
            yield f"  #      {kind}: {flow(subnet)}"
    yield "  #  endpoints: [s3]"
    yield "  #  route_tables: [rtb-0123456789abcdef0]"


def _explained(field: FieldInfo, indent: str) -> Iterator[str]:
    """Explain a field, and each field of its own if it is a block."""
    yield from _comment(_meaning(field), indent)
    if is_block(kind_of(field)):
        yield from _below(fields_of(kind_of(field)), f"{indent}#   ")


def _below(fields: Mapping[str, FieldInfo], indent: str) -> Iterator[str]:
    for key, inner in fields.items():
        yield from wrap(
            f"{key}: {_meaning(inner)}", WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  ", **_WHOLE_WORDS
        )
        if is_block(kind_of(inner)):
            yield from _below(fields_of(kind_of(inner)), f"{indent}   ")


_WHOLE_WORDS: Final[Mapping[str, Any]] = {"break_long_words": False, "break_on_hyphens": False}


def _meaning(field: FieldInfo) -> str:
    want = want_of(field)
    return f"{field.description or ''} Wanted: {want}.".strip() if want else field.description or ""


def _comment(text: str, indent: str) -> Iterable[str]:
    for paragraph in text.strip().splitlines():
        yield from wrap(paragraph, WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ", **_WHOLE_WORDS)
