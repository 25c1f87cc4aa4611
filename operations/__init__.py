"""Muster's command line."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The checkout: commands that need its files (the CDK app, the tests) run there."""
