"""The cluster file as JSON Schema, for editors: from the model, so that the two never disagree.

It says what of the model JSON Schema can say: fields, forms, choices and bounds. What must hold between fields, and
what only a reading of the value tells (host bits of a network), `load` alone refuses.
"""

from typing import Any, Final

from pydantic import Field, create_model

from muster.products import PRODUCTS
from muster.spec.model import Cluster, grouped_nodes

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of cluster files of every product."""
    blocks: dict[str, Any] = {
        product.field: (product.block, Field(default=product.block(), description=product.block.__doc__))
        for product in PRODUCTS.values()
    }
    if any(product.grouped for product in PRODUCTS.values()):
        blocks["nodes"] = grouped_nodes()
    model = create_model("Cluster file of Muster", __base__=Cluster, **blocks)
    whole: dict[str, Any] = _tidied(model.model_json_schema(by_alias=True))
    return {"$schema": DIALECT, "title": "Cluster file of Muster", **whole, "allOf": _blocks_of_their_products()}


def _blocks_of_their_products() -> list[dict[str, Any]]:
    """Return that each product's block stands in files of that product alone."""
    return [
        {"if": {"required": [each.field]}, "then": {"properties": {"product": {"const": name}}}}
        for name, each in sorted(PRODUCTS.items())
    ]


def _tidied(value: Any) -> Any:
    """Close mappings of names, and leave out what helps nobody: titles made of names, defaults that say `nothing`."""
    if isinstance(value, list):
        return [_tidied(each) for each in value]
    if not isinstance(value, dict):
        return value
    kept = {key: _tidied(each) for key, each in value.items() if not _idle(key, each)}
    return {**kept, "additionalProperties": False} if "patternProperties" in kept else kept


def _idle(key: str, value: Any) -> bool:
    return (key == "title" and isinstance(value, str)) or (key == "default" and (not value or isinstance(value, dict)))
