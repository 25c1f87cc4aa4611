"""`muster check`: faults of cluster files, without AWS."""

import sys
from collections.abc import Sequence
from pathlib import Path

from muster.spec import SpecError, load


def check_files(files: Sequence[Path]) -> int:
    """Print one line for each good file, and every fault of each bad one; return 2 if there is a bad one, else 0."""
    return max([_check_file(file) for file in files])


def _check_file(file: Path) -> int:
    try:
        cluster = load(file)
    except SpecError as error:
        print(error, file=sys.stderr)
        return 2
    nodes = ", ".join(f"{name} in {node.zone}" for name, node in sorted(cluster.nodes.items()))
    print(f"{file}: right: {cluster.product} cluster {cluster.name}: {nodes}")
    return 0
