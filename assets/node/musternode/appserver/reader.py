"""The account by which this node reads the repository: that of the settings, or the one before it while that is let in.

The management node that serves it may have its turn in a change after this one. A product that began meanwhile with an
account that the server does not know yet would have no synchronizer.
"""

from .. import files
from ..aws import Credentials
from ..failure import Failure
from ..subversion import client
from ..subversion.accounts import CHECKOUT
from . import accounts, commits
from .host import Host

_TEXT = {True: b"of the settings", False: b"of before"}


def account(this: Host) -> Credentials:
    """Return it: the one before only where the repository is a made one that lets that in alone."""
    wanted, former = accounts.of(this, CHECKOUT), accounts.former(this)
    if former is None or not this.settings.made or _enters(this, wanted) or not _enters(this, former):
        return wanted
    return former


def keep(this: Host, user: Credentials) -> None:
    """Keep that the product's files name `user`."""
    files.write(this.paths.etc / "reader", _TEXT[user == accounts.of(this, CHECKOUT)], mode=0o600)


def outdated(this: Host) -> bool:
    """Return whether the product's files name another one than they should now."""
    kept = this.paths.etc / "reader"
    if commits.kept(this.paths) or not kept.is_file() or accounts.former(this) is None:
        return False
    return kept.read_bytes() != _TEXT[account(this) == accounts.of(this, CHECKOUT)]


def _enters(this: Host, user: Credentials) -> bool:
    try:
        client.look(this.settings.committer.address, this.settings.ports.svn, user)
    except Failure:
        return False
    return True
