"""`python -m operations`: what the launcher runs."""

from operations.cli import main

main()
