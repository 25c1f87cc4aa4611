"""Fixtures for whoever needs a cluster file, a synthesized stack or an account; nothing starts unless asked for."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from rehearsal.account import Account
    from rehearsal.drive import Rehearsal
    from tests.account_help import Stacks

# The gate gives one answer for one commit; elsewhere each run draws new examples, and a find is kept for the next run.
settings.register_profile("gate", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None)
settings.load_profile("gate" if os.environ.get("CI") else "search")

ROOT = Path(__file__).resolve().parents[1]
JAR = "as400-common-api-1.0.0.jar"
ZIP = "wso2-carbon-4.10.126.zip"
PEM = "ca.pem"

Template = dict[str, Any]
Synthesize = Callable[..., Template]
WriteCluster = Callable[..., Path]

BASE: Mapping[str, Any] = {
    "name": "as400",
    "product": "as400gateway",
    "region": "eu-west-1",
    "nodes": {"a": {"zone": "eu-west-1a"}, "b": {"zone": "eu-west-1b"}},
    "instance": {"type": "t4g.medium"},
    "artifact": {"file": f"artifacts/{JAR}"},
}


def users_environment() -> dict[str, str]:
    """Return the environment of a user: what runs on a node is no package of the tool, and is not on his path."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


CARBON: Mapping[str, Any] = {
    "name": "carbon",
    "product": "wso2-carbon",
    "nodes": {"a": {"zone": "eu-west-1a"}, "b": {"zone": "eu-west-1b"}, "c": {"zone": "eu-west-1a"}},
    "artifact": {"file": f"artifacts/{ZIP}"},
    "wso2": {"kernel": "4.10.126"},
}
"""What a plain cluster file of WSO2 Carbon has otherwise than `BASE`."""


@pytest.fixture(scope="session")
def clusters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for cluster files, beside which fakes of the files that they name lie where they name them."""
    folder = tmp_path_factory.mktemp("clusters")
    (folder / "artifacts").mkdir()
    (folder / "artifacts" / JAR).write_bytes(b"not really a jar")
    (folder / "artifacts" / ZIP).write_bytes(b"not really a zip")
    (folder / "artifacts" / PEM).write_bytes(b"-----BEGIN CERTIFICATE-----\n")
    return folder


@pytest.fixture(scope="session")
def write_cluster(clusters: Path) -> WriteCluster:
    """Return a function that writes a valid cluster file with top-level fields changed (None: left out)."""

    def write(**changes: Any) -> Path:
        fields = {name: value for name, value in {**BASE, **changes}.items() if value is not None}
        text = json.dumps(fields)  # JSON is YAML
        file = clusters / f"{abs(hash(text)):x}.yaml"
        file.write_text(text, encoding="utf-8")
        return file

    return write


@pytest.fixture(scope="session")
def node_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder like assets/node, small and constant."""
    folder = tmp_path_factory.mktemp("node")
    (folder / "musternode").mkdir()
    (folder / "musternode" / "__init__.py").write_text('"""Nothing."""\n', encoding="utf-8")
    (folder / "user_data.sh").write_text("#!/bin/bash\nset -euo pipefail\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def context() -> Mapping[str, Any]:
    """Return the CDK context of cdk.json: the feature flags that a real synthesis has."""
    values: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    return values


@pytest.fixture(scope="session")
def synthesize(
    write_cluster: WriteCluster,
    node_files: Path,
    context: Mapping[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Synthesize:
    """Return a function from changed fields of a cluster file to its template, each synthesized once."""
    known: dict[Path, Template] = {}

    def synthesize(**changes: Any) -> Template:
        file = write_cluster(**changes)
        if file not in known:
            known[file] = synthesized(file, node_files, context, tmp_path_factory.mktemp("cdk"))
        return known[file]

    return synthesize


def synthesized(file: Path, node_files: Path, context: Mapping[str, Any], folder: Path) -> Template:
    """Return the template of the cluster file `file`, without the rule pack."""
    import aws_cdk as cdk

    from muster.spec import load
    from stacks.cluster import ClusterStack

    app = cdk.App(context=dict(context), outdir=str(folder), analytics_reporting=False)
    cluster = load(file)
    ClusterStack(app, cluster=cluster, node_files=node_files)
    app.synth()
    template: Template = json.loads((folder / f"muster-{cluster.name}.template.json").read_text(encoding="utf-8"))
    return template


@pytest.fixture(scope="session")
def template(synthesize: Synthesize) -> Template:
    """Return the template of the plain cluster file."""
    return synthesize()


@pytest.fixture(scope="session")
def node_side(
    write_cluster: WriteCluster, context: Mapping[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Synthesize:
    """Return a function like `synthesize`, for the constructs about nodes in a stack of their own (`NodeSide`)."""
    known: dict[tuple[Path, int], Template] = {}

    def node_side(groups: int = 1, **changes: Any) -> Template:
        from tests.node_side import template_of

        file = write_cluster(**changes)
        if (file, groups) not in known:
            known[file, groups] = template_of(file, groups, context, tmp_path_factory.mktemp("cdk"))
        return known[file, groups]

    return node_side


@pytest.fixture(scope="module")
def account() -> "Iterator[Account]":
    """Yield an emulated account in which nothing is."""
    from tests.account_help import running_account

    with running_account() as account:
        yield account


@pytest.fixture
def stacks(account: "Account") -> "Iterator[Stacks]":
    """Yield what drives the stacks of the module's account; nothing of them may remain."""
    from tests.account_help import emptied_after

    with emptied_after(account) as stacks:
        yield stacks
    assert account.remains() == []


@pytest.fixture(scope="module")
def empty(rehearsal: "Rehearsal") -> set[str]:
    """Return what the account of a scenario's module holds before anything is deployed."""
    from tests.scenario_support import contents

    return contents(rehearsal)
