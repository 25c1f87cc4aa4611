"""Which part of the repository may know which."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import ROOT


def imported(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield (file, top-level module) for every absolute import below `folder`."""
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((file.name, alias.name.partition(".")[0]) for alias in node.names)
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield file.name, node.module.partition(".")[0]


def importers(folder: str, *modules: str) -> list[tuple[str, str]]:
    """Return who below `folder` imports one of `modules`."""
    return [each for each in imported(ROOT / folder) if each[1] in modules]


def test_constructs_is_no_package() -> None:
    """An `__init__.py` there would hide the package of that name on which aws_cdk itself is built."""
    assert not (ROOT / "constructs" / "__init__.py").exists()


def test_no_test_lies_below_constructs() -> None:
    """Pytest would put a module `constructs` of its own in place of the package."""
    assert not [*(ROOT / "constructs").rglob("test_*.py"), *(ROOT / "constructs").rglob("conftest.py")]


def test_constructs_and_stacks_never_know_the_rehearsal() -> None:
    assert importers("constructs", "rehearsal", "operations", "stacks", "boto3", "moto") == []
    assert importers("stacks", "rehearsal", "operations", "boto3", "moto") == []


def test_the_tool_knows_what_runs_on_nodes_in_commands_alone_that_put_it_on_their_path() -> None:
    """On a user's path it is not (operations.with_node_code); on that of tests it is."""
    knowing = {file for folder in ("operations", "rehearsal") for file, _ in importers(folder, "musternode")}
    assert knowing == {"sbom_parts.py", "bench_h2.py", "bench_rejoin.py", "bench_ways.py", "gate.py"}
    assert importers("constructs", "musternode") + importers("stacks", "musternode") == []


def test_what_runs_on_nodes_never_imports_the_cdk() -> None:
    assert importers("assets/node", "aws_cdk", "constructs", "muster", "rehearsal") == []


def test_the_cluster_file_and_the_products_never_import_the_cdk() -> None:
    for part in ("spec", "products"):
        assert importers(f"constructs/muster/{part}", "aws_cdk", "constructs", "jsii") == []


def test_the_importer_check_sees_imports() -> None:
    """Negative control of the tests above."""
    assert ("node.py", "aws_cdk") in importers("constructs", "aws_cdk")
