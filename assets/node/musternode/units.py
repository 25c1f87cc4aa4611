"""The units of a node, as text: constant but for addresses, ports and folders."""

from pathlib import Path
from typing import Dict

from .paths import Paths
from .products.as400gateway import SCHEMA_UNIT, UNIT, USER, Layout
from .settings import Node, Settings

H2_USER = "muster-h2"
VOLUME, MEMBER, READINESS = "muster-volume.service", "muster-member.service", "muster-readiness.service"
AGENT = "muster-agent.service"
ENABLED = (VOLUME, MEMBER, READINESS, AGENT)
"""Started at each boot. H2 and the application never are: the member starts them when the pair is formed."""

_HARDENED = """\
NoNewPrivileges=yes
CapabilityBoundingSet=
PrivateTmp=yes
PrivateDevices=yes
ProtectHome=yes
ProtectControlGroups=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
SystemCallArchitectures=native
"""


def units(settings: Settings, node: Node, place: Layout, paths: Paths) -> Dict[str, str]:
    """Return file name and text of each unit of this node."""
    return {
        VOLUME: _volume(paths),
        "muster-h2.service": _h2(settings, node, paths),
        MEMBER: _member(paths),
        UNIT: _application(place, "AS400Gateway", f"file:{place.config}/", "Restart=on-failure\nRestartSec=5\n"),
        SCHEMA_UNIT: _application(
            place, "AS400Gateway, run once to make its schema", f"file:{place.config}/,file:{paths.schema}/", ""
        ),
        READINESS: _readiness(settings, node, paths),
        AGENT: _agent(settings, node, paths),
    }


def _python(program: Path) -> str:
    return f"Environment=PYTHONPATH={program} PYTHONDONTWRITEBYTECODE=1\nExecStart=/usr/bin/python3 -m musternode"


def _volume(paths: Paths) -> str:
    return f"""\
[Unit]
Description=Data volume of this cluster node
DefaultDependencies=yes

[Service]
Type=oneshot
RemainAfterExit=yes
TimeoutStartSec=300
{_python(paths.current)} volume

[Install]
WantedBy=multi-user.target
"""


def _h2(settings: Settings, node: Node, paths: Paths) -> str:
    return f"""\
[Unit]
Description=H2 server of this cluster node; only {MEMBER} may start it
Requires={VOLUME}
After={VOLUME}

[Service]
User={H2_USER}
UMask=0077
WorkingDirectory={paths.databases}
ExecStart=/usr/bin/java -Xmx256m -XX:+UseSerialGC -Dfile.encoding=UTF-8 -Dh2.bindAddress={node.address} \
-cp {paths.h2_jar} org.h2.tools.Server -tcp -tcpAllowOthers -tcpPort {settings.ports.database} \
-baseDir {paths.databases} -ifNotExists -properties null
SuccessExitStatus=143
TimeoutStopSec=60
Restart=no
ProtectSystem=strict
ReadWritePaths={paths.databases}
{_HARDENED}"""


def _member(paths: Paths) -> str:
    return f"""\
[Unit]
Description=Member of the cluster: forms the pair and keeps its application
StartLimitIntervalSec=0
Requires={VOLUME}
After={VOLUME} network-online.target
Wants=network-online.target

[Service]
RuntimeDirectory=muster
RuntimeDirectoryMode=0700
RuntimeDirectoryPreserve=yes
{_python(paths.current)} member
Restart=always
RestartSec=2

[Install]
WantedBy=multi-user.target
"""


def _application(place: Layout, description: str, configuration: str, restart: str) -> str:
    return f"""\
[Unit]
Description={description}

[Service]
User={USER}
UMask=0027
StateDirectory={USER}
Environment=SPRING_CONFIG_ADDITIONALLOCATION={configuration}
ExecStart={place.jar}
SuccessExitStatus=143
TimeoutStopSec=60
{restart}NoNewPrivileges=yes
PrivateTmp=yes
ProtectHome=yes
"""


def _readiness(settings: Settings, node: Node, paths: Paths) -> str:
    ports = settings.ports
    return f"""\
[Unit]
Description=Answers the balancer whether this node may be given users
StartLimitIntervalSec=0
After=network-online.target
Wants=network-online.target

[Service]
DynamicUser=yes
{_python(paths.current)} readiness {node.address} {ports.readiness} {ports.peer} {ports.http} {settings.settings.health}
Restart=always
RestartSec=1
ProtectSystem=strict
{_HARDENED}
[Install]
WantedBy=multi-user.target
"""


def _agent(settings: Settings, node: Node, paths: Paths) -> str:
    """Return the unit of the agent; it names its program's folder, so that another program changes the unit."""
    peer, port = settings.peer_of(node.name), settings.ports.peer
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
{_python(program)} agent {settings.region} {settings.cluster} {node.name} {node.address} {peer.address} {port}
Restart=always
RestartSec=5
Nice=10
CPUWeight=20
MemoryMax=192M
ProtectSystem=strict
{_HARDENED}
[Install]
WantedBy=multi-user.target
"""
