"""Real Kaazing gateways as children of a test: alone on loopback, or in network namespaces joined by one bridge."""

import contextlib
import os
import shutil
import signal
import subprocess
import uuid
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from musternode.kaazing import launch, lines, log_sight
from musternode.kaazing.log_sight import Sight
from rehearsal import netns, websocket
from rehearsal.doubles.kaazing import build_kaazing
from rehearsal.poll import poll
from rehearsal.websocket import WebSocket

PREFIX = "k7-"
"""The namespaces of these tests begin with it."""
NETWORK = "10.97.71"
NAME = "gw.example.org"
"""The public name, which nobody resolves."""
PORT, MEMBER = 8000, 5942
CALM = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""For a machine that has other things to do; no promise of the node."""
HEARTBEAT = 5


def unpacked(archive: Path, folder: Path) -> Path:
    """Unpack a distribution, with its permissions, and return the one folder in it."""
    with zipfile.ZipFile(archive) as opened:
        for entry in opened.infolist():
            file = Path(opened.extract(entry, folder))
            file.chmod(entry.external_attr >> 16 & 0o777)
    (home,) = folder.iterdir()
    return home


def service(name: str, accept: str, bind: str, *, before: str = "", after: str = "") -> str:
    """Return an echo service that accepts `accept` at the address and port `bind`.

    `before` stands among its options before that, `after` behind them.
    """
    options = f"<accept-options>{before}<tcp.bind>{bind}</tcp.bind></accept-options>"
    return f"<service><name>{name}</name><accept>{accept}</accept><type>echo</type>{options}{after}</service>"


def cluster(own: str, members: Sequence[str], name: str = "shop") -> str:
    """Return the element for the member at the address `own`."""
    connects = "".join(f"<connect>tcp://{each}:{MEMBER}</connect>" for each in members)
    return f"<cluster><name>{name}</name><accept>tcp://{own}:{MEMBER}</accept>{connects}</cluster>"


def config(*elements: str) -> str:
    """Return a whole gateway-config.xml."""
    return f'<gateway-config xmlns="http://xmlns.kaazing.org/2016/06/gateway">{"".join(elements)}</gateway-config>'


@dataclass
class Gateway:
    """One gateway in its unpacked home, at `address`; in `namespace` if it has one."""

    home: Path
    address: str = "127.0.0.1"
    namespace: str = ""
    child: subprocess.Popen[bytes] | None = None
    runs: int = 0

    def configure(self, *elements: str) -> None:
        """Write the gateway's configuration."""
        (self.home / "conf/gateway-config.xml").write_text(config(*elements))

    def start(self) -> None:
        """Start it by Java itself with a node's options, without its script."""
        options = launch.options(self.home, HEARTBEAT, 192, CALM)
        self.launch(["java", *options, "-cp", f"{self.home}/lib/*", "org.kaazing.gateway.server.Main"])

    def launch(self, command: Sequence[str], **environment: str) -> None:
        """Start `command`; what it prints is the log of this run."""
        inside = ["ip", "netns", "exec", self.namespace] if self.namespace else []
        self.runs += 1
        with self._console.open("wb") as log:
            self.child = subprocess.Popen(
                [*inside, "nice", "-n", "19", *command],
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def _console(self) -> Path:
        return self.home / f"log/console-{self.runs}"

    @property
    def log(self) -> str:
        """What it has printed in its last run."""
        return self._console.read_text()

    @property
    def file_log(self) -> str:
        """What it has written into its log file in all runs: the same, but for what Java itself prints."""
        return (self.home / "log/error.log").read_text()

    @property
    def sight(self) -> Sight:
        """What a node makes of what was printed."""
        return self.sight_of(self.log)

    def sight_of(self, log: str) -> Sight:
        """Return what a node makes of a whole log."""
        now = Sight()
        for line in log.splitlines():
            if found := lines.event(line):
                now = log_sight.after(now, found)
        return now

    def wait_until_started(self) -> None:
        """Wait until it serves; a gateway that ends before fails at once."""

        def serves() -> bool:
            assert self.child is not None
            assert self.child.poll() is None, self.log
            return self.sight.serving

        poll(serves, within=60, every=0.1)

    def signal(self, number: int) -> None:
        """Send a signal to the process."""
        assert self.child is not None
        os.kill(self.child.pid, number)

    def kill(self) -> None:
        """Remove it, if it still runs."""
        if self.child:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()


@dataclass
class Bench:
    """Makes gateways in namespaces, cuts and heals the wires between them, and removes all in the end.

    `switch` is the namespace of the bridge, where whoever visits the gateways stands.
    """

    folder: Path
    switch: str
    made: list[Gateway] = field(default_factory=list)

    def up(self) -> None:
        """Make the bridge."""
        netns.add(self.switch)
        netns.ip("-n", self.switch, "link", "add", "bridge", "type", "bridge")
        netns.ip("-n", self.switch, "addr", "add", f"{NETWORK}.254/24", "dev", "bridge")
        netns.ip("-n", self.switch, "link", "set", "bridge", "up")

    def gateway(self) -> Gateway:
        """Return a gateway that has not started, in a namespace of its own."""
        number = len(self.made) + 1
        home = unpacked(build_kaazing(), self.folder / str(number))
        gateway = Gateway(home, f"{NETWORK}.{number}", f"{self.switch}{number}")
        netns.add(gateway.namespace)
        self.made.append(gateway)
        wire = ("type", "veth", "peer", "name", "eth0", "netns", gateway.namespace)
        netns.ip("-n", self.switch, "link", "add", f"v{number}", *wire)
        netns.ip("-n", self.switch, "link", "set", f"v{number}", "master", "bridge", "up")
        netns.ip("-n", gateway.namespace, "addr", "add", f"{gateway.address}/24", "dev", "eth0")
        netns.ip("-n", gateway.namespace, "link", "set", "eth0", "up")
        return gateway

    def cluster(self, number: int) -> list[Gateway]:
        """Return a cluster of `number` gateways, all started at once."""
        made = [self.gateway() for _ in range(number)]
        for each in made:
            echo = service("echo", f"ws://{NAME}:80/echo", f"{each.address}:{PORT}")
            each.configure(echo, cluster(each.address, [one.address for one in made]))
            each.start()
        for each in made:
            each.wait_until_started()
        poll(lambda: all(len(each.sight.others) == number - 1 for each in made), within=20)
        return made

    def visit(self, gateway: Gateway) -> WebSocket:
        """Return a WebSocket from beside the gateways, as one that comes through a balancer."""
        return websocket.visit(self.switch, (gateway.address, PORT), "/echo", host=NAME)

    def cut(self, *apart: Gateway) -> None:
        """Drop without a word what the gateways `apart` and the others send to each other."""
        far = {each.address for each in apart}
        for each in self.made:
            peers = {other.address for other in self.made} - far if each in apart else far
            chain = "add chain inet cut input { type filter hook input priority -300; }"
            rule = f"add rule inet cut input ip saddr {{ {', '.join(sorted(peers))} }} drop"
            _nft(each.namespace, f"add table inet cut\n{chain}\n{rule}\n")

    def heal(self) -> None:
        """Take the cut away."""
        for each in self.made:
            _nft(each.namespace, "delete table inet cut\n")

    def close(self) -> None:
        """Remove what runs, and the namespaces."""
        for each in self.made:
            each.kill()
            netns.remove(each.namespace)
        netns.remove(self.switch)


def _nft(namespace: str, given: str) -> None:
    command = ["ip", "netns", "exec", namespace, "nft", "-f", "-"]
    subprocess.run(command, input=given, check=True, text=True, capture_output=True)


@contextlib.contextmanager
def bench(folder: Path) -> Iterator[Bench]:
    """Yield a bench without gateways."""
    assert shutil.which("java"), "no java is on the path"
    made = Bench(folder, f"{PREFIX}{uuid.uuid4().hex[:8]}")
    try:
        made.up()
        yield made
    finally:
        made.close()
