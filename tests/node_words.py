"""The words of a node's processes, as they stand in memory for each other."""

import json
from pathlib import Path
from typing import Any

from musternode.h2 import clock
from musternode.paths import Paths
from musternode.standing import Peer, Standing
from musternode.state import State

OWN = State("a", "0123456789abcdef", phase="serving", database="open", healthy=True, formed=True)
PEER = State("b", "0123456789abcdef", phase="serving", database="open", healthy=True, formed=True)


def word(peer: State = PEER, **values: Any) -> Peer:
    """Return what the peer's gate process says, its gate being open or shut as its member knows it."""
    return Peer(
        **{"gate": peer.database == "open", "generation": peer.generation, "failure": "", "state": peer, **values}
    )


def whole(**values: Any) -> Standing:
    """Return how a pair stands in which nothing is amiss, but for `values`."""
    fine = {"phase": "in", "gate": True, "disk": "held", "leader": "a", "peer": word()}
    return Standing(**{**fine, **values})


def pair_json(**values: Any) -> dict[str, Any]:
    """Return a document of the gate process of node a, just written; both gates are open."""
    peer = {"node": "b", "gate": "open", "generation": OWN.generation, "failure": "", "state": vars(PEER)}
    fine = {"at": clock.now(), "node": "a", "phase": "in", "gate": "open", "disk": "held", "leader": "a"}
    return {**fine, "failure": "", "doing": "", "witness": "ok", "silent": 0.1, "peer": peer, **values}


def put(folder: Path, file: str, value: Any) -> None:
    """Write one of the two files of a node whose root is `folder`."""
    public = Paths(folder).public
    public.mkdir(parents=True, exist_ok=True)
    (public / file).write_text(json.dumps(value))
