"""A node's repository obeys its standing: by rights for connections to come, by hooks for those that are open."""

from . import conf, hooks, repository, standing, svnsync
from .place import Place
from .standing import Standing
from .words import Role


def take(place: Place, new: Standing) -> None:
    """Make `new` this node's standing, and its repository obey it."""
    standing.keep(place, new)
    enforce(place)


def enforce(place: Place) -> None:
    """Make hooks and rights what the standing says; at each start, too: they lie on the root volume."""
    if repository.there(place):
        (hooks.permit if standing.load(place).role is Role.COMMITTING else hooks.refuse)(place)
    conf.enforce(place)


def promote(place: Place, term: int) -> None:
    """Let this node commit from now on, in `term`; raises `Failure`."""
    svnsync.forget(place)
    take(place, Standing(Role.COMMITTING, term))


def demote(place: Place) -> None:
    """Let this node commit no more.

    A commit that is in its very last step goes through: the server must begin anew then, which ends it.
    """
    take(place, Standing(Role.PASSIVE, standing.load(place).term))
