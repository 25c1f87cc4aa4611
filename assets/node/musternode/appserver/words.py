"""What members of the product tell each other: that of WSO2 Carbon, and what management nodes say of artifacts."""

from dataclasses import dataclass
from typing import Any, Mapping, Optional, Tuple

from ..carbon import words as carbon
from ..carbon.sight import Word as Sees
from ..servers import peers
from ..state import State
from ..subversion import words as repository
from ..subversion.words import Word as Held


@dataclass(frozen=True)
class Word(Sees):
    """What a member says; `held` is the repository on its node, `commits` whether its product commits artifacts.

    `leaving` are the addresses of members that its settings want no more: one that has them not yet is told so.
    `anew` is whether its product is to begin anew, of which those of higher ordinals wait to hear the end.
    """

    commits: bool = False
    held: Optional[Held] = None
    leaving: Tuple[str, ...] = ()
    anew: bool = False


def body(own: State, word: Word) -> bytes:
    """Return what this member says, as JSON."""
    held = None if word.held is None else repository.document(word.held)
    more = {"commits": word.commits, "repository": held, "leaving": list(word.leaving), "anew": word.anew}
    return peers.body(own, {**carbon.said(word), **more})


def _word(value: Mapping[str, Any]) -> Word:
    sees, commits, anew = carbon.word(value), value["commits"], value.get("anew", False)
    if type(commits) is not bool or type(anew) is not bool:
        raise TypeError
    held, leaving = repository.read(value["repository"]), tuple(map(str, value["leaving"]))
    return Word(sees.id, sees.sees, sees.left, sees.seen, commits, held, leaving, anew)


read = peers.reader(_word)
