"""A schedule: how the world begins, and what goes wrong when."""

from dataclasses import dataclass, replace
from random import Random

STARTS = ("pair", "pair", "pair", "pair", "pair", "alone", "alone", "new")
"""How the world begins: a whole pair, node a alone and node b to come in, or nothing yet."""
_NODE_FAULTS: tuple[tuple[str, float, float], ...] = (
    ("kill h2", 0.0, 0.0),
    ("hang h2", 0.3, 8.0),
    ("kill gate", 0.1, 3.0),
    ("stop gate", 0.3, 8.0),
    ("upgrade gate", 0.3, 2.0),
    ("freeze host", 0.3, 8.0),
    ("power off", 1.0, 8.0),
    ("reboot", 1.0, 5.0),
    ("cut from peer", 0.3, 10.0),
    ("cut to peer", 0.3, 10.0),
    ("part from peer", 0.3, 10.0),
    ("part from clients", 0.5, 5.0),
    ("witness fails", 0.5, 10.0),
    ("witness silent", 0.5, 10.0),
    ("witness flaky", 0.5, 10.0),
    ("witness slow", 0.5, 10.0),
    ("witness loses answers", 0.5, 10.0),
    ("witness is late", 0.5, 10.0),
    ("fail job", 0.0, 0.0),
    ("leave", 3.0, 8.0),
    ("break disk", 0.0, 0.0),
    ("kill client", 0.0, 0.0),
    ("forget clients", 0.1, 2.0),
)
_PAIR_FAULTS: tuple[tuple[str, float, float], ...] = (
    ("lose messages", 0.5, 8.0),
    ("slow network", 0.5, 8.0),
    ("slow hands", 0.5, 5.0),
    ("slow disks", 0.5, 5.0),
    ("pause", 1.0, 8.0),
    ("unlike", 0.0, 0.0),
    ("force", 0.0, 0.0),
    ("kill both h2", 0.0, 0.0),
    ("power off both", 1.0, 5.0),
    ("lose item", 0.0, 0.0),
    ("restore", 0.0, 0.0),
    ("lose disk", 1.0, 5.0),
    ("old disk", 1.0, 5.0),
)
HARMLESS = ("pause", "kill client", "forget clients", "slow disks")
"""What neither ends a server nor changes who serves. A slow network may, and slow hands may."""
GRAVE = ("kill both h2", "power off both", "force", "lose item", "lose disk", "old disk", "restore")
"""What may cost acknowledged writes by itself."""
MOMENTS = (
    *("write", "copied", "wanting", "lending", "in", "waiting", "copy", "serve", "lend", "effect", "hit"),
    *("starting", "seed", "form"),
)


@dataclass(frozen=True)
class Fault:
    """`kind` befalls `node` at `at` seconds, or `at` seconds after the `nth` `moment`; it lasts `lasts` seconds."""

    kind: str
    node: str
    at: float
    lasts: float
    moment: str = ""
    nth: int = 1
    step: int = 0

    def __str__(self) -> str:
        when = f"{self.at:.3f} s" + (f" after {self.moment} ({self.nth})" if self.moment else "")
        lasts = f" for {self.lasts:.2f} s" if self.lasts else ""
        step = f" at its step {self.step}" if self.kind == "fail job" else ""
        return f"{when}: {self.kind} {self.node}{step}{lasts}"


@dataclass(frozen=True)
class Schedule:
    """One run: `seed` also moves everything that is left to chance."""

    seed: int
    start: str
    interval: float
    faults: tuple[Fault, ...]
    third: bool = False

    def without(self, place: int) -> "Schedule":
        """Return the schedule without one of its faults."""
        return replace(self, faults=self.faults[:place] + self.faults[place + 1 :])

    def __str__(self) -> str:
        head = f"seed {self.seed}, start {self.start}, takeover_interval {self.interval:g}"
        return "\n".join([head + (", a client elsewhere" if self.third else ""), *(f"  {one}" for one in self.faults)])


def schedule(seed: int) -> Schedule:
    """Return the schedule of `seed`: none, one, two or more faults, many of them at a delicate moment."""
    random = Random(seed)  # noqa: S311 - chance that can be repeated
    count = random.choice((0, 1, 1, 1, 2, 2, 2, 2, 3, 3, 4, 5))
    drawn = random.random()
    if drawn < 0.08:
        return Schedule(seed, "alone", random.choice((0.0, 600.0)), _offer(random), third=random.random() < 0.4)
    found = [_fault(random) for _ in range(count)] if drawn < 0.65 else _storm(random)
    faults = tuple(sorted(found, key=lambda one: (one.moment != "", one.at)))
    return Schedule(seed, random.choice(STARTS), random.choice((0.0, 0.0, 600.0)), faults, third=random.random() < 0.4)


def _storm(random: Random) -> list[Fault]:
    """Return two to four faults at one moment, and at times one that made it come about."""
    moment, nth = _moment(random), random.choice((1, 1, 1, 2, 3))
    at = [random.choice((0.0, 0.01, 0.1, 0.5)) * random.random() for _ in range(random.choice((2, 2, 3, 4)))]
    found = [replace(_fault(random), moment=moment, nth=nth, at=one) for one in at]
    return [*found, *([replace(_fault(random), moment="", at=2 * random.random())] if random.random() < 0.5 else [])]


def _offer(random: Random) -> tuple[Fault, ...]:
    """Return faults around the write by which node a makes node b a member, which is late or whose answer is lost."""
    kind = random.choice(("witness is late", "witness is late", "witness loses answers", "witness silent"))
    late = Fault(kind, "a", 0.0, random.uniform(1.0, 9.0), "lending a")
    moment, nth = random.choice((("copied b", 1), ("write a", 2)))
    at = [random.choice((0.01, 0.3, 2.0)) * random.random() for _ in range(random.choice((1, 2, 2, 3)))]
    return (late, *(replace(_fault(random), moment=moment, nth=nth, at=one) for one in at))


def _moment(random: Random) -> str:
    return f"{random.choice(MOMENTS)} {random.choice(('a', 'b'))}"


def _fault(random: Random) -> Fault:
    if random.random() < 0.85:
        kind, shortest, longest = random.choice(_NODE_FAULTS)
        node = random.choice(("a", "b"))
    else:
        kind, shortest, longest = random.choice(_PAIR_FAULTS)
        node = random.choice(("a", "b")) if kind in {"force", "lose disk", "old disk"} else "both"
    lasts = random.uniform(shortest, longest)
    step = random.randrange(8)
    if random.random() < 0.5:
        return Fault(kind, node, random.uniform(0.0, 8.0), lasts, step=step)
    at = random.choice((0.0, 0.002, 0.02, 0.1, 0.5)) * random.random()
    return Fault(kind, node, at, lasts, _moment(random), random.choice((1, 1, 1, 2, 3)), step)


def single(text: Schedule) -> bool:
    """Return whether at most one thing happens in it that may end a server or change who serves."""
    if text.start == "alone":
        return False
    kinds = [one.kind for one in text.faults]
    return sum(kind not in HARMLESS for kind in kinds) <= 1 and not any(kind in GRAVE for kind in kinds)
