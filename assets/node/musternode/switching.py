"""The application's user in the database, as this host keeps it: which one is in use, how another one takes over."""

from typing import Any, List

from . import host, rollback
from .aws import Credentials, client
from .h2 import data, rotation, turning
from .h2.rotation import Wanted
from .h2.tools import Tools
from .h2.turning import Turning
from .host import Host
from .products import as400gateway


class Switch:
    """Lets the application of `this` node begin anew with another user."""

    def __init__(self, this: Host) -> None:
        self._this = this

    def enters(self, user: Credentials) -> bool:
        """Return whether H2's own driver gets in as `user` through both gates."""
        paths = self._this.paths
        return turning.gets_in(Tools(paths.h2_jar, paths.run), self._this.pair.url, user)

    def switch(self, user: Credentials) -> None:
        """Write `user` into the application's files, stop it, keep `user` and begin the member anew, which starts it.

        What is kept comes last: a node that loses power meanwhile does all of it again.
        """
        this = self._this
        as400gateway.configure(this.layout, this.pair.url, user)
        this.services.stop(as400gateway.UNIT)
        host.save_credentials(this.paths, {**host.load_credentials(this.paths), "application": user})
        rollback.restart_self()


def in_use(this: Host) -> str:
    """Return the name of the user that the application is configured with; raises `Failure` if there is none yet."""
    return host.load_credentials(this.paths)["application"].username


def turner(this: Host) -> Turning:
    """Return what follows the application's secret on `this` node; not started yet."""
    settings, name = this.settings, this.identity.node
    clients: List[Any] = []

    def fetch() -> Wanted:
        if not clients:
            clients.append(client("secretsmanager", settings.region))
        return rotation.current(clients[0], settings.secrets.database_application)

    return Turning(
        fetch,
        data.wanted_file(this),
        host.load_credentials(this.paths)["application"],
        Switch(this),
        first=this.node.ordinal < this.peer.ordinal,
        alone=settings.alone(name),
    )
