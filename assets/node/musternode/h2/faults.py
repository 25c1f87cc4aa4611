"""What goes wrong between this node and H2."""


class H2Error(Exception):
    """What H2 answered instead of doing as told; its text names no statement, for that could hold a password.

    `code` is H2's own (h2database, api/ErrorCode.java); 0 is a fault of the connection or of H2's tools.
    """

    def __init__(self, text: str, code: int = 0) -> None:
        super().__init__(text)
        self.code = code


class Hung(H2Error):  # noqa: N818 - a state of the server, as systemd names it
    """H2 gave no answer in time; whether it did as told is not known, and the connection is closed."""
