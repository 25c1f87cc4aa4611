"""What the tests of the cluster file share."""

from pathlib import Path

import pytest

from muster.spec import SpecError, load

SHA = "0123456789abcdef" * 4
CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"


def refusal(file: Path) -> str:
    """Return what `load` says about `file`, without the file's name."""
    with pytest.raises(SpecError) as error:
        load(file)
    return str(error.value).replace(f"{file}:", "")
