"""Clients that write and read while things go wrong, and the history of what they were told."""

from rehearsal.writers.journal import Journal
from rehearsal.writers.load import Load, Shape
from rehearsal.writers.operation import Operation

__all__ = ["Journal", "Load", "Operation", "Shape"]
