"""The licence of a product, as the stack has it."""

from muster.published_file import PublishedFile


class Licence(PublishedFile):
    """A licence. Raises `SpecError` too if it is empty; what is in it the product alone can judge."""

    WHAT, KEY = "the licence", "licence_file"

    @staticmethod
    def fault(data: bytes) -> str | None:
        """Return what is wrong with `data`, or None."""
        return None if data.strip() else "is empty, want the licence"
