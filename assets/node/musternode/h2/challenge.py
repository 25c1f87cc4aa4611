"""Mutual challenge and response: both ends of a connection prove the cluster's key before either says anything else.

The server sends 32 random bytes; the client answers with 32 of its own and a proof over both, both names and its role;
only then the server proves itself. So a stranger is told random bytes and nothing else, no proof is good for the other
role (reflection), for another connection (replay), or when a node reaches itself.
"""

import hmac
import secrets
from dataclasses import dataclass

from .frames import MAC, Direction, Opener, Sealer

NONCE = 32
REPLY = NONCE + MAC
"""Bytes of the client's answer."""
_LABEL = b"muster peer 1 "


def nonce() -> bytes:
    """Return fresh random bytes."""
    return secrets.token_bytes(NONCE)


@dataclass(frozen=True)
class Parties:
    """The key and who claims to hold it in which role."""

    key: bytes
    client: str
    server: str

    def proof(self, role: Direction, server_nonce: bytes, client_nonce: bytes) -> bytes:
        """Return what the holder of the key in `role` says to these two challenges."""
        return self._derived(b"proof " + role.value, server_nonce, client_nonce)

    def proven(self, claim: bytes, role: Direction, server_nonce: bytes, client_nonce: bytes) -> bool:
        """Return whether `claim` is that proof, in constant time."""
        return hmac.compare_digest(claim, self.proof(role, server_nonce, client_nonce))

    def seals(self, sender: Direction, server_nonce: bytes, client_nonce: bytes) -> "Seals":
        """Return what the end `sender` seals and opens its frames with, under keys of this connection alone."""
        receiver = Direction.SERVER if sender is Direction.CLIENT else Direction.CLIENT
        own, other = (self._derived(b"session " + one.value, server_nonce, client_nonce) for one in (sender, receiver))
        return Seals(Sealer(own, sender), Opener(other, receiver))

    def _derived(self, purpose: bytes, server_nonce: bytes, client_nonce: bytes) -> bytes:
        names = b"".join(len(name).to_bytes(4, "big") + name for name in map(str.encode, (self.client, self.server)))
        return hmac.new(self.key, _LABEL + purpose + names + server_nonce + client_nonce, "sha256").digest()


@dataclass(frozen=True)
class Seals:
    """Both directions of one connection, seen from one end."""

    sealer: Sealer
    opener: Opener
