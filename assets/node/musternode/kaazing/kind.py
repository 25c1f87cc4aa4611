"""The Kaazing WebSocket Gateway as a kind of server."""

from dataclasses import replace
from pathlib import Path
from typing import Dict, Optional, Sequence

from ..servers import kind, log_file, peers
from ..servers.member import standing
from ..tls import front
from ..tls.front import Front
from ..tls.readiness import argument
from . import launch, product, settings, units, words
from .host import UNIT, USER, Host, log_of
from .log_sight import SIGHTS, Sight
from .member import Member
from .running import Running
from .settings import Settings
from .upgrade import Service

CONNECTIONS = 200_000
"""WebSockets that a front takes: as many as a gateway may have open, less what it needs for itself."""
SOURCES = tuple(f"127.0.1.{number}" for number in range(1, 9))
"""From which they reach the gateway: one address has 28,000 connections to one port. A gateway asks for no address."""


class Kaazing(kind.Kind[Settings]):
    """A Kaazing Gateway."""

    user, unit = USER, UNIT

    def read(self, text: str) -> Settings:
        """Return the settings document in `text`; raises `Failure` that names the first fault."""
        return settings.read(text)

    def member(self, this: Host) -> Member:
        """Return the member of this host, which has not looked yet."""
        own, chosen = standing(this), this.settings
        now, follower = log_file.kept(this.paths.etc / "sight.json", log_of(this), SIGHTS, Sight())
        ears = peers.Peers(chosen.others(own.name), chosen.ports.peer, words.read)
        return Member(own, Running(this.services, lambda: _service(this)), follower, ears, now)

    def home_in(self, folder: Path, name: str) -> Path:
        """Return the product's own home in the unpacked `folder` of the archive `name`; raises `Failure`."""
        return product.gateway_home(folder, name)

    def runs(self, path: Path) -> bool:
        """Return whether `path` is a program: the script that starts the gateway has no .sh at its end."""
        return super().runs(path) or path.parts[-2:] == launch.SCRIPT.parts

    def units(self, this: Host, java_home: Path) -> Dict[str, str]:
        """Return file name and text of the product's unit."""
        return {UNIT: units.product(this, java_home)}

    def readiness(self, this: Host) -> str:
        """Return the command that answers the balancer; raises `Failure` if nothing can be asked for a WebSocket."""
        service = _service(this)
        asked = f"{service.address} {this.settings.ports.readiness} {service.port} {service.host}"
        return f"kaazing-readiness {asked} {units.quoted(service.path)}{argument(this.settings.ports.tls)}"

    def front(self, this: Host) -> Optional[Front]:
        """Return the node's TLS front, which passes on as many WebSockets as a gateway takes."""
        ports = this.settings.ports
        made = front.of(this.node, ports.tls, ports.http)
        return made and replace(made, connections=CONNECTIONS, sources=SOURCES)

    def configure(self, this: Host, *, again: bool) -> bool:  # noqa: ARG002 - AWS is asked for nothing
        """Write what the settings want into the product's configuration; return whether that changed."""
        home = this.current.resolve()
        launch.check_home(home, this.settings.java)
        return product.configure(home, this.settings.wanted(this.identity.node), USER)

    def written(self) -> Sequence[str]:
        """Return the folders of the gateway's home in which root writes."""
        return ("conf",)

    def refusal(self, old: Settings, new: Settings) -> Optional[str]:
        """Return why `new` cannot be applied to members that run with `old` one after the other, or None if it can."""
        return settings.refusal(old, new)


KIND = Kaazing()


def _service(this: Host) -> Service:
    """Return the service that tells whether this node's gateway takes users; raises `Failure`."""
    path = product.websocket_path(this.current.resolve(), this.settings.settings.path)
    return this.settings.service(this.identity.node, path)
