"""The service of a rehearsal: emulated account and hypervisor in one process, which removes all that it made.

What it does now stands in state.json, what runs in hosts.json, what happened in service.log (`rehearsal.places.RUN`).
It ends on SIGTERM, SIGINT, SIGHUP or the end of its standard input; what a killed one left is removed first.
"""

import argparse
import logging
import os
import shutil
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from rehearsal import leftovers
from rehearsal.account import Account
from rehearsal.drive import ACCOUNT, STAY
from rehearsal.exclusive import AlreadyRunningError, exclusive
from rehearsal.hosts import image
from rehearsal.hosts.authority import Authority, endpoint_names, load_or_make
from rehearsal.hosts.command import CommandError
from rehearsal.hosts.hypervisor import Hypervisor
from rehearsal.hosts.prepare import PreparationError
from rehearsal.inventory import ServiceState, write_state
from rehearsal.network import ServerCertificate
from rehearsal.places import RUN, WORK, cache

_log = logging.getLogger(__name__)
_LOG_FILE = RUN / "service.log"
_POLL = 1.0  # seconds between two looks for faults of the hypervisor


class ServiceError(Exception):
    """The service cannot start; the text says why in one line."""


class Service:
    """Account and hypervisor, from `run` until `ended` is set."""

    def __init__(self, region: str, account: str, ended: threading.Event) -> None:
        self._ended = ended
        self._account = Account(region=region, account_id=account)
        self._hypervisor: Hypervisor | None = None
        self._state = ServiceState(
            pid=os.getpid(),
            phase="starting",
            url=self._account.url,
            region=region,
            account=self._account.account_id,
            access_key=self._account.access_key,
            environment=self._account.environment(),
        )
        write_state(self._state)

    def run(self) -> None:
        """Start, stay, and stop whatever was started."""
        try:
            if self._start():
                self._stay()
        finally:
            self._say(phase="stopping", detail="removing hosts and networks")
            if self._hypervisor is not None:
                self._hypervisor.stop()
            self._account.stop()

    def _start(self) -> bool:
        """Bootstrap the account while the image is looked for or built; return False if the end came first."""
        self._account.start()
        authority = load_or_make(cache() / "authority")
        with ThreadPoolExecutor(max_workers=1) as beside:
            bootstrapped = beside.submit(self._account.bootstrap)
            root = image.ensure(authority, lambda text: self._say(detail=text), self._ended)
            self._say(detail="bootstrapping the account")
            bootstrapped.result()
        if self._ended.is_set():
            return False
        self._hypervisor = Hypervisor(account=self._account, image=root, certificate=self._certificate(authority))
        self._hypervisor.start()
        return True

    def _certificate(self, authority: Authority) -> ServerCertificate:
        certificate = ServerCertificate(RUN / "endpoints.pem", RUN / "endpoints.key")
        authority.issue(endpoint_names(self._account.region), certificate.cert_path, certificate.key_path)
        return certificate

    def _stay(self) -> None:
        """Be ready; what fails again and again meanwhile stands in the state's detail."""
        assert self._hypervisor is not None
        self._say(phase="ready", detail="")
        while not self._ended.wait(_POLL):
            self._say(detail="; ".join(self._hypervisor.faults()))

    def _say(self, **changes: Any) -> None:
        state = replace(self._state, **changes)
        if state != self._state:
            self._state = state
            write_state(state)


def main() -> int:
    """Serve until the end is asked for; return 0, or 1 after one line on standard error."""
    options = _options()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: ended.set())
    threading.Thread(target=_wait_for_end_of_input, args=(ended,), daemon=True).start()
    try:
        with exclusive():
            _serve(options.region, options.account, ended)
    except CommandError as error:
        return 0 if ended.is_set() else _refuse(str(error))  # a build that was asked to end says so too
    except (AlreadyRunningError, PreparationError, ServiceError) as error:
        return _refuse(str(error))
    except Exception as error:
        return _refuse(f"the rehearsal's service failed: {type(error).__name__}: {error} (log: {_kept_log()})")
    return 0


def _serve(region: str, account: str, ended: threading.Event) -> None:
    leftovers.remove_leftovers()
    if remaining := leftovers.find_leftovers():
        raise ServiceError(f"an earlier rehearsal's remains cannot be removed: {', '.join(remaining)}")
    for place in (RUN, WORK):
        place.mkdir(mode=0o700, parents=True)
    _log_to_file()
    try:
        Service(region, account, ended).run()
    except Exception:
        _log.exception("the service ends")
        _keep_log()
        raise
    finally:
        leftovers.remove_leftovers()


def _log_to_file() -> None:
    form = "%(asctime)s %(levelname)s %(name)s %(message)s"
    logging.basicConfig(filename=_LOG_FILE, level=logging.INFO, format=form)
    for talkative in ("werkzeug", "botocore"):
        logging.getLogger(talkative).setLevel(logging.WARNING)


def _kept_log() -> Path:
    """Return where the log of a service that failed lies afterwards."""
    return cache() / "failed-service.log"


def _keep_log() -> None:
    cache().mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_LOG_FILE, _kept_log())


def _refuse(text: str) -> int:
    sys.stderr.write(f"{text}\n")
    return 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m rehearsal.service", description="Emulated account and hypervisor of a rehearsal."
    )
    parser.add_argument("--region", required=True, help="the region of the emulated account")
    parser.add_argument("--account", default=ACCOUNT, help="the emulated account's id, 12 digits")
    return parser.parse_args()


def _wait_for_end_of_input(ended: threading.Event) -> None:
    """Set `ended` when standard input ends, as it does when the process at its other side dies; not after `STAY`."""
    while said := os.read(sys.stdin.fileno(), 1 << 12):
        if STAY in said:
            return
    ended.set()


if __name__ == "__main__":
    sys.exit(main())
