"""What depends on what, and the order that follows."""

from collections.abc import Mapping, Set

from rehearsal.account.cloudformation.faults import Refusal
from rehearsal.account.cloudformation.template import Declaration
from rehearsal.account.cloudformation.values import references

Graph = Mapping[str, frozenset[str]]
"""Logical id -> the logical ids that must be there before it."""


def graph_of(wanted: Mapping[str, Declaration]) -> dict[str, frozenset[str]]:
    """Return the dependencies among the wanted resources. Raises `Refusal` for a circle."""
    graph = {
        name: frozenset(references(declared.properties) | set(declared.depends_on)) & wanted.keys() - {name}
        for name, declared in wanted.items()
    }
    in_order(graph)
    return graph


def in_order(graph: Graph) -> list[str]:
    """Return all logical ids, each after those that it depends on. Raises `Refusal` for a circle."""
    result: list[str] = []
    left = dict(graph)
    while left:
        free = [name for name, needed in left.items() if not needed & left.keys()]
        if not free:
            raise Refusal(f"Circular dependency between resources: [{', '.join(sorted(left))}]")
        result += free
        for name in free:
            del left[name]
    return result


def startable(graph: Graph, done: Set[str], begun: Set[str]) -> list[str]:
    """Return the logical ids that may begin now."""
    return [name for name, needed in graph.items() if name not in begun and needed <= done]
