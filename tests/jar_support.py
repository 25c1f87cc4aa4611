"""Other versions of the double: an executable jar made of another one."""

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

Change = Callable[[str, bytes], tuple[str, bytes]]
"""What an entry of a name and a content is to become."""


def remade(jar: Path, made: Path, change: Change, more: Mapping[str, str | bytes]) -> None:
    """Make of an executable jar another one, with entries changed and `more` of them; its script stays in front."""
    with zipfile.ZipFile(jar) as old:
        script = jar.read_bytes()[: min(each.header_offset for each in old.infolist())]
        made.write_bytes(script)
        with zipfile.ZipFile(made, "a") as new:
            for each in old.infolist():
                name, content = change(each.filename, old.read(each))
                new.writestr(name, content, each.compress_type)  # a jar in a jar must be stored as it is
            for name, given in more.items():
                new.writestr(name, given)
    made.chmod(0o755)
