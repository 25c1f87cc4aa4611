"""The units of a node of WSO2 Application Server, as text: those of WSO2 Carbon, and the server of the repository."""

from pathlib import Path
from typing import Dict

from .. import subversion
from ..carbon import units as carbon
from ..carbon.host import UNIT
from ..subversion import place
from ..subversion import units as served
from .host import Host, widened

SETUP = "-Dsetup"
"""By it the product makes the tables of a database that has none (carbon-kernel, DefaultRealmService)."""


def texts(this: Host, java_home: Path, script: Path) -> Dict[str, str]:
    """Return file name and text of each unit of the product on this node; `script` starts it."""
    made = carbon.texts(widened(this), java_home, script)
    if this.settings.settings.database is not None and this.identity.node == this.settings.settings.committer:
        made[UNIT] = made[UNIT].replace('"JAVA_OPTS=', f'"JAVA_OPTS={SETUP} ')
    if this.settings.keeps(this.identity.node):
        here, port = place.of(this.paths), this.settings.ports.svn
        made[subversion.UNIT] = served.server(this.paths, here, this.node.address, port)
    return made
