"""cfn-lint over every example in every form; of each scheme in each place with each way out a push lints one.

The rule packs judge them all at each push.
"""

import json
import multiprocessing
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor

import pytest

from tests.judged import judged
from tests.linted import rules
from tests.variants import VARIANTS

MATRIX, ONE_OF_IT = ("internal, ", "internet-facing, "), "internal, existing VPC, endpoints"
FORMS = [
    pytest.param(name, marks=pytest.mark.full)
    if variant.form.startswith(MATRIX) and variant.form != ONE_OF_IT
    else name
    for name, variant in VARIANTS.items()
]
Linted = Mapping[str, Future[set[str]]]


@pytest.fixture(scope="module")
def linted(request: pytest.FixtureRequest) -> Iterator[Linted]:
    """Lint the variants that are asked for; while one is linted the next one is synthesized."""
    calls = [getattr(item, "callspec", None) for item in request.session.items if item.path == request.path]
    names = [str(call.params["name"]) for call in calls if call]
    # not by a fork: threads of this process may hold locks
    with ProcessPoolExecutor(max_workers=1, mp_context=multiprocessing.get_context("spawn")) as beside:
        yield {name: beside.submit(rules, json.dumps(judged(name).template)) for name in names}


@pytest.mark.parametrize("name", FORMS)
def test_cfn_lint_finds_nothing_but_the_zones(name: str, linted: Linted) -> None:
    """W3010 is about zones in the template, which stand there because they stand in the cluster file."""
    assert linted[name].result() <= {"W3010"}


def test_cfn_lint_sees_a_fault() -> None:
    """Negative control of the test above."""
    template = {"Resources": {"Volume": {"Type": "AWS::EC2::Volume", "Properties": {"Size": "much"}}}}
    assert rules(json.dumps(template)) - {"W3010"}
