"""Hooks by which a mirror refuses every write but the mirroring's own, also those of connections that are open.

The data volume is mounted so that nothing on it can be executed. So a hook is a link to a program on the root volume; a
link that leads nowhere, as on another instance, makes Subversion refuse as well.
"""

from pathlib import Path

from .. import files
from .accounts import MIRROR
from .place import Place

NAMES = ("start-commit", "pre-commit", "pre-revprop-change", "pre-lock", "pre-unlock")
"""Hooks that can refuse. `pre-commit`: one that began while this was no mirror must not end in it."""
TEXT = f"""\
#!/bin/sh
# Who writes is an argument, or the author of the transaction; without an answer nobody does.
case "${{0##*/}}" in
  start-commit) who=$2 ;;
  pre-commit) who=$(/usr/bin/svnlook author "$1" --transaction "$2") ;;
  *) who=$3 ;;
esac
[ "$who" = {MIRROR} ] && exit 0
echo "this repository is a mirror: commit into that of the committing management node" >&2
exit 1
"""


def refuse(place: Place) -> None:
    """Let nobody but the mirroring write from now on."""
    files.write(place.program, TEXT.encode("ascii"), mode=0o755)
    place.program.parent.chmod(0o755)
    hooks = place.repository / "hooks"
    for name in NAMES:
        _link(hooks / name, place.program)
    files.sync_folder(hooks)


def permit(place: Place) -> None:
    """Let those write again who have the right to."""
    hooks = place.repository / "hooks"
    for name in NAMES:
        (hooks / name).unlink(missing_ok=True)
    files.sync_folder(hooks)


def _link(at: Path, to: Path) -> None:
    if at.is_symlink() and Path(at.parent / at.readlink()) == to:
        return
    fresh = at.with_name(f".{at.name}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(to)
    fresh.replace(at)
