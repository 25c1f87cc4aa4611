"""A cluster file synthesized, and its settings document read by the program that a node runs."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from muster.artifact_file import CERTIFICATE
from muster.spec import Cluster, load
from musternode import settings
from musternode.__main__ import KINDS
from tests.conftest import Template, synthesized
from tests.template_help import of_type, text, the


def read_by_a_node(file: str, context: Mapping[str, Any], folder: Path, named: Path) -> Template:
    """Synthesize the cluster file with the text `file`; fail if the node cannot read what it is told. Return the rest.

    The files that it names are made in `named`, where a synthesis looks for them by their names.
    """
    folder.mkdir()
    (folder / "cluster.yaml").write_text(file, encoding="utf-8")
    cluster = load(folder / "cluster.yaml")
    _make_files(cluster, named)
    template = synthesized(folder / "cluster.yaml", _node_files(folder / "node"), context, folder / "cdk.out")
    made = dict.fromkeys(of_type(template, "EFS::FileSystem"), "fs-0123456789abcdef0")
    document = text(the(template, "SSM::Parameter")[1]["Value"], **made)
    assert document.isascii()
    known = _read(cluster.product, document)
    assert {member.name: member.present for member in known.members} == {
        name: node.present for name, node in cluster.nodes.items()
    }
    assert known.settings.home == cluster.block(cluster.about.block).home  # type: ignore[attr-defined]
    for instance in of_type(template, "EC2::Instance").values():
        tags = {tag["Key"]: tag["Value"] for tag in instance["Tags"]}
        assert {key: tags.get(key) for key in cluster.tags} == cluster.tags
    return template


def _read(product: str, document: str) -> Any:
    if product not in KINDS:
        return settings.read(document)
    return import_module(f"musternode.{KINDS[product]}.kind").KIND.read(document)


def _make_files(cluster: Cluster, named: Path) -> None:
    named.mkdir(exist_ok=True)
    for path in _paths(cluster.model_dump(mode="json", warnings=False)):
        (named / path.rpartition("/")[2]).write_bytes(CERTIFICATE)


def _paths(value: Any) -> Iterator[str]:
    if isinstance(value, str) and value.endswith((".jar", ".zip", ".pem", ".crt", ".lic", ".sql", ".gz", ".db")):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _paths(each)


def _node_files(folder: Path) -> Path:
    (folder / "musternode").mkdir(parents=True)
    (folder / "musternode" / "__init__.py").write_text('"""Nothing."""\n', encoding="utf-8")
    (folder / "user_data.sh").write_text("#!/bin/bash\nset -euo pipefail\n", encoding="utf-8")
    return folder
