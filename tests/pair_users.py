"""Users who go on asking while a cluster changes: of any product those who read, of a pair one who writes, too."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial

from rehearsal.visitor import Answer, CookieJar
from tests.scenario_support import Bench, meanwhile

READERS = 3
OK = 200


@contextmanager
def readers(bench: Bench, path: str) -> Iterator[Counter[str]]:
    """Let users read `path` through the balancer all the time; yields how often which answer came."""
    answers: Counter[str] = Counter()
    with ExitStack() as crowd:
        for number in range(READERS):
            read = partial(_ask, bench, answers, "GET", path, CookieJar())
            crowd.enter_context(meanwhile(read, 0.05, f"reader-{number}"))
        yield answers


@contextmanager
def users(bench: Bench) -> Iterator[Counter[str]]:
    """Let users of a pair read, and one write, all the time; yields as `readers` does."""
    with readers(bench, "/api/session") as answers:
        write = partial(_ask, bench, answers, "PUT", "/admin/configuration/rotated", CookieJar(), b"x")
        with meanwhile(write, 0.1, "writer"):
            yield answers


def _ask(
    bench: Bench, answers: Counter[str], method: str, path: str, jar: CookieJar, body: bytes | None = None
) -> None:
    try:
        with bench.scene.visitor(jar) as user:
            answer = user.request(method, path, body)
            answers[str(answer.code) if answer.code == OK else _told(method, answer)] += 1
    except OSError as fault:
        answers[f"{datetime.now(UTC):%T} {method}: {fault!r}"] += 1


def _told(method: str, answer: Answer) -> str:
    """Return what a failure is told by, for which its number says too little."""
    return f"{datetime.now(UTC):%T} {method}: {answer.code} {answer.body!r}"
