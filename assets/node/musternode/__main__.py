"""`python3 -m musternode COMMAND`: what the user data and the units start."""

import logging
import sys
import time
from pathlib import Path
from typing import List

from . import bootstrap, host, member, readiness, rollout, settings, state, volume, web
from .failure import Failure
from .front import NftFront
from .host import Host, Identity
from .paths import Paths
from .report import Reported

log = logging.getLogger("musternode")
FORMING, FORMED = 0.2, 0.5
"""Seconds between two steps of the member."""


def main(arguments: List[str]) -> int:
    """Run the command in `arguments`; a cause of failure is one line, status 1."""
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
    try:
        return _run(arguments)
    except Failure as cause:
        log.error("%s", cause)  # noqa: TRY400 - the sentence is the message, a traceback helps nobody
        return 1


def _run(arguments: List[str]) -> int:
    paths = Paths()
    if arguments[:1] == ["bootstrap"] and len(arguments) == 4:
        return bootstrap.bootstrap(paths, Identity(arguments[2], arguments[3]), Path(arguments[1]))
    if arguments == ["volume"]:
        this = host.load(paths)
        volume.mount(this.node.name, this.node.volume, paths.data)
        return 0
    if arguments == ["member"]:
        return _member(host.load(paths))
    if arguments[:1] == ["readiness"] and len(arguments) == 6:
        return _readiness(arguments[1:])
    raise Failure("usage: musternode bootstrap DOCUMENT NODE PARAMETER | member | volume | readiness ...")


def _readiness(arguments: List[str]) -> int:
    address, port, peer_port, http_port, health = arguments
    server = readiness.serve(readiness.Probe(address, int(peer_port), int(http_port), health), int(port))
    log.info("answers at %s port %d", address, server.server_port)
    while True:
        time.sleep(3600)


def _member(this: Host) -> int:
    board = state.Board(state.State(this.identity.node, this.settings.generation), _log_state)
    one, peer = _assembled(this, board), this.settings.peer_of(this.identity.node)
    one.begin()
    web.serve(this.node.address, this.settings.ports.peer, "/state", lambda: (200, board.state.json()))
    aws = this.aws(patience=0)
    watch = rollout.Watch(lambda: aws.parameter(this.identity.parameter), this.settings.generation)
    watch.start()
    while True:
        one.tick()
        document = watch.pending()
        if document is not None:
            _roll_out(this, document, watch, state.ask(peer.address, this.settings.ports.peer))
        time.sleep(FORMED if board.state.formed else FORMING)


def _roll_out(this: Host, document: str, watch: rollout.Watch, peer: "state.State | None") -> None:
    wanted = settings.read(document).generation
    if not rollout.is_turn(this.settings, this.identity.node, wanted, peer):
        if cause := rollout.waited_too_long(this, document, peer):
            rollout.report_failure(this, document, cause)
            watch.tried(wanted)  # the deploy has failed by now: the parameter falls back
        return
    try:
        rollout.apply(this, document)
    except Failure as cause:
        log.error("generation %s was not applied: %s", wanted, cause)  # noqa: TRY400
        rollout.report_failure(this, document, str(cause))
    watch.tried(wanted)


def _assembled(this: Host, board: state.Board) -> member.Member:
    address, port = this.settings.peer_of(this.identity.node).address, this.settings.ports.peer
    return member.Member(
        name=this.identity.node,
        settings=this.settings,
        database=this.database(),
        application=this.application(),
        front=NftFront(this.node.address, this.settings.ports.database),
        board=board,
        ask=lambda: state.ask(address, port),
        reported=Reported(this.paths.etc / "reported"),
        mark=this.paths.run / "open",
        deadline=time.monotonic() + bootstrap.seconds_left(this.paths, this.settings),
    )


def _log_state(now: state.State) -> None:
    log.info("phase %s, disk %s, database %s, healthy %s", now.phase, now.disk, now.database, now.healthy)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
