"""How many of the new users each node gets: weights, as numbers of ports. Pure.

A load balancer knows no weights of single targets, and target groups with weights have no failover between them. It
does spread new users evenly over the targets of one group, and takes an instance under several ports: so a node has as
many ports as its weight, and loses all of them when it is gone.
"""

from collections.abc import Collection, Iterator, Mapping
from fractions import Fraction
from math import gcd
from typing import Final

from muster.checking import closest, shown

MOST: Final = 5
"""Ports of one node at most: each is a connector with threads of its own."""

STEP: Final = 10
"""From one port of a node to its next."""

LAST: Final = 65535
"""The highest port that there is."""

WANT: Final = "a whole number of 1 or more"


def reduced(weights: Mapping[str, int], nodes: Collection[str]) -> dict[str, int]:
    """Return the number of ports of each of `nodes`: its weight (1 if none is given) by their common divisor.

    Absent nodes count too: a node keeps its ports while another is away.

    >>> reduced({"a": 4, "b": 2}, ["a", "b"])
    {'a': 2, 'b': 1}
    """
    given = {name: weights.get(name, 1) for name in nodes}
    divisor = gcd(*given.values())
    return {name: weight // divisor for name, weight in given.items()}


def refusals(weights: Mapping[str, object], nodes: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with `weights`: the node that is named there, and what is said of its weight.

    The first wrong numbers are said alone: only right ones can be too far apart.
    """
    wrong = [(name, said) for name, weight in weights.items() if (said := _refused(name, weight, nodes))]
    yield from wrong
    if not wrong:
        yield from _too_far_apart({name: weight for name, weight in weights.items() if type(weight) is int}, nodes)


def _refused(name: str, weight: object, nodes: Collection[str]) -> str | None:
    if name not in nodes:
        known = sorted(nodes)
        return f"is the weight of no node{closest(name, known)}, want one of {', '.join(known)}"
    # type, not isinstance: true is no number here
    return None if type(weight) is int and weight >= 1 else f"got {shown(weight)}, want {WANT}"


def _too_far_apart(weights: Mapping[str, int], nodes: Collection[str]) -> Iterator[tuple[str, str]]:
    ports = reduced(weights, nodes)
    if not ports or max(ports.values()) <= MOST:
        return
    want = f"at most {MOST} ports a node, such as {_told(nearest(ports))}"
    for name in sorted(ports):
        if ports[name] > MOST:
            yield (
                name,
                f"got {shown(weights[name])}, which is {shown(ports[name])} ports beside the others, want {want}",
            )


def nearest(weights: Mapping[str, int]) -> dict[str, int]:
    """Return the weights from 1 to `MOST` whose shares differ least in sum from those of `weights`; the smallest such.

    >>> nearest({"a": 7, "b": 3})
    {'a': 5, 'b': 2}
    """
    total = sum(weights.values())
    shares = {name: Fraction(weight, total) for name, weight in weights.items()}
    found = [_spread(shares, ports) for ports in range(len(shares), MOST * len(shares) + 1)]
    return min(found, key=lambda each: (_distance(each, shares), sum(each.values())))


def _spread(shares: Mapping[str, Fraction], ports: int) -> dict[str, int]:
    """Return the best that can be done with so many ports: each goes where most of one is missing."""
    given = dict.fromkeys(shares, 1)
    for _ in range(ports - len(shares)):
        open_ = [name for name in given if given[name] < MOST]
        given[max(open_, key=lambda name: shares[name] * ports - given[name])] += 1
    return given


def _distance(ports: Mapping[str, int], shares: Mapping[str, Fraction]) -> Fraction:
    total = sum(ports.values())
    return sum((abs(Fraction(ports[name], total) - share) for name, share in shares.items()), Fraction(0))


def _told(weights: Mapping[str, int]) -> str:
    return f"{{{', '.join(f'{name}: {weight}' for name, weight in weights.items())}}}"


def ports(base: int, count: int, taken: Collection[int] = ()) -> tuple[int, ...]:
    """Return `count` ports of a node: `base`, and from there every tenth that is not among `taken` (its other ports).

    Raises `ValueError` where they end; `crowded` says so before.

    >>> ports(8080, 3, taken=[8090])
    (8080, 8100, 8110)
    """
    if said := crowded(base, count, taken):
        raise ValueError(said)
    return _from(base, count, taken)


def crowded(base: int, count: int, taken: Collection[int] = ()) -> str | None:
    """Return why there are not `count` ports from `base` on, or None."""
    last = _from(base, count, taken)[-1]
    if last <= LAST:
        return None
    other = next(each for each in range(LAST, 0, -1) if _from(each, count, taken)[-1] <= LAST)
    return f"got {base}, from which {count} ports in steps of {STEP} lead to {last}, want one such as {other}"


def room(base: int, count: int, taken: Collection[int] = ()) -> tuple[int, ...]:
    """Return the ports that `ports` gives, or as many of them as there are.

    >>> room(65520, 3)
    (65520, 65530)
    """
    return tuple(each for each in _from(base, count, taken) if each <= LAST)


def _from(base: int, count: int, taken: Collection[int]) -> tuple[int, ...]:
    found = [base]
    number = base
    while len(found) < count:
        number += STEP
        if number not in taken:
            found.append(number)
    return tuple(found)


def spread(
    weights: Mapping[str, int], nodes: Collection[str], base: int, taken: Collection[int] = ()
) -> dict[str, tuple[int, ...]]:
    """Return the ports of each node on which users reach it, all of them beginning at `base`."""
    return {name: ports(base, count, taken) for name, count in reduced(weights, nodes).items()}
