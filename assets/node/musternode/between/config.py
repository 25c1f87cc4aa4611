"""The configuration of a front between the nodes: haproxy, which reads nothing of what it passes on. Pure.

Each node's front takes in what its own node has for the other one, and what the other's front brings. Both show a
certificate of the pair's authority, and neither speaks to anybody who has none.
"""

from typing import List, Tuple

from .passage import DATABASE_DOOR, GUEST, PEER_DOOR, Passage

CONFIG, PEM, AUTHORITY = "front.cfg", "node.pem", "authority.pem"
"""The names under which systemd gives the front its configuration and certificates."""
CONNECTIONS = 4096
QUIET = "24d"
"""For which a connection may be quiet: as long as haproxy can count (24.8 days). A pool keeps them for as long."""
_ALIVE = (("idle", "3s"), ("intvl", "1s"), ("cnt", "4"))
"""A wire that ends without a word is found within 7 s, as the gate does it (`h2.link`)."""
_DATABASE, _QUESTIONS = "database", "questions"


def names(node: str) -> Tuple[str, str]:
    """Return the names for which the front of `node` is asked: of its gate and of its peer port."""
    return f"{_DATABASE}.{node}", f"{_QUESTIONS}.{node}"


def configuration(passage: Passage) -> str:
    """Return the file's text."""
    sections = (_global(), _defaults(), _way_in(passage), _ways_on(passage), _ways_out(passage))
    return "\n".join(line for section in sections for line in section) + "\n"


def _global() -> List[str]:
    return [
        "global",
        "  log stdout format raw daemon notice",
        f"  maxconn {4 * CONNECTIONS}",
        "  no strict-limits",  # a machine that allows fewer files takes fewer connections, and serves
        "  ssl-default-bind-options ssl-min-ver TLSv1.3 no-tls-tickets",
        "  ssl-default-server-options ssl-min-ver TLSv1.3 no-tls-tickets",
    ]


def _defaults() -> List[str]:
    """Return what holds for all: nothing is tried twice, for a gate that is shut is to be seen at once."""
    ends = ("clitcpka", "srvtcpka")
    return [
        "defaults",
        "  mode tcp",
        "  retries 0",
        *(f"  option {end}" for end in ends),
        *(f"  {end}-{what} {value}" for end in ends for what, value in _ALIVE),
        "  timeout connect 2s",
        f"  timeout client {QUIET}",
        f"  timeout server {QUIET}",
        "  timeout client-fin 60s",
        "  timeout server-fin 60s",
    ]


def _way_in(passage: Passage) -> List[str]:
    """Return what the other node's front is let in by: its certificate, which names that node."""
    database, questions = names(passage.node)
    return [
        "frontend other",
        f"  maxconn {2 * CONNECTIONS}",
        f"  bind {passage.address}:{passage.port} {_proven()}",
        f"  tcp-request session reject unless {{ ssl_c_s_dn(CN) -m str {passage.peer} }}",
        f"  use_backend gate if {{ ssl_fc_sni {database} }}",
        f"  use_backend peer if {{ ssl_fc_sni {questions} }}",
    ]


def _ways_on(passage: Passage) -> List[str]:
    """Return the ways to this node's gate, which takes that source for the other node, and to its peer port."""
    return [
        "backend gate",
        f"  server gate {passage.address}:{passage.database} source {GUEST}",
        "backend peer",
        f"  server peer {passage.address}:{passage.questions}",
    ]


def _ways_out(passage: Passage) -> List[str]:
    lines = []
    for door, name in zip((DATABASE_DOOR, PEER_DOOR), names(passage.peer)):
        lines += [
            f"listen {name}",
            f"  maxconn {CONNECTIONS}",
            f"  bind {door}:{passage.port}",
            f"  server other {passage.peer_address}:{passage.port} {_proven()} sni str({name})",
        ]
    return lines


def _proven() -> str:
    """Return how this node proves itself, and by what the other one must: at the server's end by the name too."""
    place = "${CREDENTIALS_DIRECTORY}"
    return f'ssl crt "{place}/{PEM}" ca-file "{place}/{AUTHORITY}" verify required'
