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
    if old.settings.database and not new.settings.database:
        return "wso2as.database cannot be left out again: registry and users are in it; deploy a new cluster without it"
    if (old.settings.artifacts.url, old.made and old.ports.svn) == (
        new.settings.artifacts.url,
        new.made and new.ports.svn,
    ):
        return None
    return _moved(old, new)


def _moved(old: Settings, new: Settings) -> Optional[str]:
    """Return why the repository's place cannot change; it can if the node that commits is the first one to change.

    Else what is committed meanwhile would be in the place that others have left.
    """
    stays = [one for one in old.present if not new.leaves(one.name)]
    first = min(stays, key=lambda one: one.ordinal, default=None)
    if first and first.name == old.settings.committer == new.settings.committer:
        return None
    return (
        f"the place of the repository of artifacts can be changed only by a committing node that changes before all "
        f"others, which is {first.name if first else 'none'}; let it commit first, by a deployment of its own"
    )
