"""A right file is one whose settings document has room for all that nodes are told."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from muster import settings
from muster.artifact_file import VARIABLE
from muster.settings_document import LARGEST
from muster.spec import load
from muster.spec.told_rules import texts_that_nodes_can_be_told
from tests.fuzz_synthesis import read_by_a_node
from tests.spec_help import refusal
from tests.variants import EXAMPLES, Fields, merged, read

SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret"
LONG = ".".join(["h" * 60, "h" * 60, "ab"])
SERVER = next(read(example) for example in EXAMPLES if example.stem == "wso2-as")


def server(secret: int, path: int) -> Fields:
    """Return 16 servers of long names with names of secrets, and a path, of these lengths."""
    nodes = {
        f"n{place:02d}-abcdefghijk": {"zone": f"eu-west-1{'ab'[place % 2]}", "group": "worker" if place else "mgt"}
        for place in range(16)
    }
    given = {name: f"{SECRET}:{letter * secret}-AbCdEf" for name, letter in {"commit": "c", "checkout": "r"}.items()}
    block = {
        "host": f"u.{LONG}",
        "management": f"m.{LONG}",
        "domain": "d" * 63,
        "artifacts": {
            "url": f"https://s.{LONG}/{'p' * path}",
            **{f"{name}_secret": arn for name, arn in given.items()},
        },
        "database": {"engine": "postgres"},
    }
    updates = {"day": "wednesday", "hour": 23, "release": "2023.999.20251117"}
    changes = {"name": "c" * 24, "wso2as": block, "protection": "on", "updates": updates}
    return {**merged(SERVER, changes), "nodes": nodes}


def written(fields: Fields, folder: Path) -> Path:
    file = folder / "x.yaml"
    file.write_text(json.dumps(fields), encoding="utf-8")
    return file


def test_more_than_a_settings_document_holds_is_refused_at_once(tmp_path: Path) -> None:
    assert refusal(written(server(505, 100), tmp_path)) == (
        "1: wso2as: has nodes be told 2714 characters, for which 16 nodes leave room for 2670, want shorter "
        "addresses, paths or names of secrets"
    )


def test_as_much_as_a_right_file_says_has_room(
    context: Mapping[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The largest document that the rule lets pass, of the product that tells most."""
    longest = next(
        path
        for path in range(1, 150)
        if not [*texts_that_nodes_can_be_told(load(written(server(460, path), tmp_path)))]
    )
    sizes: list[int] = []
    measure = settings.length

    def measured(value: Any, most: int = settings.TOKEN_LENGTH) -> int:
        size = measure(value, most)
        sizes.append(size)
        return size

    monkeypatch.setattr(settings, "length", measured)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "named"))
    read_by_a_node(json.dumps(server(460, longest)), context, tmp_path / "out", tmp_path / "named")
    assert max(sizes) + 1000 <= LARGEST
