"""Where this machine gets its Debian packages from, so that the image is built from the same place."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

COMPONENT = "main"

CARRIED = ("Acquire::http", "Acquire::https", "Acquire::Check-", "Acquire::Retries")
"""Settings of the machine's apt that decide whether a download works: proxies, clock checks, retries."""


def debian_sources(suite: str, apt: Path = Path("/etc/apt")) -> list[str]:
    """Return the machine's own `deb` lines for `suite`, its updates and its security suite, in the order found.

    Reads both formats of sources.list(5). Other suites (and so third-party repositories, which name their suites
    otherwise) are left out. Empty where the machine has no such line, as on another distribution.
    """
    wanted = {suite, f"{suite}-updates", f"{suite}-security"}
    files = [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))]
    found: list[str] = []
    for file in files:
        if not file.is_file():
            continue
        text = file.read_text(errors="replace")
        if file.suffix == ".sources":
            found += _from_stanzas(text, wanted)
        elif file.suffix == ".list":
            found += _from_lines(text, wanted)
    return list(dict.fromkeys(found))


def _from_lines(text: str, wanted: set[str]) -> Iterator[str]:
    for line in text.splitlines():
        words = line.split("#")[0].split()
        if not words or words[0] != "deb":
            continue
        bare = _without_options(words[1:])
        if len(bare) > 2 and bare[1] in wanted and COMPONENT in bare[2:]:
            yield " ".join(words)


def _without_options(words: list[str]) -> list[str]:
    if not words or not words[0].startswith("["):
        return words
    end = next((at for at, word in enumerate(words) if word.endswith("]")), len(words))
    return words[end + 1 :]


def _from_stanzas(text: str, wanted: set[str]) -> Iterator[str]:
    for stanza in _stanzas(text):
        if "deb" not in stanza.get("types", "").split() or stanza.get("enabled", "yes") == "no":
            continue
        if COMPONENT not in stanza.get("components", "").split():
            continue
        key = stanza.get("signed-by", "")
        options = f"[signed-by={key}] " if key.startswith("/") else ""
        for uri in stanza.get("uris", "").split():
            for suite in stanza.get("suites", "").split():
                if suite in wanted:
                    yield f"deb {options}{uri} {suite} {COMPONENT}"


def _stanzas(text: str) -> Iterator[dict[str, str]]:
    fields: dict[str, str] = {}
    last = ""
    for line in [*text.splitlines(), ""]:
        if line.startswith("#"):
            continue
        if not line.strip():
            if fields:
                yield fields
            fields, last = {}, ""
        elif line[0].isspace():
            fields[last] = f"{fields.get(last, '')} {line.strip()}".strip()
        else:
            name, _, value = line.partition(":")
            last = name.strip().lower()
            fields[last] = value.strip()


def apt_settings() -> str:
    """Return the machine's apt settings named in `CARRIED`, in the format of apt.conf(5)."""
    dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=False)
    return "".join(f"{line}\n" for line in dump.stdout.splitlines() if line.startswith(CARRIED))
