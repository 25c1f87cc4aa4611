"""Programs that stand where a product cannot be had, built from source by Maven and kept by the hash of that source.

A double reads the same configuration files as its product and says on every answer what it is.
"""

from rehearsal.doubles.carbon import build_carbon
from rehearsal.doubles.maven import BuildError
from rehearsal.doubles.stand_in import missing_licence, stand_in, stand_in_licence, told
from rehearsal.doubles.store import ARTIFACTS, artifact, build, names

__all__ = [
    "ARTIFACTS",
    "BuildError",
    "artifact",
    "build",
    "build_carbon",
    "missing_licence",
    "names",
    "stand_in",
    "stand_in_licence",
    "told",
]
