"""Which changes of the settings members cannot take over one after the other."""

from typing import Optional, cast

from ..carbon import settings as carbon
from ..servers.settings import fixed_for_good
from .settings import Settings


def refusal(old: carbon.Settings, new: carbon.Settings) -> Optional[str]:
    """Return why `new` cannot be applied to running members one after the other, or None if it can.

    Members change by their places. The committing node may be another one, before or behind the one of before: nobody
    takes over until that has given way (`commits`), and the repositories hand over by themselves.
    """
    return _own(cast("Settings", old), cast("Settings", new)) or carbon.refusal(old, new)


def _own(old: Settings, new: Settings) -> Optional[str]:
    for one in old.present:
        if not new.leaves(one.name) and old.group(one.name) != new.group(one.name):
            return f"the group of node {one.name} can be changed only while it is absent"
    if old.made != new.made:
        return fixed_for_good("whether the repository of artifacts is a given one or made,")
    if old.settings.artifacts.append != new.settings.artifacts.append:
        return fixed_for_good("where tenants have their folders in the repository of artifacts,")
    if reason := _begun_by_another(old, new):
        return reason
    if (old.settings.artifacts.url, old.made and old.ports.svn) == (
        new.settings.artifacts.url,
        new.made and new.ports.svn,
    ):
        return None
    return _moved(old, new)


def _begun_by_another(old: Settings, new: Settings) -> Optional[str]:
    """Return why members cannot take to another database in turn: the first one would find it empty, and not fill it.

    None may be left out again: that is the way back from a deployment that added one and failed.
    """
    wanted = new.settings.database
    if wanted is None or (old.settings.database is not None and old.settings.database.url == wanted.url):
        return None
    first = _first(old, new)
    if first is None or first == new.settings.committer:
        return None
    way = "let that one commit" if new.manages(first) else "take out those before it (present: false) for that long"
    return (
        f"another database can be taken only by a committing node that changes before all others, for it makes the "
        f"tables; node {first} does; {way}, by a deployment of its own before this one"
    )


def _first(old: Settings, new: Settings) -> Optional[str]:
    """Return the name of the member that changes before all others."""
    stays = [one for one in old.present if not new.leaves(one.name)]
    first = min(stays, key=lambda one: one.ordinal, default=None)
    return None if first is None else first.name


def _moved(old: Settings, new: Settings) -> Optional[str]:
    """Return why the repository's place cannot change; it can if the node that commits is the first one to change.

    Else what is committed meanwhile would be in the place that others have left.
    """
    first = _first(old, new)
    if first == old.settings.committer == new.settings.committer:
        return None
    return (
        f"the place of the repository of artifacts can be changed only by a committing node that changes before all "
        f"others, which is {first or 'none'}; let it commit first, by a deployment of its own"
    )
