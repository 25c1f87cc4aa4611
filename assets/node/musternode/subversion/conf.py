"""What svnserve is configured by, outside the repository: one that is restored or mirrored brings no accounts along."""

from . import accounts, standing
from .accounts import Accounts
from .place import Place, write
from .words import Role

REALM = "muster-artifacts"
TEXT = f"""\
[general]
anon-access = none
auth-access = write
password-db = passwd
authz-db = authz
realm = {REALM}

[sasl]
use-sasl = false
"""
"""svnserve.conf: nobody gets in without an account. It is read once; the files of accounts are, for each connection.

Passwords do not cross the network: CRAM-MD5 is the only way in.
"""
_KEPT = "accounts.json"


def admit(place: Place, wanted: Accounts) -> bool:
    """Let the accounts `wanted` in, and those that they take the place of as well; return whether anything changed."""
    write(place.conf, TEXT, place.owner)
    return _write(place, accounts.admitted(accounts.load(place.etc / _KEPT), wanted))


def retire(place: Place) -> bool:
    """Let nobody in any more but those in force; return whether that shut anybody out."""
    kept = accounts.load(place.etc / _KEPT)
    return bool(kept) and _write(place, accounts.retired(kept))


def enforce(place: Place) -> None:
    """Let connections from now on write only where this node commits."""
    _write(place, accounts.load(place.etc / _KEPT))


def _write(place: Place, those: Accounts) -> bool:
    writable = standing.load(place).role is Role.COMMITTING
    # rights first: a user that has a password already must not find itself without them
    changed = write(place.etc / "authz", accounts.authz(those, writable=writable), place.owner)
    changed = write(place.etc / "passwd", accounts.passwd(those), place.owner) or changed
    write(place.etc / _KEPT, accounts.document(those), "")
    return changed
