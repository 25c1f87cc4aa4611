"""The JSON Schema that the repository holds for editors agrees with the model."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from muster.spec.reading import read
from operations.schema import schema_text
from tests.conftest import BASE, ROOT
from tests.refusals_of_axonivy import AXONIVY
from tests.refusals_of_kaazing import KAAZING
from tests.spec_help import CARBON, EXISTING_VPC, OWN_VPC
from tests.test_spec_fields import ACCEPTED as FIELDS_ACCEPTED
from tests.test_spec_fields import REFUSED as FIELDS_REFUSED
from tests.test_spec_values import ACCEPTED as VALUES_ACCEPTED
from tests.test_spec_values import REFUSED as VALUES_REFUSED

FILE = ROOT / "schema" / "cluster.schema.json"


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema = json.loads(FILE.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_the_schema_in_the_repository_is_the_models() -> None:
    assert FILE.read_text(encoding="utf-8") == schema_text(), "./muster schema > schema/cluster.schema.json"


@pytest.mark.parametrize("file", sorted((ROOT / "clusters").glob("*.yaml")), ids=lambda file: file.name)
def test_every_example_is_right_by_the_schema(file: Path, validator: Draft202012Validator) -> None:
    assert [error.message for error in validator.iter_errors(read(file).value)] == []


@pytest.mark.parametrize(
    "text", [OWN_VPC, EXISTING_VPC, CARBON, KAAZING, AXONIVY], ids=["own", "existing", "carbon", "kaazing", "axonivy"]
)
def test_files_with_every_field_are_right_by_the_schema(
    text: str, validator: Draft202012Validator, tmp_path: Path
) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(text, encoding="utf-8")
    assert [error.message for error in validator.iter_errors(read(file).value)] == []


@pytest.mark.parametrize("changes", [*VALUES_ACCEPTED, *FIELDS_ACCEPTED], ids=lambda value: str(value)[:60])
def test_what_is_accepted_is_right_by_the_schema(changes: dict[str, Any], validator: Draft202012Validator) -> None:
    assert [error.message for error in validator.iter_errors(with_changes(changes))] == []


BETWEEN_FIELDS = ("want 2 nodes", "in 1 zone", "only by", "is not in the region", "with which", "which is also")
FROM_THE_VALUE = (
    "whose network is",
    "is too large",
    "is too small",
    "is not private",
    "which overlaps",
    "a certificate in",
)
OTHER = ("no NVMe names", "runs macOS", "holds . or ..", "belongs to the system", "is not a known region", "at most 40")
MORE = (
    "protection is off",
    "which is not printable",
    "aws:x",
    "MUSTER:node",
    "another character",
    "from which no client",
    "longer than 128",
)
ONLY_THE_MODEL_KNOWS = (*BETWEEN_FIELDS, *FROM_THE_VALUE, *OTHER, *MORE)


@pytest.mark.parametrize(("changes", "words"), [*VALUES_REFUSED, *FIELDS_REFUSED], ids=lambda value: str(value)[:60])
def test_what_is_refused_for_its_form_is_wrong_by_the_schema(
    changes: dict[str, Any], words: str, validator: Draft202012Validator
) -> None:
    right = validator.is_valid(with_changes(changes))
    if right:
        assert any(known in words for known in ONLY_THE_MODEL_KNOWS), words


def test_most_of_what_is_refused_is_wrong_by_the_schema(validator: Draft202012Validator) -> None:
    cases = [*VALUES_REFUSED, *FIELDS_REFUSED]
    wrong = [changes for changes, _ in cases if not validator.is_valid(with_changes(changes))]
    assert len(wrong) > 0.7 * len(cases)


def with_changes(changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**BASE, **changes}.items() if value is not None}
