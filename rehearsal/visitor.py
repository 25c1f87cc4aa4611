"""An HTTP client that speaks from inside a network namespace: as a user of the cluster, or as the balancer."""

import contextlib
import http.client
import json
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from types import TracebackType
from typing import Any, TypeVar

from rehearsal.netns import connect_in

T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; `headers` have lower-case names, repeated ones joined by a comma."""

    code: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON. Raises `ValueError` if it is none."""
        return json.loads(self.body)


@dataclass
class CookieJar:
    """The cookies of one user at one host, as a browser keeps them; several connections may share it.

    Paths, ages and the rest are not minded: a check's user asks one host for minutes.
    """

    cookies: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def header(self) -> str:
        """Return the value of the `Cookie` header; empty without cookies."""
        with self._lock:
            return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def keep(self, set_cookie: str) -> None:
        """Keep what one `Set-Cookie` header says; what cannot be read is passed over, as browsers do."""
        parsed = SimpleCookie()
        with contextlib.suppress(CookieError):
            parsed.load(set_cookie)
        with self._lock:
            self.cookies.update({name: morsel.coded_value for name, morsel in parsed.items()})


class _Connection(http.client.HTTPConnection):
    """Connects from inside a namespace; everything else is as ever."""

    def __init__(self, namespace: str, address: tuple[str, int], timeout: float, tls: bool, name: str) -> None:
        super().__init__(*address, timeout=timeout)
        self._place = (namespace, address, timeout)
        self._tls, self._name = tls, name

    def connect(self) -> None:
        """Make the connection in the namespace."""
        made = connect_in(*self._place)
        self.sock = encrypted(made, self._name) if self._tls else made


def encrypted(connection: socket.socket, name: str) -> ssl.SSLSocket:
    """Return the connection with TLS to `name`, whoever answers.

    The certificate is the rehearsal's stand-in for one of which only ACM has the key.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(connection, server_hostname=name)


class Client:
    """A kept-alive connection from `namespace` to `address` (numeric), for one thread at a time.

    `host` is the `Host` header (default: the address); `jar` keeps and sends cookies, without one none are sent. With
    `tls` it speaks HTTPS, and takes any certificate.
    """

    def __init__(
        self,
        namespace: str,
        address: tuple[str, int],
        *,
        host: str | None = None,
        jar: CookieJar | None = None,
        tls: bool = False,
        timeout: float = 10.0,
    ) -> None:
        self._host = host or address[0]
        self._connection = _Connection(namespace, address, timeout, tls, self._host)
        self._jar = jar

    def request(self, method: str, path: str, body: bytes | None = None) -> Answer:
        """Return the answer, whatever its code. A kept connection that the other side has closed is made anew.

        Raises `OSError` (`TimeoutError` on silence) or `http.client.HTTPException`.
        """
        fresh = self._connection.sock is None
        try:
            return self._ask(method, path, body)
        except (ConnectionResetError, BrokenPipeError, http.client.RemoteDisconnected):
            self.close()
            # Asking twice could write twice; a kept connection may be closed idle, and reading twice harms nobody.
            if fresh or method not in ("GET", "HEAD"):
                raise
            return self._ask(method, path, body)

    def close(self) -> None:
        """Close the connection; the next request makes a new one."""
        self._connection.close()

    def _ask(self, method: str, path: str, body: bytes | None) -> Answer:
        cookies = self._jar.header() if self._jar is not None else ""
        headers = {"Host": self._host, **({"Cookie": cookies} if cookies else {})}
        if body is not None:
            headers["Content-Type"] = "text/plain; charset=utf-8"
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if self._jar is not None:
            for line in answer.headers.get_all("Set-Cookie", []):
                self._jar.keep(line)
        return Answer(answer.status, _joined(answer.headers), content)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def in_parallel(make: Callable[[], Client], work: Callable[[Client], T], times: int, workers: int) -> list[T]:
    """Return what `work` returns, called `times` times in all by `workers` threads with a client of its own each.

    The first exception of any of them is raised.
    """

    def share(count: int) -> list[T]:
        with make() as client:
            return [work(client) for _ in range(count)]

    shares = [times // workers + (index < times % workers) for index in range(workers)]
    with ThreadPoolExecutor(max_workers=workers) as crowd:
        return [result for results in crowd.map(share, shares) for result in results]


def _joined(headers: http.client.HTTPMessage) -> dict[str, str]:
    names = {name.lower() for name in headers}
    return {name: ", ".join(headers.get_all(name, [])) for name in names}
