"""This host as one node of a cluster of Axon.ivy engines."""

from ..servers import host
from .document import Settings

USER = "ivy"
NUMBER = 7801
"""The number of user and group: files on what nodes share belong to numbers, which must be the same everywhere."""
UNIT = "axonivy.service"
Host = host.Host[Settings]
