"""The product's working copy: it goes on with the repository that it was checked out of, whatever its settings say.

So one of another repository, or of one that was restored, is made plain files again. The product checks out anew then,
and first deletes what lies under each top-level name that the repository has too: what this node has not committed is
lost, but for names that only it has (SVNBasedArtifactRepository.checkout, cleanupUnversionedFiles).
"""

import os
import shutil
from pathlib import Path

from .. import files


def bind(folder: Path, mark: Path, source: str) -> bool:
    """Let `folder` be a working copy of no other repository than `source`; return whether it was one.

    `source` names it by URL and identity. `mark` is the file in which it is kept; a working copy that was never marked
    is taken for another's. To be called while the product does not run.
    """
    same = mark.is_file() and mark.read_text() == source
    gone = False if same else _forget(folder)
    files.write(mark, source.encode(), mode=0o600)
    return gone


def _forget(folder: Path) -> bool:
    """Remove each .svn below `folder`; clients before Subversion 1.7 keep one in each folder."""
    gone = False
    for parent, names, _ in os.walk(folder):
        if ".svn" in names:
            names.remove(".svn")
            shutil.rmtree(Path(parent) / ".svn")
            gone = True
    return gone
