"""From a path to a `Cluster`, or to every fault at once."""

import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from muster.checking import closest, shown
from muster.products import PRODUCTS
from muster.spec.faults import Fault, Location, SpecError
from muster.spec.model import UNION_KINDS, Cluster, file_model
from muster.spec.reading import Document, read
from muster.spec.rules import findings
from muster.spec.shape import RawLocation, fields_at, no_fields_at, wanted_at

_STAND_INS: Final[Mapping[str, Any]] = {
    "name": "stand-in",
    "product": next(iter(PRODUCTS)),
    "region": "eu-west-1",
    "nodes": {"a": {"zone": "eu-west-1a"}, "b": {"zone": "eu-west-1b"}},
    "instance": {"type": "t4g.medium"},
    "artifact": {"file": "stand-in.jar"},
}
"""Valid values put in place of faulty required fields, so that the rules can still judge the others."""


def load(path: Path) -> Cluster:
    """Return the cluster that the file `path` describes; raises `SpecError` with all its faults."""
    document = read(path)
    known = _product(document.value)
    model = file_model(known)
    values = _with_defaults(document.value, PRODUCTS[known].defaults(document.value) if known else {})
    try:
        cluster = model.model_validate(values)
    except ValidationError as error:
        raise SpecError(_with_those_of_the_text(document, _all_faults(document, model, values, error))) from None
    broken = [document.fault(each.field, each.what) for each in findings(cluster)]
    if broken or document.faults:
        raise SpecError(_with_those_of_the_text(document, broken))
    cluster._document = document
    return cluster


def _product(values: Mapping[str, Any]) -> str | None:
    name = values.get("product")
    return name if isinstance(name, str) and name in PRODUCTS else None


def _with_defaults(values: Any, defaults: Mapping[str, Any]) -> Any:
    """Return `values` over `defaults`, mapping by mapping."""
    if not isinstance(values, dict):
        return values
    merged = dict(values)
    for key, default in defaults.items():
        if key not in merged:
            merged[key] = deepcopy(default)
        elif isinstance(default, Mapping):
            merged[key] = _with_defaults(merged[key], default)
    return merged


def _with_those_of_the_text(document: Document, faults: list[Fault]) -> list[Fault]:
    """Return the text's faults and those of `faults` that do not follow from them."""
    known = [_location(fault.field.split(".")) for fault in document.faults if fault.field]
    own = (each for each in faults if not any(_touch(_location(each.field.split(".")), field) for field in known))
    return [*document.faults, *own]


def _all_faults(document: Document, model: type[Cluster], values: Any, error: ValidationError) -> list[Fault]:
    details = error.errors(include_url=False)
    faulty = [_location(each["loc"]) for each in details]
    faults = [document.fault(_location(each["loc"]), _what(model, each)) for each in details]
    healed, replaced = _healed(model, values, faulty)
    if healed is None:
        return faults
    faulty += replaced
    sure = (
        each
        for each in findings(healed)
        if not any(_touch(known_from, bad) for known_from in (each.field, *each.also) for bad in faulty)
    )
    return [*faults, *(document.fault(each.field, each.what) for each in sure)]


def _healed(model: type[Cluster], values: Any, faulty: list[Location]) -> tuple[Cluster | None, list[Location]]:
    """Return the cluster with faulty fields left out, or None, and the whole blocks that others stand in for."""
    replaced: list[Location] = []
    if not _product(values):
        return None, replaced
    trial = deepcopy(values)
    for place in faulty:
        _leave_out(trial, place)
    for _ in range(2):
        try:
            return model.model_validate(trial), replaced
        except ValidationError as error:
            tops = {str(each["loc"][0]) for each in error.errors(include_url=False)}
        for top in tops:
            trial.pop(top, None)
            if top in _STAND_INS:
                trial[top] = deepcopy(_STAND_INS[top])
        replaced += [(top,) for top in tops]
    return None, replaced


def _leave_out(values: Any, place: Location) -> None:
    """Take the field at `place` away; of a list the whole of it, since the places of the others would change."""
    for length, key in enumerate(place, start=1):
        inner = values.get(key) if isinstance(values, dict) else None
        if length < len(place) and isinstance(inner, dict):
            values = inner
            continue
        if isinstance(values, dict):
            values.pop(key, None)
        return


def _touch(one: Location, other: Location) -> bool:
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def _location(loc: Iterable[int | str]) -> Location:
    """Return pydantic's location without its marks for a mapping's key and for the kind of a union."""
    return tuple(str(part) for part in loc if part not in {"[key]", *UNION_KINDS})


def _what(model: type[Cluster], detail: ErrorDetails) -> str:
    kind = detail["type"]
    if kind == "refused":
        return detail["msg"]
    if kind == "missing":
        return f"is missing, want {wanted_at(model, detail['loc'])}"
    if kind == "extra_forbidden":
        return _unknown(model, detail["loc"])
    return f"got {shown(detail['input'])}, want {wanted_at(model, detail['loc'])}"


def _unknown(model: type[Cluster], loc: RawLocation) -> str:
    name = str(loc[-1])
    allowed = fields_at(model, loc[:-1])
    choice = ", ".join(allowed)
    owner = next((each.name for each in PRODUCTS.values() if each.field == name), None)
    if len(loc) == 1 and owner:
        return f"belongs to the product {owner}, allowed: {choice}"
    if reason := no_fields_at(model, loc[:-1]).get(name):
        return f"is no field, {reason}, allowed: {choice}"
    if re.search(r"password|secret|access_?key|token|credential", name, re.IGNORECASE):
        return f"is unknown, and no secret stands in a cluster file (Muster generates them), allowed: {choice}"
    return f"is unknown{closest(name, allowed)}, allowed: {choice}"
