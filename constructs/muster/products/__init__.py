"""Every product that Muster knows: one module each, found by its `PRODUCT`; other modules help them."""

from importlib import import_module
from pkgutil import iter_modules

from muster.products.product import Discovery, Port, Product, Reach, Secret

__all__ = ["PRODUCTS", "Discovery", "Port", "Product", "Reach", "Secret"]


def _known() -> dict[str, Product]:
    modules = [import_module(f"{__name__}.{each.name}") for each in iter_modules(__path__)]
    return {module.PRODUCT.name: module.PRODUCT for module in modules if hasattr(module, "PRODUCT")}


PRODUCTS: dict[str, Product] = _known()
"""By the name that stands in a cluster file."""
