"""The accounts of repository and database on this node: from Secrets Manager, kept for root alone."""

from typing import Optional

from .. import host as host_files
from ..aws import Credentials
from ..failure import Failure
from ..subversion.accounts import CHECKOUT, COMMIT
from .host import Host
from .settings import MGT

DATABASE = "database"
"""The account of the shared database, which all nodes have."""
_FORMER = "checkout-before"


def bring(this: Host, *, again: bool) -> None:
    """Keep the accounts that the settings name; with `again` those that are kept must do. Raises `Failure`.

    Workers never learn the one that commits.
    """
    wanted = {CHECKOUT: this.settings.secrets.checkout}
    if this.settings.group(this.identity.node) == MGT:
        wanted[COMMIT] = this.settings.secrets.commit
    if this.settings.settings.database is not None:
        wanted[DATABASE] = this.settings.secrets.database
    kept = host_files.kept(this.paths)
    if again and set(wanted) <= set(kept):
        return
    aws = this.aws()
    brought = {name: aws.secret(arn) for name, arn in wanted.items()}
    if CHECKOUT in kept and kept[CHECKOUT] != brought[CHECKOUT]:
        brought[_FORMER] = kept[CHECKOUT]
    host_files.save_credentials(this.paths, {**kept, **brought})


def former(this: Host) -> Optional[Credentials]:
    """Return the account that only reads which was kept before another one, None if there was none."""
    return host_files.load_credentials(this.paths).get(_FORMER)


def of(this: Host, name: str) -> Credentials:
    """Return the account `name`, as this host has kept it; raises `Failure`."""
    found = host_files.load_credentials(this.paths).get(name)
    if found is None:
        what = "account of the shared database" if name == DATABASE else f"{name} account of the repository"
        raise Failure(f"node {this.identity.node}: the {what} is not kept here; deploy again")
    return found
