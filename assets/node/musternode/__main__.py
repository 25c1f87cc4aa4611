"""`python3 -m musternode COMMAND`: what the user data and the units start."""

import logging
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, List, Mapping, Optional, Tuple

from . import (
    bootstrap,
    guard,
    host,
    member,
    readiness,
    report,
    rollback,
    rollout,
    settings,
    standing,
    state,
    switching,
    volume,
)
from .agent import service
from .between import passage
from .failure import Failure, ascii_sentence, unexpected
from .host import Host, Identity
from .paths import Paths
from .report import Reported
from .tls import front
from .tls.keeper import Keeper
from .tls.watchdog import Watchdog, Watched, watched
from .updates.holding import put_off
from .updates.part import Part
from .watch import Watch

if TYPE_CHECKING:
    from .servers.kind import Kind

log = logging.getLogger("musternode")
FORMING, FORMED = 0.2, 0.5
"""Seconds between two steps of the member."""
UNABLE = 5.0
"""Seconds until a gate process without settings or key ends."""
USAGE = (
    "bootstrap DOCUMENT NODE PARAMETER | member | gate | volume | readiness | carbon-readiness | appserver-readiness | "
    "kaazing-readiness | axonivy-readiness | bridge | agent | updates"
)


KINDS: Mapping[str, str] = {
    "wso2-carbon": "carbon",
    "wso2-as": "appserver",
    "kaazing": "kaazing",
    "axonivy": "axonivy",
}
"""The package of each product whose servers form a cluster by themselves."""


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
        return _bootstrap(paths, Identity(arguments[2], arguments[3]), Path(arguments[1]))
    if arguments == ["volume"]:
        return _volume(paths)
    if arguments == ["member"]:
        return _server_member(paths) if _product(paths) in KINDS else _member(_loaded(paths))
    if arguments[:1] == ["bridge"]:
        from .carbon import bridge

        return bridge.run(arguments[1:], paths)
    if arguments and arguments[0] in {f"{package}-readiness" for package in KINDS.values()}:
        answering: Any = import_module(f"musternode.{arguments[0].partition('-')[0]}.readiness")
        return int(answering.run(arguments[1:], paths))
    if arguments == ["gate"]:
        return _gate(paths)
    if arguments == ["updates"]:
        return _updates(paths)
    if arguments[:1] == ["readiness"]:
        return readiness.run(arguments[1:], paths)
    if arguments[:1] == ["agent"]:
        return service.run(service.place(arguments[1:]), paths)
    raise Failure(f"usage: musternode {USAGE}")


def _bootstrap(paths: Paths, identity: Identity, document: Path) -> int:
    text = document.read_text()
    if settings.product(text) in KINDS:
        from .servers import service as servers

        return servers.begin(_kind(settings.product(text)), paths, identity, text)
    return bootstrap.bootstrap(paths, identity, document)


def _product(paths: Paths) -> str:
    """Return the product of this host's settings, empty if it has none yet."""
    file = paths.etc / "settings.json"
    return settings.product(file.read_text()) if file.is_file() else ""


def _kind(product: str) -> "Kind[Any]":
    """Return what `product` is; its module is not loaded by every process: its parsers take their time."""
    found: Kind[Any] = import_module(f"musternode.{KINDS[product]}.kind").KIND
    return found


def _volume(paths: Paths) -> int:
    product = _product(paths)
    if product in KINDS:
        from .servers import host as server

        node = server.load(paths, _kind(product).read).node
    else:
        node = host.load(paths).node
    volume.mount(node.name, node.volume, paths.data)
    return 0


def _updates(paths: Paths) -> int:
    from .updates import service as updates

    product = _product(paths)
    return updates.run(paths, _kind(product) if product in KINDS else None)


def _server_member(paths: Paths) -> int:
    from .servers import service as servers

    kind = _kind(_product(paths))
    return servers.run(kind, servers.load(kind, paths))


def _gate(paths: Paths) -> int:
    """Live as the gate process. One that cannot begin ends after some seconds: systemd starts the next one at once."""
    from .h2 import gate_service

    try:
        this = host.load(paths)
        this.key()
    except (Failure, OSError) as cause:
        log.error("the gate cannot begin: %s", cause)  # noqa: TRY400 - the sentence is the message
        time.sleep(UNABLE)
        return 1
    return gate_service.run(this)


def _loaded(paths: Paths) -> Host:
    """Return this host; settings that cannot be read are reported where their outline says."""
    try:
        return host.load(paths)
    except Failure as cause:
        rollout.report_unreadable(paths, str(cause))
        raise


def _member(this: Host) -> int:
    """Live as the member; return 1, for systemd to start another, once a fault has been logged and reported."""
    try:
        return _live(this)
    except Exception as fault:  # the wait handle must hear of a fault in musternode itself, too
        log.exception("the member ends")
        body = report.failure(this.identity.node, _sentence(this, fault))
        Reported(this.paths.etc / "reported").send(this.settings.wait_url, this.settings.generation, body)
        return 1


def _sentence(this: Host, fault: Exception) -> str:
    sentence, node = unexpected(fault), f"node {this.identity.node}"
    return sentence if node in sentence else f"{node}: {sentence}"


def _live(this: Host) -> int:
    began = state.State(this.identity.node, this.settings.generation, user=switching.in_use(this))
    board, turner = state.Board(began, _log_state, this.paths.public), switching.turner(this)
    one = _assembled(this, board, turner)
    board.publish()
    aws = this.aws(patience=0)
    watch = Watch(lambda: aws.parameter(this.identity.parameter), _tried(this))
    watch.start()
    turner.start()
    whole = _finished(this, board)
    rollback.tell(this.paths)
    trial, growth = _trial(this), volume.Growth(this.node.name, this.node.volume)
    keeper, rules = Keeper(this.paths, this.front), guard.Guard(this.paths)
    part = Part(this.paths, board, this.services, this.settings.updates_of(this.identity.node))
    watchdog = Watchdog(_fronts(this), this.services)
    while True:
        growth.look()
        keeper.look()
        watchdog.look()
        rules.look()
        has_turn = part.look(_others(this))
        if whole and not has_turn:
            one.tick()
            trial = _judged(this, trial, one)
        document, others = watch.pending(), _others(this)
        holder = part.holder(others)
        if document is not None and holder is not None:
            put_off(this, document, watch, holder)
        elif document is not None:
            _roll_out(this, document, watch, others.get(this.peer.name), part.change)
        time.sleep(FORMED if board.state.formed else FORMING)


def _fronts(this: Host) -> Tuple[Watched, ...]:
    return (*watched(front.UNIT, this.front), *watched(passage.UNIT, this.passage))


def _others(this: Host) -> Mapping[str, state.State]:
    """Return what the other node says of itself, by its name; nothing if it is not heard."""
    peer = standing.peer(this.paths)
    return {} if peer is None else {this.peer.name: peer}


def _tried(this: Host) -> str:
    """Return the generation that the watch need not offer: the one in force, or the one that failed after it."""
    gone = rollback.failed(this.paths)
    return this.settings.generation if gone is None else gone.generation


def _trial(this: Host) -> Optional[rollback.Trial]:
    if host.former(this.paths) is None:
        return None
    return rollback.Trial(rollback.within(this.settings.formation_timeout))


def _judged(this: Host, trial: Optional[rollback.Trial], one: member.Member) -> Optional[rollback.Trial]:
    """Return the trial if it goes on; once it is passed there is no way back, and one that is lost goes it."""
    passed = None if trial is None else trial.look(one.board.state)
    if passed is None:
        return trial
    if not passed:
        node = this.identity.node
        _go_back(this, f"node {node}: with the changed settings {one.application.complaint()}")
    host.forget_former(this.paths)
    return None


def _go_back(this: Host, sentence: str) -> None:
    gone = settings.outline((this.paths.etc / "settings.json").read_text())
    rollback.go_back(this.paths, this.identity, gone, sentence)


def _finished(this: Host, board: state.Board) -> bool:
    """Return whether all stages of the settings in force are done; if not, only another document helps.

    A node on its way back from settings that failed serves with what it has.
    """
    try:
        rollout.finish(this)
    except Exception as fault:
        log.exception("generation %s was not applied", this.settings.generation)
        sentence = _sentence(this, fault)
        if host.former(this.paths) is not None:
            _go_back(this, sentence)
        if rollback.failed(this.paths) is not None:
            host.finished(this.paths)
            return True
        board.put(phase=state.FAILED, failure=ascii_sentence(sentence))
        report.fail_aside(this.paths, this.identity.node, this.settings, sentence)
        return False
    return True


def _roll_out(
    this: Host, document: str, watch: Watch, peer: "state.State | None", begins: Callable[[], object] = lambda: None
) -> None:
    outline = settings.outline(document)
    wanted = outline.generation
    if not rollout.is_turn(this.settings, this.identity.node, wanted, peer, rollout.readable(document)):
        if cause := rollout.waited_too_long(this, document, peer):
            rollout.report_failure(this, document, cause)
            watch.tried(wanted)  # the deploy has failed by now: the parameter falls back
        return
    begins()
    try:
        rollout.apply(this, document)
    except Exception as fault:  # whatever it is: this generation failed here, and the one in force goes on
        sentence = _sentence(this, fault)
        log.error("generation %s was not applied: %s", wanted, sentence, exc_info=not isinstance(fault, Failure))  # noqa: TRY400
        if isinstance(fault, rollout.Broken) or rollout.went_on(this, document):
            rollback.go_back(this.paths, this.identity, outline, sentence)
        rollout.report_failure(this, document, sentence)
    watch.tried(wanted)


def _assembled(this: Host, board: state.Board, turning: member.Turns) -> member.Member:
    return member.Member(
        name=this.identity.node,
        settings=this.settings,
        database=this.database(),
        application=this.application(),
        board=board,
        look=lambda: standing.look(this.paths),
        reported=Reported(this.paths.etc / "reported"),
        deadline=time.monotonic() + bootstrap.seconds_left(this.paths, this.settings),
        turning=turning,
    )


def _log_state(now: state.State) -> None:
    log.info("phase %s, disk %s, database %s, healthy %s", now.phase, now.disk, now.database, now.healthy)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
