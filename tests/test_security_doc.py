"""What docs/security.md says of the rule packs is what they find."""

import re
from collections.abc import Iterable

import aws_cdk as cdk
import pytest

from muster.acknowledgements import SHORTEST
from stacks.delivery import STACK, Delivery, DeliveryStack
from tests.conftest import ROOT, Template
from tests.fixtures.plain_findings import CHECKOV, PLAIN
from tests.golden_files import same_as_between
from tests.judged import judged
from tests.judging import PACKS, WARNED, Acknowledged, Finding, bare_name, nothing_accepted
from tests.template_help import of_type
from tests.variants import VARIANTS

DOC = ROOT / "docs" / "security.md"
RECORDS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
OF_CFN_LINT = re.compile(r"[EWI]\d{4}$")

HARDENED = [name for name in VARIANTS if name.endswith(": hardened")]


def acknowledged(*names: str) -> set[Acknowledged]:
    """Return what these forms of examples acknowledge."""
    return {each for name in names for each in judged(name).acknowledged}


def by_reason(those: Iterable[Acknowledged]) -> dict[str, set[Acknowledged]]:
    """Return the acknowledgements by their reason."""
    known: dict[str, set[Acknowledged]] = {}
    for each in those:
        known.setdefault(each.reason, set()).add(each)
    return known


def test_the_tables_of_acknowledged_rules_are_what_the_code_acknowledges() -> None:
    always = by_reason(acknowledged(*HARDENED))
    by_choice = {why: those for why, those in by_reason(acknowledged(*VARIANTS)).items() if why not in always}
    for name, reasons in ("always", always), ("by choice", by_choice):
        rows = sorted(_row(reason, those) for reason, those in reasons.items())
        same_as_between(_table(rows), DOC, f"acknowledged {name}")


def test_the_table_of_the_delivery_stack_is_what_its_code_acknowledges() -> None:
    with nothing_accepted() as noted:
        DeliveryStack(cdk.App(), STACK, delivery=Delivery("acme/cluster", ("eu-west-1",)))
    rows = sorted(_row(reason, those) for reason, those in by_reason(noted).items())
    same_as_between(_table(rows), DOC, "acknowledged for delivery")


@pytest.mark.parametrize("hardened", HARDENED)
def test_twelve_matters_are_acknowledged_in_a_hardened_example_beyond_the_cdks_own(hardened: str) -> None:
    """And two more where the engine takes a user's key alone, and the repository of artifacts is backed up."""
    reasons = by_reason(each for each in acknowledged(hardened) if not OF_CFN_LINT.match(each.rule))
    keys = of_type(judged(hardened).template, "IAM::AccessKey")
    assert len(reasons) <= (14 if keys else 12)


def test_every_acknowledgement_says_why() -> None:
    assert all(len(each.reason) >= SHORTEST for each in acknowledged(*VARIANTS))


def unrecorded(rules: Iterable[str]) -> set[str]:
    """Return those of the rules that no decision record names."""
    records = "\n".join(file.read_text(encoding="utf-8") for file in RECORDS)
    return {rule for rule in rules if not re.search(rf"(?<![A-Za-z0-9_.]){re.escape(rule)}(?![A-Za-z0-9_.])", records)}


def told() -> set[str]:
    """Return the ids that stand in the tables of acknowledged rules."""
    tables = re.findall(r"<!-- acknowledged .+? -->\n(.*?)<!-- end", DOC.read_text(encoding="utf-8"), re.DOTALL)
    rows = [line for table in tables for line in table.splitlines()[2:]]
    return {rule for row in rows for rule in row.split("|")[1].strip().split(", ")}


def test_every_acknowledged_rule_is_named_in_a_decision_record() -> None:
    assert len(told()) >= 40
    assert unrecorded(told()) == set()


def test_a_rule_that_is_in_no_record_is_seen() -> None:
    assert unrecorded({"CKV_AWS_1", "S", "IAM5"}) == {"CKV_AWS_1", "S"}


def test_the_table_of_packs_is_what_they_find() -> None:
    results = {VARIANTS[name].example: judged(name) for name in HARDENED}
    head = "".join(f" | {example}, hardened: found | acknowledged | left" for example in results)
    lines = [f"| | plain cluster{head} |", f"|---|---|{'---|' * 3 * len(results)}"]
    for pack in [*PACKS, ""]:
        figures = [(_of(pack, each.found), _of(pack, each.left)) for each in results.values()]
        title = pack or "CDK (its CloudFormation Validate)"
        lines.append(f"| {title} | {sum(PLAIN[pack].values())} | {_cells(figures)} |")
    skips = [(_skips(each.template), 0) for each in results.values()]
    lines.append(f"| checkov | {len(CHECKOV)} | {_cells(skips)} |")
    same_as_between("".join(f"{line}\n" for line in lines), DOC, "packs")


def _cells(figures: Iterable[tuple[int, int]]) -> str:
    """Return the cells of an example each: found, acknowledged, left."""
    return " | ".join(f"{found} | {found - left} | {left}" for found, left in figures)


def _of(pack: str, found: Iterable[Finding]) -> int:
    return sum(each.pack == pack and each.rule not in WARNED for each in found)


def _skips(template: Template) -> int:
    """Return how many findings the template tells checkov to skip; test_checkov.py shows that each is one."""
    return sum(
        len(each.get("Metadata", {}).get("checkov", {}).get("skip", [])) for each in template["Resources"].values()
    )


def _table(rows: list[str]) -> str:
    return "".join(f"{line}\n" for line in ("| rules | on | reason |", "|---|---|---|", *rows))


def _row(reason: str, those: set[Acknowledged]) -> str:
    rules = ", ".join(sorted({bare_name(each.rule) for each in those}))
    places = ", ".join(sorted({_place(each.path) for each in those}))
    return f"| {rules} | {places} | {reason} |"


def _place(path: str) -> str:
    """Return the place of a construct in the stack, without the names of nodes and zones."""
    return re.sub(r"-[^/]*", "", path.partition("/")[2]) or "the stack"
