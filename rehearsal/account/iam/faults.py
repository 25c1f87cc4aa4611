"""What IAM says no to, and what it cannot say anything about."""


class UndecidableError(Exception):
    """A policy or a request holds what this emulated account does not know; the text names it."""


class InvalidRequestError(Exception):
    """A request that no policy could allow, as a parameter has a value that the service does not take."""


class SignatureError(Exception):
    """A request is not signed by whom it says; `kind` is one of the keys of `refusals.CODES`."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
