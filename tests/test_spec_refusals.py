"""The catalogue of input that must be refused: each entry that has a field, with the whole of its message.

The numbers are those of docs/decisions/0005-what-a-cluster-file-is-refused-for.md, which says why the others are not
here.
"""

import re
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from muster.products import PRODUCTS
from muster.spec import SpecError, load
from operations.check import check_files
from tests import refusals_of_axonivy, refusals_of_kaazing
from tests.conftest import ROOT
from tests.refusals_of_mistakes import MISTAKES, RIGHT
from tests.refusals_of_places import PLACES
from tests.refusals_of_values import VALUES, own
from tests.refusals_of_wso2 import BESIDE, WSO2
from tests.spec_help import CARBON, judge

DECISION = ROOT / "docs" / "decisions" / "0005-what-a-cluster-file-is-refused-for.md"

REFUSED = [*PLACES, *VALUES, *WSO2, *refusals_of_kaazing.CATALOGUE, *refusals_of_axonivy.CATALOGUE]

UNCOUNTED = [*BESIDE, *refusals_of_kaazing.BESIDE, *refusals_of_axonivy.BESIDE]

BY_PRODUCT = [(product, *row) for product, rows in MISTAKES.items() for row in rows]


@pytest.mark.parametrize(
    ("text", "words"), [row[1:] for row in REFUSED], ids=[f"entry {number}" for number, *_ in REFUSED]
)
def test_refuses_with_exactly_these_lines(text: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError) as error:
        load(file)
    assert str(error.value) == "\n".join(f"{file}:{line}" for line in words.splitlines())


@pytest.mark.parametrize(
    ("text", "words"), UNCOUNTED, ids=[words.partition(", want")[0][:70] for _, words in UNCOUNTED]
)
def test_refuses_what_the_catalogue_does_not_count_with_exactly_these_lines(
    text: str, words: str, tmp_path: Path
) -> None:
    judge(text, words, tmp_path)


@pytest.mark.parametrize(
    ("product", "text", "words"),
    BY_PRODUCT,
    ids=[f"{product} {words.partition(', want')[0][:70]}" for product, _, words in BY_PRODUCT],
)
def test_a_mistake_ends_the_check_with_its_lines_and_writes_nothing(
    product: str, text: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(text, encoding="utf-8")
    assert f"product: {product}\n" in text
    assert check_files([file]) == 2
    assert capsys.readouterr() == ("", "".join(f"{file}:{line}\n" for line in words.splitlines()))
    assert [each.name for each in tmp_path.iterdir()] == ["x.yaml"]


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_the_neighbour_of_a_mistake_is_accepted(text: str, tmp_path: Path) -> None:
    judge(text, None, tmp_path)


def test_each_product_has_mistakes_of_its_own_and_none_twice() -> None:
    assert set(MISTAKES) == set(PRODUCTS)
    assert len({text for _, text, _ in BY_PRODUCT}) == len(BY_PRODUCT) >= 40
    assert min(map(len, MISTAKES.values())) >= 5


@pytest.mark.parametrize("product", sorted(MISTAKES))
def test_a_wrong_file_is_refused_in_a_moment(product: str, tmp_path: Path) -> None:
    """It takes less than 1 s of a processor, and on a machine that is busy with other things at most 5 s in all."""
    file = tmp_path / "x.yaml"
    file.write_text(MISTAKES[product][0][0], encoding="utf-8")
    began, before = time.monotonic(), busy()
    done = subprocess.run(
        [sys.executable, "-m", "operations", "check", str(file)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    took, used = time.monotonic() - began, busy() - before
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "".join(f"{file}:{line}\n" for line in MISTAKES[product][0][1].splitlines())
    assert used < 1
    assert took < 5


def busy() -> float:
    """Return for how many seconds the processes that this one has begun, and that have ended, used a processor."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


@pytest.mark.parametrize(
    "text",
    [CARBON, refusals_of_kaazing.KAAZING, refusals_of_axonivy.AXONIVY],
    ids=["wso2-carbon", "kaazing", "axonivy"],
)
def test_a_file_with_every_field_of_the_product_is_accepted(text: str, tmp_path: Path) -> None:
    judge(text, None, tmp_path)


def test_every_entry_of_the_catalogue_is_in_the_table_or_has_its_reason() -> None:
    rows = re.findall(r"^\| (\d+) \|[^|]*\| (here|elsewhere|no field) \|", DECISION.read_text(), re.M)
    here = {int(number) for number, where in rows if where == "here"}
    assert [int(number) for number, _ in rows] == list(range(1, 51))
    assert here == {number for number, _, _ in REFUSED}


def test_values_that_only_look_dangerous_arrive_as_written(tmp_path: Path) -> None:
    """The positive side of entry 39: spaces, = and letters of any script in the values of tags."""
    value = "a = b: Größe 東京 + @home/1_2"
    file = tmp_path / "x.yaml"
    file.write_text(own("Gateway Basel", f"'{value}'"), encoding="utf-8")
    assert load(file).tags["team"] == value
