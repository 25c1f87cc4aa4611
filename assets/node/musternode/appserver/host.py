"""This host as one member of a cluster of WSO2 Application Servers; user, unit and log are WSO2 Carbon's."""

from typing import Any, cast

from ..carbon import host as carbon
from ..servers import host
from .settings import Settings

Host = host.Host[Settings]


def narrowed(this: Any) -> Host:
    """Return a host of WSO2 Carbon, whose settings this product's kind has read, as what it is."""
    return cast("Host", this)


def widened(this: Host) -> carbon.Host:
    """Return it as a host of WSO2 Carbon, for what is alike."""
    return cast("carbon.Host", this)
