"""H2's own tools, started with their passwords in argument files on tmpfs that live until the tool has read them."""

import contextlib
import os
import re
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator, Optional, Sequence

from ..aws import Credentials
from ..failure import Failure
from . import text
from .faults import H2Error as H2Error

SHORT = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-Xmx192m", "-Dfile.encoding=UTF-8")
"""For a process that ends within seconds: compile once, one collector thread, class data from the archive."""
LEFT_BEHIND = 60.0
ENCODING = ("-Dstdout.encoding=UTF-8", "-Dstdin.encoding=UTF-8", "-Dh2.socketConnectRetry=2")


@dataclass(frozen=True)
class Tools:
    """How to start a tool of the H2 in `jar`; `run` is a folder in memory that root alone can read."""

    jar: Path
    run: Path
    java: str = "java"

    @contextlib.contextmanager
    def started(self, main: str, arguments: Sequence[str]) -> Iterator["Tool"]:
        """Start the tool `main`; at the end of the block it is dead and its argument file gone."""
        tool = Tool.start(self, main, arguments)
        try:
            yield tool
        finally:
            tool.end()

    def create_cluster(
        self, source: str, target: str, admin: Credentials, servers: str, *, lost: Callable[[], Optional[str]]
    ) -> None:
        """Copy the database at the URL `source` over the one at `target` and make both a cluster of `servers`.

        Nobody may be connected to the target: H2 would delete its files when the last connection leaves
        (command/ddl/DropDatabase.java). `lost` is asked meanwhile; its text ends the tool, which makes H2 release
        the source. Raises `H2Error`.
        """
        arguments = ["-urlSource", source, "-urlTarget", target, "-user", admin.username]
        arguments += ["-password", admin.password, "-serverList", servers]
        with self.started("org.h2.tools.CreateCluster", arguments) as tool:
            said = tool.to_the_end(lost)
        if tool.status != 0:
            raise H2Error(first_error(said))


def discard_old(folder: Path) -> None:
    """Remove argument files in `folder` older than `LEFT_BEHIND` seconds: a process that was killed left them."""
    for file in folder.glob("*.args"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - file.stat().st_mtime > LEFT_BEHIND:
                file.unlink()


class Tool:
    """A running tool with pipes for its streams; what it says on both outputs comes in one stream."""

    def __init__(self, process: "subprocess.Popen[bytes]", arguments: Path) -> None:
        self.process = process
        self._arguments = arguments
        self.status: Optional[int] = None

    @classmethod
    def start(cls, tools: Tools, main: str, arguments: Sequence[str]) -> "Tool":
        """Start `main` of the H2 jar."""
        tools.run.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, name = tempfile.mkstemp(dir=tools.run, suffix=".args")  # mkstemp makes it 0600
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            out.write(text.argument_file([*SHORT, *ENCODING, "-cp", str(tools.jar), main, *arguments]))
        try:
            process = subprocess.Popen(
                [tools.java, f"@{name}"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8"},
                bufsize=0,
            )
        except FileNotFoundError:
            Path(name).unlink()
            raise Failure(f"the program {tools.java} is not installed") from None
        except BaseException:
            Path(name).unlink()
            raise
        return cls(process, Path(name))

    def forget_arguments(self) -> None:
        """Remove the argument file: the tool has read it."""
        with contextlib.suppress(FileNotFoundError):
            self._arguments.unlink()

    def to_the_end(self, lost: Callable[[], Optional[str]]) -> str:
        """Return all that the tool said once it has ended by itself; raises `H2Error` with the text of `lost`."""
        while True:
            try:
                output, _ = self.process.communicate(timeout=0.25)
            except subprocess.TimeoutExpired:
                if reason := lost():
                    raise H2Error(reason) from None
                continue
            self.status = self.process.returncode
            return output.decode("utf-8", "replace")

    def end(self) -> None:
        """Kill the tool if it still runs, and remove its argument file."""
        self.forget_arguments()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


def first_error(said: str) -> str:
    """Return the line of `said` that names the fault, without the statement that H2 quotes in it."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if "Exception" in line or line.startswith("Error")]
    line = (telling or lines or ["the tool said nothing"])[0].split("; SQL statement:")[0]
    line = re.sub(r'^(Exception in thread "main" |Error: |SQL Exception: )*([\w.$]+Exception: )?', "", line)
    return re.sub(r"^(Syntax error in SQL statement) .*", r"\1", line)[:300]
