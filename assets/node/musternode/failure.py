"""One sentence that names the cause, fit for the wait handle."""

LONGEST = 900
"""Bytes of a sentence: the wait handle takes 4,096 bytes in all and the event text is cut near 1,024."""


class Failure(Exception):  # noqa: N818 - a cause is reported, it is no error of this program
    """The cause for which this node cannot go on; its text is the sentence that the user reads."""


def ascii_sentence(text: str) -> str:
    """Return `text` as one printable ASCII line of at most `LONGEST` characters."""
    line = " ".join(text.split())
    plain = "".join(character if " " <= character <= "~" else "?" for character in line)
    return plain if len(plain) <= LONGEST else plain[: LONGEST - 3] + "..."


def unexpected(fault: Exception) -> str:
    """Return the sentence for a fault in musternode itself; a `Failure` is its own."""
    return str(fault) if isinstance(fault, Failure) else f"musternode failed: {type(fault).__name__}: {fault}"


def without(text: str, *secrets: str) -> str:
    """Return `text` with each of `secrets` struck out, for text that another program wrote."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    return text
