"""How a command ends when it cannot do its work."""

import tempfile
import traceback


class Failure(Exception):  # noqa: N818 - the field's word for how a command ends
    """A message for the user: one line that says what is wrong and what to do.

    `code` is the exit code: 1 for a failure, 2 for bad input.
    """

    def __init__(self, message: str, *, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


def unexpected(fault: Exception) -> str:
    """Return one line for what nobody expected; the whole of it is kept in a file that the line names."""
    with tempfile.NamedTemporaryFile("w", prefix="muster-", suffix=".log", delete=False) as log:
        log.writelines(traceback.format_exception(fault))
    return f"{type(fault).__name__}: {fault} (all of it: {log.name})"
