"""The application on this node: started, stopped, asked for its health, run once to make the schema."""

import http.client
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from . import files, properties, web
from .aws import Credentials
from .failure import Failure, without
from .products import as400gateway
from .system import Services
from .waiting import poll

FIRST_START = 180.0
"""Seconds that the application has for its first start, in which it makes its schema."""


class Application(Protocol):
    """What the member asks of the application."""

    def start(self) -> None:
        """Start it."""

    def stop(self) -> None:
        """Stop it."""

    def running(self) -> bool:
        """Return whether it runs, healthy or not."""

    def healthy(self) -> bool:
        """Return whether it answers on its health path."""

    def complaint(self) -> str:
        """Return the clause that says what is wrong with it when it is not healthy."""

    def make_schema(self, url: str) -> None:
        """Run it once as the database's administrator at `url` until it is healthy; raises `Failure`."""


@dataclass(frozen=True)
class Gateway:
    """AS400Gateway as units of this host; `schema` is the folder in memory for the administrator's configuration."""

    node: str
    services: Services
    admin: Credentials
    user: Credentials
    port: int
    health: str
    schema: Path
    group: str = as400gateway.USER

    def start(self) -> None:
        """Start the unit."""
        self.services.start(as400gateway.UNIT)

    def stop(self) -> None:
        """Stop the unit."""
        self.services.stop(as400gateway.UNIT)

    def running(self) -> bool:
        """Return whether the unit runs."""
        return self.services.running(as400gateway.UNIT)

    def healthy(self) -> bool:
        """Return whether the health path answers 200 within 1.5 s."""
        return answers("127.0.0.1", self.port, self.health)

    def complaint(self) -> str:
        """Return what the application's health path lacks and what its journal says."""
        words = without(self.services.last_words(as400gateway.UNIT), self.admin.password, self.user.password)
        return f"the application does not answer 200 at {self.health} port {self.port}; it said: {words}"

    def make_schema(self, url: str) -> None:
        """Run the application once with the administrator's configuration laid over its own, reachable by nobody."""
        values = {**as400gateway.datasource(url, self.admin), "server.address": "127.0.0.1"}
        self.schema.mkdir(parents=True, exist_ok=True)
        self.schema.chmod(0o750)
        shutil.chown(self.schema, group=self.group)
        file = self.schema / "application.properties"
        files.write(file, properties.put(b"", values), mode=0o640, group=self.group)
        try:
            self.services.start(as400gateway.SCHEMA_UNIT)
            self._await_health()
        finally:
            self.services.stop(as400gateway.SCHEMA_UNIT)
            file.unlink()

    def _await_health(self) -> None:
        def settled() -> bool:
            return self.healthy() or not self.services.running(as400gateway.SCHEMA_UNIT)

        poll(settled, within=FIRST_START, every=0.1)
        if self.healthy():
            return
        words = without(self.services.last_words(as400gateway.SCHEMA_UNIT), self.admin.password)
        raise Failure(
            f"node {self.node}: the application did not become healthy at {self.health} port {self.port} in its first "
            f"run, which makes the schema; it said: {words}"
        )


def answers(address: str, port: int, path: str, *, timeout: float = 1.5) -> bool:
    """Return whether GET `path` gives 200 within `timeout` seconds a step."""
    return web.status(address, port, path, timeout) == http.client.OK
