"""How a command ends when it cannot do its work."""


class Failure(Exception):  # noqa: N818 - the field's word for how a command ends
    """A message for the user: one line that says what is wrong and what to do.

    `code` is the exit code: 1 for a failure, 2 for bad input.
    """

    def __init__(self, message: str, *, code: int = 1) -> None:
        super().__init__(message)
        self.code = code
