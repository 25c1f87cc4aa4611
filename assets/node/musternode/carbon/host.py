"""This host as one member of a WSO2 Carbon cluster."""

from pathlib import Path

from ..servers import host
from .settings import Settings

USER = "wso2"
UNIT = "wso2-carbon.service"
Host = host.Host[Settings]


def log_of(this: Host) -> Path:
    """Return the product's log."""
    return this.current / "repository/logs/wso2carbon.log"
