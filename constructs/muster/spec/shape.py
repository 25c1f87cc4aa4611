"""What may stand at a place of the cluster file, found in the model: so that messages never disagree with it."""

from collections.abc import Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from muster.fields import Block
from muster.spec.model import ARTIFACT_KINDS, Cluster

RawLocation = tuple[int | str, ...]
"""A location as pydantic gives it: with marks for a mapping's key and for the kind of a union."""


def fields_at(model: type[Cluster], location: RawLocation) -> list[str]:
    """Return the fields that the mapping at `location` may have, in the order of the documentation."""
    kind, _ = _at(model, location)
    return list(kind.model_fields) if _is_block(kind) else []


def wanted_at(model: type[Cluster], location: RawLocation) -> str:
    """Return what is allowed at `location`, in words."""
    kind, description = _at(model, location)
    if description:
        return description
    return f"a mapping of {', '.join(kind.model_fields)}" if _is_block(kind) else "another value"


def _at(model: type[Cluster], location: RawLocation) -> tuple[Any, str | None]:
    kind: Any = model
    description: str | None = None
    for part in location:
        if _is_block(kind) and part in kind.model_fields:
            field = kind.model_fields[part]
            kind, description = _plain(field.annotation), field.description
        elif part in ARTIFACT_KINDS:
            kind, description = ARTIFACT_KINDS[str(part)], None
        elif get_origin(kind) is Mapping:
            kind, description = _plain(get_args(kind)[1]), None
    return kind, description


def _plain(annotation: Any) -> Any:
    """Return `annotation` without its metadata and without `| None`."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        given = [each for each in get_args(annotation) if each is not type(None)]
        return _plain(given[0]) if len(given) == 1 else annotation
    return annotation


def _is_block(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Block)
