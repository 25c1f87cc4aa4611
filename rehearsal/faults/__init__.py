"""Faults of a running rehearsal: named, made, and undone whatever happens; and trials of a cluster under them."""

from rehearsal.faults.catalog import catalog
from rehearsal.faults.clearing import clear
from rehearsal.faults.fault import Fault, FaultError, Heal, injected
from rehearsal.faults.stage import Stage

__all__ = ["Fault", "FaultError", "Heal", "Stage", "catalog", "clear", "injected"]
