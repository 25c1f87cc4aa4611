"""What can go wrong in CloudFormation, by who hears of it."""


class Refusal(Exception):  # noqa: N818 - AWS's word is "error response"; what it is, is a refusal
    """An API call is refused; `code` is the error code that its caller sees."""

    code = "ValidationError"


class ChangeSetNotFoundError(Refusal):
    """No such change set. The CDK CLI tells this code apart from every other."""

    code = "ChangeSetNotFound"


class InsufficientCapabilitiesError(Refusal):
    """The caller did not acknowledge what the template may create."""

    code = "InsufficientCapabilitiesException"


class UnsupportedError(Refusal):
    """AWS could do it, this emulated account cannot; the text names what."""


class ResourceError(Exception):
    """A resource could not be brought to its wanted state; the text becomes the reason in its event."""


class OperationError(Exception):
    """A stack operation cannot go on and is to be rolled back; the text becomes the stack's status reason."""
