"""Asks one member's own H2 server, inside its host and without disturbing the cluster.

The server listens on the host's loopback alone: its gate, which others reach, admits no administrator.

A URL of one server with CLUSTER=TRUE is always accepted and changes nothing (H2 1.4.199, engine/Engine.java); IFEXISTS
keeps a wrong name from making a database. The product's own programs are not asked: they are what is being checked.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rehearsal.checks.scene import Member, Scene

PROGRAM = Path(__file__).with_name("inside_h2.py")
WITHIN = 90.0

DUMP = "SCRIPT SIMPLE NOPASSWORDS NOSETTINGS;"
"""One statement a row."""

ROW = re.compile(r"INSERT INTO (?P<table>.+?)(?: VALUES)?\(")


@dataclass(frozen=True)
class Rows:
    """Hashes of one server's rows by table, repeated where rows repeat, and of its other statements; in no order."""

    tables: Mapping[str, Sequence[str]]
    schema: Sequence[str]


def rows_of(printed: str) -> Rows:
    """Return what H2's shell printed as the answer to `DUMP`. Raises `ValueError` if it is none.

    H2's own remarks (row counts that it estimates) are no statements.
    """
    tables: dict[str, list[str]] = {}
    schema: list[str] = []
    for statement in printed.split("\nSCRIPT: ")[1:]:
        text = statement[: statement.rfind(";") + 1]
        if not text or text.startswith("--"):
            continue
        row = ROW.match(text)
        kept = tables.setdefault(row["table"].replace('"', ""), []) if row else schema
        kept.append(hashlib.sha256(text.encode()).hexdigest()[:16])
    if not schema:
        raise ValueError("H2 answered without a single statement")
    return Rows({name: sorted(rows) for name, rows in tables.items()}, sorted(schema))


def ask(scene: Scene, member: Member, statements: str) -> str:
    """Return what H2's shell prints for statements on the server of `member` alone, as the database's administrator.

    Raises `EnterError` with H2's words.
    """
    order = {**_connection(scene), "statements": statements}
    return scene.run_in(member, ["python3", "-c", PROGRAM.read_text()], text=json.dumps(order), within=WITHIN)


def _connection(scene: Scene) -> dict[str, str]:
    document = scene.settings_document
    home, database = document["settings"]["home"], document["settings"]["database"]
    server = f"127.0.0.1:{scene.port('database')}"
    arn = document["secrets"]["database_admin"]
    secret = json.loads(scene.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
    return {
        "jar": f"{home}/executable-jars/{document['artifact']['name']}",
        "url": f"jdbc:h2:tcp://{server}/./{database};CLUSTER=TRUE;IFEXISTS=TRUE",
        "user": secret["username"],
        "password": secret["password"],
    }
