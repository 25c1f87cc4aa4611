"""The service of a rehearsal: emulated account and hypervisor in one process, which removes all that it made."""

import argparse
import logging
import os
import signal
import sys
import threading
from dataclasses import replace

from rehearsal import leftovers
from rehearsal.account import Account
from rehearsal.exclusive import BusyError, exclusive
from rehearsal.hosts import image
from rehearsal.hosts.authority import endpoint_names, load_or_make
from rehearsal.hosts.command import CommandError
from rehearsal.hosts.hypervisor import Hypervisor
from rehearsal.inventory import ServiceState, write_state
from rehearsal.network import ServerCertificate
from rehearsal.places import RUN, WORK, cache

_log = logging.getLogger(__name__)


def main() -> int:
    """Serve until SIGTERM, SIGINT or the end of standard input; return the exit code."""
    options = _options()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: ended.set())
    if not options.detached:
        threading.Thread(target=_wait_for_end_of_input, args=(ended,), daemon=True).start()
    try:
        with exclusive():
            leftovers.remove_leftovers()
            _make_places()
            try:
                _serve(options.region, ended)
            finally:
                leftovers.remove_leftovers()
    except (BusyError, CommandError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m rehearsal.service", description=__doc__)
    parser.add_argument("--region", required=True, help="the region of the emulated account")
    parser.add_argument("--detached", action="store_true", help="do not end with the standard input")
    return parser.parse_args()


def _make_places() -> None:
    for place in (RUN, WORK):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    logging.basicConfig(
        filename=RUN / "service.log", level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    logging.getLogger("botocore").setLevel(logging.WARNING)


def _serve(region: str, ended: threading.Event) -> None:
    account = Account(region=region)
    state = ServiceState(
        pid=os.getpid(),
        phase="starting",
        url=account.url,
        region=region,
        account=account.account_id,
        access_key=account.access_key,
        environment=account.environment(),
    )
    write_state(state)
    authority = load_or_make(cache() / "authority")
    root = image.ensure(authority, lambda text: write_state(replace(state, detail=text)), ended)
    write_state(replace(state, detail="starting the account"))
    certificate = ServerCertificate(RUN / "endpoints.pem", RUN / "endpoints.key")
    authority.issue(endpoint_names(region), certificate.cert_path, certificate.key_path)
    account.start()
    hypervisor = Hypervisor(account, root, certificate)
    try:
        account.bootstrap()
        hypervisor.start()
        write_state(replace(state, phase="ready"))
        ended.wait()
        write_state(replace(state, phase="stopping"))
    finally:
        hypervisor.stop()
        account.stop()


def _wait_for_end_of_input(ended: threading.Event) -> None:
    while sys.stdin.buffer.read(1 << 12):
        pass
    ended.set()


if __name__ == "__main__":
    sys.exit(main())
