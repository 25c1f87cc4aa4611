"""Runs inside a host: speaks SQL to one H2 server through org.h2.tools.Shell and prints what that prints.

Standard input is JSON: `jar` (the application's, which has H2 inside), `url`, `user`, `password`, `statements`. The
password reaches Java in a file that root alone may read, as a command line is shown to everybody. Python 3.9, standard
library.
"""

import json
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

H2_IN_JAR = re.compile(r"BOOT-INF/lib/h2-[0-9.]+\.jar")
ERROR = re.compile(r"^(?:sql> )*(?:Error: |.*Exception: )(?P<what>.*)", re.MULTILINE)


def quoted(argument: str) -> str:
    """Return an argument as Java's launcher reads it from an argument file (JDK tool specification, "java")."""
    escaped = argument.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def talk(given: dict[str, str], folder: Path) -> str:
    """Return what H2's shell prints; `folder` is private and goes away. Raises `RuntimeError` with its first error."""
    with zipfile.ZipFile(given["jar"]) as archive:
        (inner,) = (name for name in archive.namelist() if H2_IN_JAR.fullmatch(name))
        (folder / "h2.jar").write_bytes(archive.read(inner))
    arguments = ["-XX:TieredStopAtLevel=1", "-cp", str(folder / "h2.jar"), "org.h2.tools.Shell"]
    arguments += ["-url", given["url"], "-user", given["user"], "-password", given["password"]]
    (folder / "arguments").write_text("\n".join(map(quoted, arguments)))
    # In list mode the shell prints each value whole, after its column's name (H2 1.4.199, org/h2/tools/Shell.java).
    dialogue = f"list\n{given['statements']}\nexit\n"
    command = ["java", f"@{folder / 'arguments'}"]
    done = subprocess.run(command, input=dialogue, capture_output=True, text=True, timeout=60, check=False)
    if error := ERROR.search(done.stdout) or ERROR.search(done.stderr):
        raise RuntimeError(error["what"])
    if done.returncode:
        raise RuntimeError(f"java ended with {done.returncode}")
    return done.stdout


def main() -> int:
    """Talk and print; on failure one line on standard error and code 1."""
    given = json.load(sys.stdin)
    with tempfile.TemporaryDirectory(prefix="h2-") as folder:
        try:
            sys.stdout.write(talk(given, Path(folder)))
        except (OSError, RuntimeError, ValueError, subprocess.TimeoutExpired) as fault:
            sys.stderr.write(f"{fault}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
