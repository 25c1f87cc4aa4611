"""How the engine is started and ended: what its launcher promises (docs/axonivy.md)."""

from pathlib import Path
from typing import Dict, Tuple

from .layout import Layout

READY = "is running and ready to serve"
"""What the engine says at the end of its start."""
ENDINGS = (143,)
"""Exit codes of an engine that was asked to end: a Java program's on SIGTERM."""


def command(place: Layout) -> Tuple[str, str]:
    """Return what runs the engine in the foreground, as a service manager wants it; it must get no console."""
    return str(place.program), "-start"


def environment(java_home: Path) -> Dict[str, str]:
    """Return the variables that the launcher wants: the package for Linux brings no Java."""
    return {"IVY_JAVA_HOME": str(java_home)}
