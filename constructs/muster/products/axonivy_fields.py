"""Fields of an Axon.ivy cluster that are its alone: the system database, the shared folder, the licence."""

import re
from collections.abc import Mapping
from typing import Annotated, ClassVar, Final

from muster.aws_ids import SecretArn
from muster.checking import checked
from muster.fields import Block, folder_fault, path_fault
from muster.jdbc import Driver, jdbc_url
from muster.jdbc import ports_of as ports_of

SHARED: Final = "`efs` for a file system of the cluster's own, an EFS id, or the folder that your own image mounts"
LICENCE: Final = "the path of the licence (.lic), whose name has only letters, digits and . _ -"

FILE_SYSTEM: Final = r"fs-([0-9a-f]{8}|[0-9a-f]{17})"
_FOLDER: Final = r"(/[A-Za-z0-9._-]+){2,}"
_LICENCE: Final = r"(.*/)?[A-Za-z0-9][A-Za-z0-9._-]{0,95}\.lic"


def _shared_fault(value: str) -> str | None:
    if value == "efs" or re.fullmatch(FILE_SYSTEM, value, re.ASCII):
        return None
    if not re.fullmatch(_FOLDER, value, re.ASCII) or len(value) > 100:
        return "which is not such"
    return "which holds . or .." if {".", ".."} & set(value.split("/")) else folder_fault(value)


def _licence_fault(value: str) -> str | None:
    return path_fault(value) or (None if re.fullmatch(_LICENCE, value, re.ASCII) else "")


class SystemDatabase(Block):
    """The database that all engines share. It is yours: Muster neither makes nor saves it."""

    no_fields: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("user", "username", "password"), "user and password stand in your own secret (axonivy.database.secret)"
    )

    url: Annotated[str, jdbc_url("jdbc:postgresql://db.example.org:5432/ivy")]
    """Where the database is, as Java has it, without user and password."""
    driver: Driver | None = None
    """The driver's class. By default the engine takes its own for the address."""
    secret: SecretArn
    """The secret with the database's user: `{"username": ..., "password": ...}`."""


SharedFolder = Annotated[
    str, checked(_shared_fault, SHARED, pattern=rf"^(efs|{FILE_SYSTEM}|{_FOLDER})$", maxLength=100)
]

LicenceFile = Annotated[str, checked(_licence_fault, LICENCE, pattern=f"^{_LICENCE}$")]
