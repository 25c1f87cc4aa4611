"""A product for the time of a test: one that Muster does not find by itself."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from unittest import mock

from muster.products import PRODUCTS, Product
from muster.spec import rules
from muster.spec.finding import Finding
from muster.spec.model import Cluster, file_model

Rule = Callable[[Cluster], Iterator[Finding]]


@contextmanager
def registered(product: Product, own_rules: Sequence[Rule]) -> Iterator[None]:
    """Have cluster files of `product` read, and judged by its rules beside all others."""
    with (
        mock.patch.dict(PRODUCTS, {product.name: product}),
        mock.patch.object(rules, "RULES", (*rules.RULES, *(rule for rule in own_rules if rule not in rules.RULES))),
    ):
        file_model.cache_clear()  # the shape of a file of an unknown product has the blocks of all
        try:
            yield
        finally:
            file_model.cache_clear()
