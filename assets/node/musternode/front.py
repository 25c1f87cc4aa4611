"""Who may reach the database port of this node. The seam where a gate will stand.

An nftables table of its own refuses with a reset, so that a client learns at once that it is refused.
"""

from typing import Optional, Protocol

from .commands import run

TABLE = "muster_front"


class Front(Protocol):
    """The door of the database port."""

    def shut(self) -> None:
        """Let nobody in but this node itself."""

    def reserve(self, address: str) -> None:
        """Let nobody in but `address`: not even this node's own application."""

    def open(self) -> None:
        """Let everybody in whom the security group lets in."""


class NftFront:
    """The door kept by the kernel: holds without any process, and cuts established connections too."""

    def __init__(self, address: str, port: int) -> None:
        self._address = address
        self._port = port

    def shut(self) -> None:
        """Let nobody in but this node itself."""
        self._load(ruleset(self._address, self._port, self._address))

    def reserve(self, address: str) -> None:
        """Let nobody in but `address`."""
        self._load(ruleset(self._address, self._port, address))

    def open(self) -> None:
        """Let everybody in."""
        self._load(ruleset(self._address, self._port, None))

    def _load(self, text: str) -> None:
        run(["nft", "-f", "-"], given=text)


def ruleset(address: str, port: int, only: Optional[str]) -> str:
    """Return the nftables transaction that lets in `only` (everybody if None) at `address`:`port`.

    It replaces the table as a whole, so there is no moment without a rule. No rule asks for connection state: a
    connection made before is refused as well.
    """
    rule = f"    ip daddr {address} ip saddr != {only} tcp dport {port} reject with tcp reset\n" if only else ""
    return (
        f"table inet {TABLE} {{}}\n"
        f"delete table inet {TABLE}\n"
        f"table inet {TABLE} {{\n"
        "  chain input {\n"
        "    type filter hook input priority filter - 5; policy accept;\n"
        f"{rule}"
        "  }\n"
        "}\n"
    )
