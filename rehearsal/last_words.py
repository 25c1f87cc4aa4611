"""The line by which a program that failed is known."""


def last_line(text: str) -> str:
    """Return the last line that says something, without the space around it; empty if none does."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
