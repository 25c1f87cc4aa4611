"""What may stand at a place of the cluster file, found in the model: so that messages never disagree with it."""

from collections.abc import Iterable, Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from muster.checking import Check
from muster.fields import Block
from muster.spec.model import UNION_KINDS, Cluster

RawLocation = tuple[int | str, ...]
"""A location as pydantic gives it: with marks for a mapping's key and for the kind of a union."""


def fields_of(kind: type[Block]) -> dict[str, FieldInfo]:
    """Return the fields of a block by the names that a cluster file uses, in the order of the documentation."""
    return {field.alias or name: field for name, field in kind.model_fields.items()}


def fields_at(model: type[Cluster], location: RawLocation) -> list[str]:
    """Return the fields that the mapping at `location` may have, in the order of the documentation."""
    kind, _ = _at(model, location)
    return list(fields_of(kind)) if is_block(kind) else []


def no_fields_at(model: type[Cluster], location: RawLocation) -> Mapping[str, str]:
    """Return what the mapping at `location` has no field for, with the reason."""
    kind, _ = _at(model, location)
    return kind.no_fields if is_block(kind) else {}


def wanted_at(model: type[Cluster], location: RawLocation) -> str:
    """Return what is allowed at `location`, in words."""
    kind, want = _at(model, location)
    if want:
        return want
    return f"a mapping of {', '.join(fields_of(kind))}" if is_block(kind) else "another value"


def want_of(field: FieldInfo) -> str | None:
    """Return what a field takes, in words, or None for a plain mapping."""
    return _want(field.metadata) or _opened(field.annotation)[1]


def kind_of(field: FieldInfo) -> Any:
    """Return the type of a field without its metadata and without `| None`."""
    return _opened(field.annotation)[0]


def is_block(kind: Any) -> bool:
    """Return whether `kind` is a mapping with fields of its own."""
    return isinstance(kind, type) and issubclass(kind, Block)


def _at(model: type[Cluster], location: RawLocation) -> tuple[Any, str | None]:
    kind: Any = model
    want: str | None = None
    for part in location:
        if is_block(kind) and part in fields_of(kind):
            field = fields_of(kind)[str(part)]
            kind, want = kind_of(field), want_of(field)
        elif part in UNION_KINDS:
            kind = UNION_KINDS[str(part)]  # what the field takes is said of both kinds together
        elif get_origin(kind) is Mapping:
            kind, want = _opened(get_args(kind)[1])
        elif get_origin(kind) is tuple:
            kind, want = _opened(get_args(kind)[0])
    return kind, want


def _opened(annotation: Any) -> tuple[Any, str | None]:
    """Return the type inside an annotation, and what its check wants."""
    if get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        kind, want = _opened(inner)
        return kind, _want(metadata) or want
    if get_origin(annotation) in {Union, UnionType}:
        given = [each for each in get_args(annotation) if each is not type(None)]
        return _opened(given[0]) if len(given) == 1 else (annotation, None)
    return annotation, None


def _want(metadata: Iterable[Any]) -> str | None:
    return next((each.want for each in metadata if isinstance(each, Check)), None)
