"""The engine's unit on a node, as text."""

from pathlib import Path

from .. import guard, hardening
from ..units import MEMBER
from . import launch, redirect
from .host import USER, Host
from .layout import Layout


def rules_file(this: Host) -> Path:
    """Return the file with the kernel's rules by which further ports lead to the engine's one."""
    return this.paths.etc / redirect.FILE


def product(this: Host, java_home: Path) -> str:
    """Return the engine's unit. It waits for what is mounted at the shared folder, and ends before that is unmounted.

    The rules are given at each start: after a boot the kernel knows none.
    """
    home = this.current.resolve()
    environment = "".join(f"Environment={name}={value}\n" for name, value in launch.environment(java_home).items())
    endings = " ".join(map(str, launch.ENDINGS))
    return f"""\
[Unit]
Description=Axon.ivy engine {this.settings.settings.version}; {MEMBER} starts it
StartLimitIntervalSec=0
RequiresMountsFor={this.settings.settings.shared}

[Service]
User={USER}
WorkingDirectory={home}
{environment}{guard.line(this.paths)}{guard.given(rules_file(this))}ExecStart={" ".join(launch.command(Layout(home)))}
SuccessExitStatus={endings}
TimeoutStopSec=60
Restart=on-failure
RestartSec=5
LimitNOFILE=65536
{hardening.product(this.distribution, this.settings.settings.shared)}"""
