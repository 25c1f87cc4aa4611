"""The units of nodes of every product and form, as texts: what systemd is given."""

from collections.abc import Mapping
from pathlib import Path

from musternode import units
from musternode.appserver import units as appserver_units
from musternode.axonivy import units as axonivy_units
from musternode.axonivy.kind import KIND as AXONIVY
from musternode.between import passage
from musternode.between import units as between_units
from musternode.carbon import units as carbon_units
from musternode.carbon.kind import KIND as CARBON
from musternode.host import Identity
from musternode.kaazing import units as kaazing_units
from musternode.paths import Paths
from musternode.products import as400gateway
from musternode.servers import units as servers
from musternode.servers.host import Host
from musternode.settings import Updates
from musternode.system import Systemd
from musternode.tls import front
from musternode.tls import units as tls_units
from musternode.updates import units as updates
from tests import appserver_support, node_axonivy, node_carbon, node_kaazing
from tests.node_support import settings

JAVA, NODE = Path("/usr/lib/jvm/java-17"), Identity("a", "/p")
FRONT = front.Front("a", "10.0.1.10", 8443, 8080, rules="table ip muster_tls {}")
BRIDGED = {"credentials": "bridge", "discovery_role": node_carbon.ROLE, "engine": "4.2.6", "kernel": "4.9.14"}
Texts = Mapping[str, str]


def pair() -> Texts:
    """Return those of a node of an AS400Gateway pair, with TLS to it and between both."""
    chosen, paths = settings(), Paths()
    of_updates = updates.units(Updates("sunday", 3, "latest"), paths)
    timed = {updates.SERVICE: of_updates[updates.SERVICE]}
    fronts = {front.UNIT: tls_units.unit(FRONT, paths), passage.UNIT: between_units.unit(paths)}
    return {**units.units(chosen, chosen.members[0], as400gateway.layout(chosen), paths), **timed, **fronts}


def bridged() -> Texts:
    """Return those of a member of WSO2 Carbon with a bridge."""
    this = Host(NODE, node_carbon.chosen(product=BRIDGED), Paths(), Systemd())
    script = this.distribution / "wso2/bin/wso2server.sh"
    return {**servers.common(CARBON, this), **carbon_units.texts(this, JAVA, script)}


def keeper() -> Texts:
    """Return those of a management node of WSO2 AS, which serves the repository."""
    this = Host(NODE, appserver_support.chosen(), Paths(), Systemd())
    return appserver_units.texts(this, JAVA, this.distribution / "wso2as/bin/wso2server.sh")


def gateway() -> Texts:
    """Return those of a member of Kaazing Gateway, but for the one that answers the balancer."""
    this = Host(NODE, node_kaazing.chosen(), Paths(), Systemd())
    return {"kaazing.service": kaazing_units.product(this, JAVA)}


def engine() -> Texts:
    """Return those of a node of Axon.ivy."""
    this = Host(NODE, node_axonivy.chosen(), Paths(), Systemd())
    return {**servers.common(AXONIVY, this), "axonivy.service": axonivy_units.product(this, JAVA)}


FORMS = {"as400gateway": pair, "wso2-carbon": bridged, "wso2-as": keeper, "kaazing": gateway, "axonivy": engine}
"""One form of each product: together they have every service there is."""
