"""WSO2 Application Server as a kind of server: WSO2 Carbon, with groups and a repository of artifacts."""

from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Sequence, Set

from .. import subversion
from ..carbon import kind as carbon
from ..carbon import product
from ..carbon.host import log_of
from ..carbon.settings import Settings as CarbonSettings
from ..carbon.sight import SIGHTS, Sight
from ..servers import log_file, peers
from ..servers.member import standing
from . import (
    accounts,
    changes,
    commits,
    configuration,
    holding,
    names,
    pair,
    reader,
    readiness,
    settings,
    sharing,
    units,
    words,
)
from .anew import Anew
from .host import Host, narrowed, widened
from .member import Member
from .running import Running
from .settings import MGT, WORKER, Settings

CLIENT = {"svn": "subversion"}
"""What a node has that only checks out: a program by which to look, and by which some products do it."""


class AppServer(carbon.Carbon):
    """A WSO2 Application Server."""

    def packages(self, this: Any) -> Mapping[str, str]:
        """Return the package of Subversion."""
        own = narrowed(this)
        return subversion.PACKAGES if own.settings.keeps(own.identity.node) else CLIENT

    def strangers(self, this: Any) -> Sequence[str]:
        """Return the product's user, as of WSO2 Carbon, and that of the repository."""
        own = narrowed(this)
        keeper = (subversion.USER,) if own.settings.keeps(own.identity.node) else ()
        return (*super().strangers(this), *keeper)

    def read(self, text: str) -> Settings:
        """Return the settings document in `text`; raises `Failure` that names the first fault."""
        return settings.read(text)

    def member(self, this: Any) -> Member:
        """Return the member of this host, which has not looked yet."""
        return _member(narrowed(this))

    def units(self, this: Any, java_home: Path) -> Dict[str, str]:
        """Return file name and text of the product's unit, of the bridge's and of the repository's."""
        return units.texts(narrowed(this), java_home, product.launcher(this.current.resolve()))

    def readiness(self, this: Any) -> str:
        """Return the command that answers the balancer."""
        ports, group = this.settings.ports, MGT if narrowed(this).settings.manages(this.node.name) else WORKER
        return f"appserver-readiness {this.node.address} {ports.readiness} {ports.https} {group}"

    def configure(self, this: Any, *, again: bool) -> bool:
        """Write what the settings want into the product's configuration; return whether that changed."""
        own = narrowed(this)
        accounts.bring(own, again=again)
        if own.settings.keeps(own.identity.node):
            holding.bring(own)
        changed = super().configure(this, again=again)
        changed = sharing.bring(own) or changed
        changed = configuration.write(own, may_commit=_may_commit(own)) or changed
        names.bring(own.paths, names.wanted(own))
        return changed

    def settle(self, this: Any, changed: Set[str]) -> None:
        """End a bridge of before, and a server of the repository that has another unit: the keeper starts it."""
        super().settle(this, changed)
        if subversion.UNIT in changed:
            this.services.stop(subversion.UNIT)

    def written(self) -> Sequence[str]:
        """Return the folders of the product's home in which root writes."""
        return configuration.WRITTEN

    def refusal(self, old: CarbonSettings, new: CarbonSettings) -> Optional[str]:
        """Return why `new` cannot be applied to members that run with `old` one after the other, or None if it can."""
        return changes.refusal(old, new)


KIND = AppServer()


def _member(this: Host) -> Member:
    own, chosen = standing(this), this.settings
    now, follower = log_file.kept(this.paths.etc / "sight.json", log_of(widened(this)), SIGHTS, Sight())
    mine = chosen.manages(own.name) and not chosen.leaves(own.name)
    other = pair.other(chosen, own.name, began=_began(this)) if mine else None
    beside = () if other is None or other.present else (other,)
    ears = peers.Peers((*chosen.others(own.name), *beside), chosen.ports.peer, words.read)
    office = holding.pair_of(this, other, ears.words) if mine else None
    artifacts = holding.artifacts(this, office)
    running = Running(
        this.services,
        chosen.ports.https,
        log_of(widened(this)),
        lambda: _prepare(this, artifacts.uuid),
        lambda may: configuration.write(this, may_commit=may),
    )
    return Member(
        own,
        running,
        follower,
        ears,
        now,
        artifacts,
        office,
        commits.kept(this.paths),
        lambda reason: readiness.tell(this.paths, reason),
        Anew(this.paths.etc / "product-run", chosen.settings.kernel),
    )


def _prepare(this: Host, uuid: str) -> None:
    """Let be there what a product begins with: names, an account that gets in, no copy of another repository."""
    names.bring(this.paths, names.wanted(this))
    if reader.outdated(this):
        configuration.write(this, may_commit=False)
    holding.bind(this, uuid)


def _began(this: Host) -> bool:
    """Return whether this management node has run before, beside another one that may still."""
    return holding.began(this) if this.settings.made else commits.kept(this.paths) is False


def _may_commit(this: Host) -> bool:
    """Return whether the product is to commit as it begins; the other management node is asked for it."""
    chosen, name = this.settings, this.identity.node
    if name != chosen.settings.committer:
        return False
    other = pair.other(chosen, name, began=_began(this))
    said = peers.ask(other.address, chosen.ports.peer, words.read) if other else None
    heard = {} if other is None or said is None else {other.address: said[1]}
    return holding.pair_of(this, other, lambda: heard).may_commit(commits.kept(this.paths))
