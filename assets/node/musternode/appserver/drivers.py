"""Whether the product has the driver of a database: a class in a `.jar` that the archive has brought."""

import zipfile
from pathlib import Path
from typing import Sequence, Set

from ..failure import Failure

FOLDERS = ("repository/components/lib", "repository/components/dropins", "repository/components/extensions")
"""Where a `.jar` of one's own is put: the first is WSO2's advice, the others are for bundles."""


def chosen(home: Path, wanted: Sequence[str]) -> str:
    """Return the first of the classes `wanted` that the product at `home` has; raises `Failure` if it has none."""
    files = {name.replace(".", "/") + ".class": name for name in wanted}
    found: Set[str] = set()
    for folder in FOLDERS:
        for jar in sorted((home / folder).glob("*.jar")):
            found |= _entries(jar) & set(files)
    for file, name in files.items():
        if file in found:
            return name
    raise Failure(
        f"no .jar in {FOLDERS[0]} has the class {' or '.join(wanted)}; put the database's driver there in the "
        f"artifact, or say its class in wso2as.database.driver"
    )


def _entries(jar: Path) -> Set[str]:
    """Return the names in `jar`; none if it is no archive, as which the product passes it over, too."""
    try:
        with zipfile.ZipFile(jar) as packed:
            return set(packed.namelist())
    except (OSError, zipfile.BadZipFile):
        return set()
