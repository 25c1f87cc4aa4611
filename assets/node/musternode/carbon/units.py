"""The units of a node of WSO2 Carbon, as text."""

from pathlib import Path
from typing import Dict

from .. import guard, hardening
from ..units import MEMBER, python
from .bridge import PORT
from .host import UNIT, USER, Host
from .launch import java_options
from .settings import BRIDGE

BRIDGE_UNIT = "muster-bridge.service"
_RULES = f"PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -m musternode bridge rules {USER}"


def texts(this: Host, java_home: Path, script: Path) -> Dict[str, str]:
    """Return file name and text of each unit of the product on this node; `script` starts it."""
    made = {UNIT: _product(this, java_home, script)}
    if this.settings.settings.credentials == BRIDGE:
        made[BRIDGE_UNIT] = _bridge(this)
    return made


def _product(this: Host, java_home: Path, script: Path) -> str:
    """Return the product's unit; the scripts of WSO2 end with 143 or 130 when they are asked to end.

    It wants the bridge and does not require it: systemd would restart it with each bridge that ends by a fault
    (systemd.unit(5), Requires). The rules it requires, without which it would reach the instance's own role.
    """
    wants, rules = "", ""
    if this.settings.settings.credentials == BRIDGE:
        wants = f"Wants={BRIDGE_UNIT}\nAfter={BRIDGE_UNIT}\n"
        rules = f"ExecStartPre=+/usr/bin/env PYTHONPATH={this.paths.current} {_RULES}\n"
    return f"""\
[Unit]
Description=WSO2 product on Carbon kernel {this.settings.settings.kernel}; {MEMBER} starts it
StartLimitIntervalSec=0
{wants}
[Service]
User={USER}
WorkingDirectory={script.parent.parent}
Environment=JAVA_HOME={java_home}
Environment="JAVA_OPTS={java_options(this.settings)}"
{guard.line(this.paths)}{rules}ExecStart=/bin/sh {script}
SuccessExitStatus=143 130
TimeoutStopSec=60
Restart=on-failure
RestartSec=5
LimitNOFILE=65536
{hardening.product(this.distribution)}"""


def _bridge(this: Host) -> str:
    """Return the bridge's unit; it names its program's folder, so that another program changes the unit."""
    program = this.paths.opt / this.settings.asset.sha256[:16]
    role, region = this.settings.settings.discovery_role, this.settings.region
    return f"""\
[Unit]
Description=Zone and discovery credentials for an engine without IMDSv2, on 127.0.0.1:{PORT} for {USER} alone
StartLimitIntervalSec=0
After=network-online.target
Wants=network-online.target

[Service]
Type=notify
DynamicUser=yes
ExecStartPre=+/usr/bin/env PYTHONPATH={program} {_RULES}
{python(program)} bridge {role} {region} {this.identity.node}
Restart=always
RestartSec=1
{hardening.NOT_JAVA}"""
