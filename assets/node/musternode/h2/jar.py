"""The H2 that the application itself brings."""

import io
import re
import zipfile
from pathlib import Path
from typing import Tuple

from .. import files
from ..failure import Failure

_PLACE = re.compile(r"(?:BOOT-INF|WEB-INF)/lib/h2-(\d[\w.]*)\.jar")


def version(application: Path) -> str:
    """Return the version of the H2 inside the jar `application`; raises `Failure` unless there is exactly one."""
    return _read(application)[0]


def extract(application: Path, to: Path) -> str:
    """Write the H2 jar inside the Spring Boot jar `application` to `to`; return its version.

    A fully executable jar has a shell script before the zip, which `zipfile` steps over. Raises `Failure` unless
    there is exactly one H2 jar.
    """
    found, content = _read(application)
    files.write(to, content, mode=0o644)
    return found


def _read(application: Path) -> Tuple[str, bytes]:
    try:
        with zipfile.ZipFile(application) as jar:
            found = [match for match in map(_PLACE.fullmatch, jar.namelist()) if match]
            if len(found) != 1:
                names = ", ".join(match.group() for match in found) or "none"
                raise Failure(f"{application.name} must hold one BOOT-INF/lib/h2-*.jar; found: {names}")
            content = jar.read(found[0].group())
    except zipfile.BadZipFile:
        raise Failure(f"{application.name} is not a jar: it has no zip directory") from None
    if not zipfile.is_zipfile(io.BytesIO(content)):
        raise Failure(f"{found[0].group()} in {application.name} is damaged")
    return found[0].group(1), content
