"""The repository of artifacts that Muster makes: Subversion on a management node's data volume, for members alone.

One management node commits into it. A second one holds a mirror that takes no writes until it is its turn.
"""

USER = "muster-svn"
"""The system user that serves it, and who owns all of its files."""
UNIT = "muster-artifacts.service"
NAME = "artifacts"
"""The repository's name below the server's root, and so the path of its URL."""
PORT = 3690
"""The port that IANA gave to Subversion."""
PACKAGES = {"svnserve": "subversion"}
"""What is needed of the distribution, by a program that tells that it is there: alike on both systems."""


def url(address: str, port: int) -> str:
    """Return the URL of the repository that the node at `address` serves."""
    return f"svn://{address}:{port}/{NAME}"
