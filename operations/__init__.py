"""Muster's command line."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The checkout: commands that need its files (the CDK app, the tests) run there."""


def with_node_code() -> None:
    """Let `musternode` be imported: what runs on a node is no package of the tool, and on no user's path."""
    sys.path.insert(0, str(ROOT / "assets" / "node"))
