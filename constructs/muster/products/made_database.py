"""A database that is made with a cluster, as a product wants it. Data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

EngineName = Literal["mysql", "postgres"]


@dataclass(frozen=True)
class Engine:
    """An engine of RDS: its version, the family of its parameters, and the one that refuses whoever comes without TLS.

    `url` is how Java addresses it, with `endpoint` and `database` to be filled in, `driver` the class by default.
    `logs` are those that it writes.
    """

    version: str
    family: str
    only_tls: str
    port: int
    url: str
    driver: str
    logs: tuple[str, ...]


ENGINES: Final[Mapping[EngineName, Engine]] = {
    "mysql": Engine(
        "8.4",
        "mysql8.4",
        "require_secure_transport",
        3306,
        "jdbc:mysql://{endpoint}/{database}?sslMode=REQUIRED",
        "com.mysql.cj.jdbc.Driver",
        ("audit", "error", "general", "slowquery"),
    ),
    "postgres": Engine(
        "16",
        "postgres16",
        "rds.force_ssl",
        5432,
        "jdbc:postgresql://{endpoint}/{database}?sslmode=require",
        "org.postgresql.Driver",
        ("postgresql", "upgrade"),
    ),
}
"""By the name that RDS has for them. RDS chooses the newest patch of a version, and goes on to each later one."""


@dataclass(frozen=True)
class MadeDatabase:
    """What is wanted: the class is that of an RDS instance, `storage` is in GiB; `multi_az` keeps a stand-by."""

    engine: EngineName
    instance_class: str
    storage: int
    multi_az: bool
    driver: str
