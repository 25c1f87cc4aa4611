"""Users of a pair who go on asking while it changes."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from rehearsal.visitor import CookieJar
from tests.scenario_support import Bench, meanwhile

READERS = 3


@contextmanager
def users(bench: Bench) -> Iterator[Counter[str]]:
    """Let users read, and one write, through the balancer all the time; yields how often which answer came."""
    answers: Counter[str] = Counter()

    def ask(method: str, path: str, jar: CookieJar, body: bytes | None = None) -> None:
        try:
            with bench.scene.visitor(jar) as user:
                answers[str(user.request(method, path, body).code)] += 1
        except OSError as fault:
            answers[repr(fault)] += 1

    with ExitStack() as crowd:
        for number in range(READERS):
            read = partial(ask, "GET", "/api/session", CookieJar())
            crowd.enter_context(meanwhile(read, 0.05, f"reader-{number}"))
        write = partial(ask, "PUT", "/admin/configuration/rotated", CookieJar(), b"x")
        crowd.enter_context(meanwhile(write, 0.1, "writer"))
        yield answers
