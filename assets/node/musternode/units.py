"""The units of a node, as text: constant but for addresses, ports and folders."""

from pathlib import Path
from typing import Dict, Protocol, Tuple

from . import guard, hardening
from .between.passage import UNIT as FRONT
from .h2.alive import EVERY as WATCHDOG
from .h2.database import UNIT as H2
from .paths import Paths
from .products.as400gateway import SCHEMA_UNIT, UNIT, USER, Layout
from .settings import Asset, Node, Settings
from .tls.readiness import argument

H2_USER = "muster-h2"
VOLUME, MEMBER, READINESS = "muster-volume.service", "muster-member.service", "muster-readiness.service"
AGENT, GATE = "muster-agent.service", "muster-gate.service"
ENABLED = (VOLUME, GATE, MEMBER, READINESS, AGENT)
"""Started at each boot. H2 and the application never are: gate process and member start them when it is time."""


def units(settings: Settings, node: Node, place: Layout, paths: Paths) -> Dict[str, str]:
    """Return file name and text of each unit of this node."""
    return {
        VOLUME: volume(paths),
        GATE: _gate(settings, paths),
        H2: _h2(settings, paths),
        MEMBER: member(paths),
        UNIT: _application(
            paths,
            place,
            "AS400Gateway",
            f"file:{place.config}/",
            guard.server_line(paths),
            after=GATE,
            restart="on-failure",
        ),
        SCHEMA_UNIT: _application(
            paths,
            place,
            "AS400Gateway, run once to make its schema",
            f"file:{place.config}/,file:{paths.schema}/",
            guard.no_server_line(),
        ),
        READINESS: readiness(paths, _asked(settings, node)),
        AGENT: agent(settings, node.name, paths),
    }


class Named(Protocol):
    """What the agent's unit takes of any product's settings."""

    @property
    def region(self) -> str:
        """The region."""

    @property
    def cluster(self) -> str:
        """The cluster's name."""

    @property
    def asset(self) -> Asset:
        """The program."""


def python(program: Path) -> str:
    """Return the lines of a unit that start `musternode` from the folder `program`; a command follows."""
    return f"Environment=PYTHONPATH={program} PYTHONDONTWRITEBYTECODE=1\nExecStart=/usr/bin/python3 -m musternode"


def volume(paths: Paths) -> str:
    """Return the unit that mounts the data volume."""
    return f"""\
[Unit]
Description=Data volume of this cluster node
DefaultDependencies=yes

[Service]
Type=oneshot
RemainAfterExit=yes
TimeoutStartSec=300
{python(paths.current)} volume
{hardening.VOLUME}
[Install]
WantedBy=multi-user.target
"""


def _gate(settings: Settings, paths: Paths) -> str:
    """Return the unit of the gate process; it names its program's folder, so that another program changes the unit.

    It writes the kernel's tables (nft, ss) and gives the database files to their user; it asks systemd for all else. It
    has no order with H2, which it stops while it is being stopped itself: systemd would let each wait for the other. At
    a shutdown it ends before the front to the other node, by which it says that it leaves: without that word the other
    one would have to take a restart for a loss.
    """
    program = paths.opt / settings.asset.sha256[:16]
    return f"""\
[Unit]
Description=Gate of the database and keeper of its pair; the only one that starts and stops H2
StartLimitIntervalSec=0
Requires={VOLUME}
After={VOLUME} {FRONT} network-online.target
Wants=network-online.target

[Service]
RuntimeDirectory=muster
RuntimeDirectoryMode=0700
RuntimeDirectoryPreserve=yes
{python(program)} gate
Restart=always
RestartSec=0.2
TimeoutStopSec=60
KillMode=mixed
NotifyAccess=main
WatchdogSec={WATCHDOG}
WatchdogSignal=SIGKILL
Nice=-5
OOMScoreAdjust=-900
ProtectSystem=strict
ReadWritePaths={paths.etc} {paths.data} {paths.root / "run"}
{hardening.GATE}
[Install]
WantedBy=multi-user.target
"""


def _h2(settings: Settings, paths: Paths) -> str:
    return f"""\
[Unit]
Description=H2 server of this cluster node; only {GATE} may start it
Requires={VOLUME}
After={VOLUME}

[Service]
User={H2_USER}
WorkingDirectory={paths.databases}
{guard.line(paths)}ExecStart=/usr/bin/java -Xmx256m -XX:+UseSerialGC -Dfile.encoding=UTF-8 -Dh2.bindAddress=127.0.0.1 \
-Dh2.maxCompactTime=0 \
-cp {paths.h2_jar} org.h2.tools.Server -tcp -tcpPort {settings.ports.database} \
-baseDir {paths.databases} -ifNotExists -properties null
SuccessExitStatus=143
TimeoutStopSec=60
Restart=no
ReadWritePaths={paths.databases}
{hardening.HARDENED}"""


def member(paths: Paths, rights: Tuple[str, ...] = ()) -> str:
    """Return the unit of the member, with these `rights` of the kernel beside those that every one has."""
    return f"""\
[Unit]
Description=Member of the cluster: keeps its application and its settings
StartLimitIntervalSec=0
Requires={VOLUME}
After={VOLUME} network-online.target
Wants=network-online.target

[Service]
RuntimeDirectory=muster
RuntimeDirectoryMode=0700
RuntimeDirectoryPreserve=yes
{python(paths.current)} member
Restart=always
RestartSec=2
{hardening.member(rights)}
[Install]
WantedBy=multi-user.target
"""


def _application(
    paths: Paths,
    place: Layout,
    description: str,
    configuration: str,
    server: str,
    *,
    after: str = "",
    restart: str = "no",
) -> str:
    """Return a unit of the application; at a shutdown it ends before the unit `after`, the way to its data.

    The line `server` says whether it may come to the H2 server past the gate.
    """
    return f"""\
[Unit]
Description={description}
After={after}

[Service]
User={USER}
StateDirectory={USER}
Environment=SPRING_CONFIG_ADDITIONALLOCATION={configuration}
{guard.line(paths)}{server}ExecStart={place.jar}
SuccessExitStatus=143
TimeoutStopSec=60
Restart={restart}
RestartSec=5
{hardening.product(place.home)}"""


def _asked(settings: Settings, node: Node) -> str:
    ports, product = settings.ports, settings.settings
    asked = f"{node.name} {node.address} {ports.readiness} {ports.http} {product.health} {product.admin_writes}"
    return f"readiness {asked}{argument(ports.tls)}"


def readiness(paths: Paths, command: str) -> str:
    """Return the unit that answers the balancer by `command` of musternode."""
    return f"""\
[Unit]
Description=Answers the balancer whether this node may be given users
StartLimitIntervalSec=0
After=network-online.target
Wants=network-online.target

[Service]
DynamicUser=yes
{python(paths.current)} {command}
Restart=always
RestartSec=1
ProcSubset=pid
{hardening.NO_METADATA}{hardening.NOT_JAVA}
[Install]
WantedBy=multi-user.target
"""


def agent(settings: Named, node: str, paths: Paths) -> str:
    """Return the unit of the agent; it names its program's folder, so that another program changes the unit."""
    program = paths.opt / settings.asset.sha256[:16]
    return f"""\
[Unit]
Description=Ships the journal and the metrics of this cluster node to CloudWatch; nothing waits for it
StartLimitIntervalSec=0
After=network-online.target {VOLUME}
Wants=network-online.target

[Service]
DynamicUser=yes
SupplementaryGroups=systemd-journal
StateDirectory=muster-agent
StateDirectoryMode=0700
{python(program)} agent {settings.region} {settings.cluster} {node}
Restart=always
RestartSec=5
Nice=10
CPUWeight=20
MemoryMax=192M
{hardening.NOT_JAVA}
[Install]
WantedBy=multi-user.target
"""
