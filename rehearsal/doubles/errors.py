"""How the making of a double fails."""


class BuildError(Exception):
    """A double cannot be built; the text says why and what to do."""
