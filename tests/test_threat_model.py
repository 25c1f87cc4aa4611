"""What docs/security.md says of ports, of tests and of known vulnerabilities is so."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from muster.products import Reach
from muster.spec import Cluster, load
from tests.conftest import ROOT
from tests.golden_files import same_as_between
from tests.test_golden import GOLDEN
from tests.variants import EXAMPLES

DOC = ROOT / "docs" / "security.md"
DOCUMENTS = (DOC, ROOT / "SECURITY.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs" / "decisions").glob("*.md")))
NAMED = re.compile(r"`(?:tests/)?(test_\w+\.py)(?:::(test_\w+))?`")
MEMBERS, BALANCER, OUTSIDE = "the other nodes", "the load balancer", "where nodes go"
HEAD = f"| product | from {BALANCER} | from {MEMBERS} | shut by the group | {OUTSIDE} |\n|---|---|---|---|---|\n"
Rule = tuple[str, int, int]
"""From where (or `OUTSIDE`, for a way out), the first and the last port."""


def cluster(example: str) -> Cluster:
    return load(ROOT / "clusters" / f"{example}.yaml")


def users_ports(of: Cluster) -> list[int]:
    return sorted({port for ports in of.about.targets(of).values() for port in ports})


def by_the_product(of: Cluster) -> set[Rule]:
    """Return the rules of the nodes' group that the product asks for, on Amazon Linux."""
    others = [port.number for port in of.about.ports_for(of, Reach.BALANCER) if port.name != of.about.serving]
    asked = [(each.number, each.asked) for each in of.about.ports_for(of, Reach.MEMBERS)]
    beside = {2049} if of.about.shared_files(of) == "efs" else set[int]()
    return {
        *((BALANCER, port, port) for port in [*users_ports(of), *others]),
        *((MEMBERS, tried[0] if tried else port, tried[-1] if tried else port) for port, tried in asked),
        *((OUTSIDE, port, port) for port in {443, *beside, *of.about.ways_out(of)}),
    }


def by_the_template(example: str) -> set[Rule]:
    """Return the rules of the nodes' group in the kept template but its ways to the other nodes."""
    resources: dict[str, dict[str, Any]] = json.loads((GOLDEN / f"{example}.template.json").read_text())["Resources"]
    ((own, group),) = (
        (name, each["Properties"]) for name, each in resources.items() if "GroupName" in each.get("Properties", {})
    )
    inward = [
        each["Properties"]
        for each in resources.values()
        if each["Type"] == "AWS::EC2::SecurityGroupIngress" and each["Properties"]["GroupId"]["Fn::GetAtt"][0] == own
    ]
    assert "SecurityGroupIngress" not in group, "no rule is written into the group itself"
    beside = [
        each["Properties"]
        for each in resources.values()
        if each["Type"] == "AWS::EC2::SecurityGroupEgress"
        and each["Properties"]["GroupId"]["Fn::GetAtt"][0] == own
        and each["Properties"]["DestinationSecurityGroupId"]["Fn::GetAtt"][0] != own
    ]
    return {
        *(
            (MEMBERS if rule["SourceSecurityGroupId"]["Fn::GetAtt"][0] == own else BALANCER, *span(rule))
            for rule in inward
        ),
        *((OUTSIDE, *span(rule)) for rule in [*group["SecurityGroupEgress"], *beside]),
    }


def span(rule: dict[str, Any]) -> tuple[int, int]:
    return rule["FromPort"], rule["ToPort"]


def row(of: Cluster) -> str:
    """Return the row of a product, with the name of each port of its own."""
    ports = of.about.ports(of)
    names = {port.number: port.name for port in ports} | dict.fromkeys(users_ports(of), of.about.serving)
    rules = sorted(by_the_product(of))

    def told(where: str) -> str:
        spans = (
            (first, f"{first}-{last}" if last > first else f"{first}") for place, first, last in rules if place == where
        )
        return ", ".join(text if where == OUTSIDE else f"{text} {names[first]}" for first, text in spans)

    shut = ", ".join(f"{port.number} {port.name}" for port in ports if port.reach is Reach.NOBODY)
    return f"| {of.about.title} | {told(BALANCER)} | {told(MEMBERS)} | {shut} | {told(OUTSIDE)} |\n"


NAMES = [example.stem for example in EXAMPLES]


def test_the_table_of_ports_is_what_the_products_ask_for() -> None:
    same_as_between(HEAD + "".join(row(cluster(name)) for name in NAMES), DOC, "ports")


@pytest.mark.parametrize("example", NAMES)
def test_the_ports_of_the_table_are_those_that_the_templates_open(example: str) -> None:
    assert by_the_template(example) == by_the_product(cluster(example))


def missing(text: str) -> Iterator[str]:
    """Yield what `text` names as a test and is none."""
    for file, name in NAMED.findall(text):
        path = ROOT / "tests" / file
        if not path.is_file() or (name and not re.search(rf"^def {name}\(", path.read_text(), re.MULTILINE)):
            yield f"{file}::{name}"


def test_every_test_that_the_documents_name_is_there() -> None:
    assert NAMED.search(DOC.read_text())
    assert {file.name: [*missing(file.read_text())] for file in DOCUMENTS if [*missing(file.read_text())]} == {}


def test_a_test_that_is_not_there_is_seen() -> None:
    text = "`test_threat_model.py::test_no`, `tests/test_no.py`, `test_threat_model.py`, `tests/test_sbom.py`"
    assert [*missing(text)] == ["test_threat_model.py::test_no", "test_no.py::"]


def unproved(rows: Iterable[str]) -> list[str]:
    """Return the rows of known vulnerabilities that neither name a test nor say that nothing is done."""
    return [row for row in rows if not NAMED.search(row) and "nothing" not in row.lower()]


def known() -> list[str]:
    table = DOC.read_text().partition("<!-- known -->\n")[2].partition("<!-- end of known -->")[0]
    return table.splitlines()[2:]


def test_each_known_vulnerability_names_its_proof_or_says_that_nothing_is_done() -> None:
    assert len(known()) >= 10
    assert unproved(known()) == []
    assert unproved(["| CVE-2000-1 | x | y | all is well | |"]), "negative control"


def test_each_known_vulnerability_stands_there_once_by_its_number() -> None:
    numbers = [re.findall(r"\| (CVE-\d{4}-\d{4,})\b", row) for row in known()]
    assert all(len(each) == 1 for each in numbers)
    assert len({number for (number,) in numbers}) == len(numbers)
