"""One haproxy process in a namespace: started, reloaded without losing a connection, asked, ended."""

import contextlib
import signal
import socket
import subprocess
from collections.abc import Collection
from pathlib import Path

from rehearsal import netns
from rehearsal.balancer.config import Files
from rehearsal.balancer.draining import Place, former_workers, sessions
from rehearsal.balancer.model import BalancerError
from rehearsal.poll import poll

_PATIENCE = 10.0  # seconds for a worker to come, or for the process to end


class Haproxy:
    """A master (root, so that it can read keys and bind ports again) and a worker that serves as user `haproxy`."""

    def __init__(self, namespace: str, files: Files) -> None:
        self._namespace, self._files = namespace, files
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether it was started and lives."""
        return self._process is not None and self._process.poll() is None

    def load(self) -> None:
        """Serve by the files as they are now, from the moment this returns.

        A running one is reloaded: a new worker takes over the listening sockets, the old one finishes what it has.
        Raises `BalancerError` with haproxy's own words if it refuses the configuration; the old one goes on then.
        """
        self._check()
        if not self.running:
            self._start()
            poll(self._worker, within=_PATIENCE, every=0.02)
            return
        before = self._worker()
        assert self._process is not None
        self._process.send_signal(signal.SIGUSR2)
        poll(lambda: self._worker() not in ("", before), within=_PATIENCE, every=0.02)

    def _check(self) -> None:
        command = ["haproxy", "-c", "-q", "-f", str(self._files.config)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            alerts = [line for line in done.stderr.splitlines() if "[ALERT]" in line] or [done.stderr.strip()]
            raise BalancerError(f"haproxy refused the configuration: {alerts[0]}")

    def _start(self) -> None:
        with self._files.log.open("ab") as log:
            self._process = netns.call_in(self._namespace, lambda: self._popen(log.fileno()))

    def _popen(self, log: int) -> "subprocess.Popen[bytes]":
        """Start in a session of its own: a Ctrl-C at the terminal is for the rehearsal, which ends it in order."""
        command = ["haproxy", "-W", "-S", f"{self._files.master},mode,600", "-f", str(self._files.config)]
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd="/"
        )

    def _worker(self) -> str:
        """Return the process id of the worker that answers now, or nothing."""
        try:
            lines = self.ask("show info").splitlines()
        except OSError:
            return ""
        return next((line.removeprefix("Pid: ") for line in lines if line.startswith("Pid: ")), "")

    def ask(self, command: str) -> str:
        """Return the answer of the worker's control socket; raises `OSError` while there is no worker."""
        return _asked(self._files.stats, command)

    def end_former(self, places: Collection[Place]) -> None:
        """End what former workers still have with these targets; raises `OSError` while there is no master."""
        for worker in former_workers(_asked(self._files.master, "show proc")):
            shown = _asked(self._files.master, f"@!{worker} show sess")
            for session in sessions(shown, places):
                _asked(self._files.master, f"@!{worker} shutdown session {session}")

    def stop(self) -> None:
        """End master and workers, open connections with them; not running is no fault."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE)
        if process.returncode is None:
            process.kill()
            process.wait()


def _asked(place: Path, command: str) -> str:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as control:
        control.settimeout(_PATIENCE)
        control.connect(str(place))
        control.sendall(command.encode() + b"\n")
        control.shutdown(socket.SHUT_WR)  # without it the master's waits for another command
        parts = []
        while part := control.recv(65536):
            parts.append(part)
    return b"".join(parts).decode()
