"""What Muster itself puts into the database: the application's user, and a table that shows that the pair is formed."""

from typing import List

from ..aws import Credentials
from . import text

ROWS = "SELECT CAST(NODE || ' ' || GENERATION AS VARCHAR) FROM MUSTER.FORMATION"


def rights(user: Credentials) -> List[str]:
    """Return the statements that make the application's user, who is no administrator, and Muster's own table.

    No administrator may connect by the cluster's URL: he would join a stale server again without a word
    (engine/Engine.java, checkClustering), where anybody else gets error 90040.
    """
    name, password = text.user(user.username), text.literal(user.password)
    return [
        f"CREATE USER IF NOT EXISTS {name} PASSWORD {password}",
        f"ALTER USER {name} SET PASSWORD {password}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON SCHEMA PUBLIC TO {name}",
        "CREATE SCHEMA IF NOT EXISTS MUSTER",
        "CREATE TABLE IF NOT EXISTS MUSTER.FORMATION(NODE VARCHAR PRIMARY KEY, GENERATION VARCHAR)",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON MUSTER.FORMATION TO {name}",
    ]


def row(node: str, generation: str) -> str:
    """Return the statement by which a node says, through the cluster, that it is part of it."""
    return f"MERGE INTO MUSTER.FORMATION KEY(NODE) VALUES({text.literal(node)}, {text.literal(generation)})"
