"""What the settings want in the product's files beside its clustering."""

from pathlib import Path

from ..carbon import product
from ..carbon.host import USER
from ..carbon.settings import AXIS2
from ..subversion.accounts import COMMIT
from . import accounts, axis2_properties, carbon_xml, catalina_xml, commits, reader, server_configuration, start_script
from .catalina_xml import Proxies
from .host import Host
from .server_configuration import Wanted
from .settings import WORKER

WRITTEN = (*product.WRITTEN, "bin", "repository/conf/tomcat", "repository/conf/datasources")
"""Folders in which root writes."""


def write(this: Host, *, may_commit: bool) -> bool:
    """Write the product's files, of a product that commits or only checks out; return whether anything changed.

    Raises `Failure` that names the file.
    """
    home, group = this.current.resolve(), this.settings.group(this.identity.node)
    own, ports = _server(this, may_commit=may_commit), this.settings.settings.proxy_ports
    proxies = Proxies(ports.http, ports.https)
    worker = group == WORKER
    axis2 = product.PLACES[AXIS2]
    changed = [
        product.edit(home, axis2, lambda old: axis2_properties.patched(old, group), USER),
        product.edit(home, Path(server_configuration.NAME), lambda old: carbon_xml.patched(old, own), USER),
        product.edit(home, Path(catalina_xml.NAME), lambda old: catalina_xml.patched(old, proxies), USER),
        product.edit(home, Path(start_script.NAME), lambda old: start_script.patched(old, worker), USER, mode=0o750),
    ]
    commits.keep(this.paths, commits=may_commit)
    return any(changed)


def _server(this: Host, *, may_commit: bool) -> Wanted:
    chosen = this.settings
    user = accounts.of(this, COMMIT) if may_commit else reader.account(this)
    if not may_commit:
        reader.keep(this, user)
    return Wanted(
        chosen.offset,
        chosen.settings.host,
        chosen.settings.management,
        may_commit,
        chosen.repository,
        user.username,
        user.password,
        chosen.settings.artifacts.append,
    )
