"""This host as one member of a cluster of Kaazing Gateways."""

from pathlib import Path

from ..servers import host
from .settings import Settings

USER = "kaazing"
UNIT = "kaazing.service"
LOG = Path("log/error.log")
"""What the gateway tells of its start and its cluster, below its home: errors, and these words by their own loggers."""
Host = host.Host[Settings]


def log_of(this: Host) -> Path:
    """Return the product's log."""
    return this.current / LOG
