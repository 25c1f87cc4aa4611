"""What each example becomes, kept as a text that reviewers read; golden_files.py says how to write it anew."""

import itertools
import json
import re
from typing import Any

import pytest

from tests.conftest import ROOT, Template
from tests.golden_files import same_as_kept
from tests.iam_help import roles
from tests.judged import judged
from tests.variants import EXAMPLES

GOLDEN = ROOT / "tests" / "golden"
USER_DATA = ROOT / "assets" / "node" / "user_data.sh"
NAMES = [example.stem for example in EXAMPLES]
ROLES = [
    *itertools.product(NAMES, ("as it stands", "everything on")),
    ("axonivy", "a file system that is there"),
    ("wso2-carbon", "a role alone"),
]
"""Examples and forms that together have every statement of a role that there may be."""


def without_hashes(text: str) -> str:
    """Return the text without the hashes of what is uploaded."""
    return re.sub(r"\b[0-9a-f]{64}\b", "<hash>", text)


def in_order(value: Any, key: str = "") -> Any:
    """Return the value with the resources of each statement sorted: the CDK sorts them by hashes masked here."""
    if isinstance(value, dict):
        return {name: in_order(each, name) for name, each in value.items()}
    if isinstance(value, list):
        inside = [in_order(each) for each in value]
        return sorted(inside, key=json.dumps) if key in ("Resource", "on") else inside
    return value


def masked(template: Template) -> str:
    """Return the template as text, without what changes whenever a file of the node's changes."""
    script = json.dumps(USER_DATA.read_text(encoding="utf-8"))
    text = json.dumps(template, indent=1).replace(script, '"<assets/node/user_data.sh>"')
    (generation,) = set(re.findall(r'"FormationHandle([0-9a-f]{16})": {', text))
    hidden = without_hashes(text).replace(generation, "<generation>")
    return json.dumps(in_order(json.loads(hidden)), indent=1) + "\n"


@pytest.mark.parametrize("example", NAMES)
def test_each_example_becomes_the_template_that_is_kept(example: str) -> None:
    same_as_kept(masked(judged(f"{example}: as it stands").template), GOLDEN / f"{example}.template.json")


@pytest.mark.parametrize(("example", "form"), ROLES)
def test_each_role_may_do_exactly_what_is_kept(example: str, form: str) -> None:
    text = without_hashes(json.dumps(roles(judged(f"{example}: {form}").template)))
    kept = json.dumps(in_order(json.loads(text)), indent=1, sort_keys=True) + "\n"
    same_as_kept(kept, GOLDEN / f"{example}.{form.replace(' ', '-')}.roles.json")


def test_the_order_of_hidden_hashes_is_hidden_too() -> None:
    statement = {"Resource": ["<hash>.zip", "<hash>.jar"], "Action": ["b", "a"]}
    assert in_order(statement) == {"Resource": ["<hash>.jar", "<hash>.zip"], "Action": ["b", "a"]}


def test_a_mask_hides_hashes_and_the_generation_and_nothing_else() -> None:
    template = judged(f"{NAMES[0]}: as it stands").template
    kept = masked(template)
    assert kept.count("<generation>") > 1
    assert "<hash>" in kept
    changed = json.loads(json.dumps(template).replace("10.64.0.10", "10.64.0.12"))
    assert masked(changed) != kept


def test_no_role_may_do_everything_or_anything_to_everything() -> None:
    statements: list[dict[str, Any]] = [
        statement
        for example in NAMES
        for role in roles(judged(f"{example}: everything on").template).values()
        for statement in role["may"]
    ]
    assert statements
    allowed = [each for each in statements if each["effect"] == "Allow"]
    assert not [each for each in allowed if any("*" in action for action in each["actions"])]
    assert not [each for each in statements if "NotAction" in each or "NotResource" in each]
