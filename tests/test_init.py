"""A cluster file to begin with: right as it is, and right with each of its settings taken in."""

import re
from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic.fields import FieldInfo

from muster.products import PRODUCTS
from muster.spec import Cluster, load
from muster.spec.model import file_model, foreign
from muster.spec.shape import fields_of, is_block, kind_of
from operations.check import check_files
from operations.errors import Failure
from operations.init import init_command
from operations.starter import TOGETHER, starting_text
from operations.starter_values import Start
from tests.test_cli import muster

REGIONS = ("eu-west-1", "us-gov-west-1", "cn-north-1")
KNOWN = "as400gateway or axonivy or kaazing or wso2-as or wso2-carbon"
COMMON = {"account", "tags", "ami", "clients", "certificate", "domain", "alarms", "kms_key", "permission_boundary"}
EXAMPLES = {
    "as400gateway": COMMON | {"admin", "outside"},
    "axonivy": COMMON | {"driver", "outside", "weights"},
    "kaazing": COMMON | {"cluster", "outside", "path"},
    "wso2-as": (COMMON - {"certificate"})
    | {"artifacts", "committer", "database", "management_clients", "member_port", "outside", "proxy", "trust"},
    "wso2-carbon": COMMON | {"member_port", "outside", "proxy", "trust"},
}
"""By product, settings that stand with an example: taken in, they change the cluster."""


def starting(product: str, region: str) -> list[str]:
    text = starting_text(Start(product, "first", region), Path("clusters/first.yaml"), "cluster.schema.json")
    return text.splitlines()


def units(lines: list[str]) -> list[list[int]]:
    """Return the places of settings that stand together."""
    found: list[list[int]] = []
    for place in range(len(lines)):
        if not _commented_out(lines, place):
            continue
        if found and found[-1][-1] == place - 1:
            found[-1].append(place)
        else:
            found.append([place])
    return found


def _commented_out(lines: list[str], place: int) -> bool:
    """Return whether the line is a setting: `#name:`, or one below such a line that is indented deeper."""
    line = lines[place]
    if re.match(r" *#[a-z0-9_]+:", line):
        return True
    inner = re.match(r"( *)#  +[a-z0-9_-]+:", line)
    return bool(inner) and _commented_out(lines, place - 1)


def name_of(line: str) -> str:
    return line.strip(" #").partition(":")[0]


def taken_in(lines: list[str], places: list[int]) -> str:
    chosen = set(places)
    return "\n".join(line.replace("#", "", 1) if place in chosen else line for place, line in enumerate(lines)) + "\n"


def read(text: str, folder: Path) -> Cluster:
    file = folder / "x.yaml"
    file.write_text(text, encoding="utf-8")
    return load(file)


@pytest.mark.parametrize("product", PRODUCTS)
def test_what_it_writes_is_right(product: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "x.yaml"
    init_command(product, name="first", region="eu-west-1", output=file)
    assert check_files([file]) == 0
    assert capsys.readouterr().err == ""
    assert load(file).name == "first"


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("region", REGIONS)
def test_settings_that_stand_together_can_be_taken_in(product: str, region: str, tmp_path: Path) -> None:
    lines = starting(product, region)
    found = units(lines)
    addresses = [place for place, line in enumerate(lines) if name_of(line) == "address"]
    assert len(found) > 15
    for unit in found:
        names = {name_of(lines[place]) for place in unit}
        alone = [place for place in unit if place not in addresses]
        read(taken_in(lines, alone + addresses if "vpc" in names else alone), tmp_path)


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_setting_with_its_default_changes_nothing(product: str, tmp_path: Path) -> None:
    lines = starting(product, "eu-west-1")
    plain = read("\n".join(lines), tmp_path).model_dump()
    followers = {second for _, second in TOGETHER}
    changed = set()
    for unit in units(lines):
        for place in unit:
            name = name_of(lines[place])
            if len(unit) > 3 or name in followers | {"address"}:  # the existing VPC; what needs another setting
                continue
            if read(taken_in(lines, [place]), tmp_path).model_dump() != plain:
                changed.add(name)
    assert changed == EXAMPLES[product]


def test_all_settings_of_an_own_vpc_together_are_right(tmp_path: Path) -> None:
    lines = starting("as400gateway", "eu-west-1")
    own = [place for unit in units(lines) for place in unit if len(unit) < 4 and name_of(lines[place]) != "address"]
    cluster = read(taken_in(lines, own), tmp_path)
    assert cluster.account == "123456789012"
    assert cluster.balancer.admin is not None


@pytest.mark.parametrize("product", PRODUCTS)
def test_every_field_is_explained(product: str) -> None:
    text = "\n".join(starting(product, "eu-west-1"))
    told = re.sub(r"\n *# *", " ", text)
    inside_flow = {"id", "s3", "sha256", "file", "nodes", "balancer"}
    for place, field in places(fields_of(file_model(product)), foreign(PRODUCTS[product])):
        *above, name = place.split(".")
        if not above:
            assert re.search(rf"^#?{name}:", text, re.M), name
        elif name not in inside_flow:
            assert re.search(rf"^ *#? *{name}:( |$)", text, re.M), place
            assert (field.description or "").split(".")[0][:40] in told, place


def places(fields: Mapping[str, FieldInfo], left_out: Set[str], above: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Yield each field by its dotted place, and those of the blocks in it."""
    for name, field in fields.items():
        if f"{above}{name}" not in left_out:
            yield f"{above}{name}", field
            below = fields_of(kind_of(field)) if is_block(kind_of(field)) else {}
            yield from places(below, left_out, f"{above}{name}.")


@given(st.text(max_size=26), st.sampled_from([*REGIONS, "eu-west-1a", "nowhere", ""]))
def test_any_name_and_region_give_a_right_file_or_one_line_and_none(name: str, region: str) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "x.yaml"
        try:
            init_command("as400gateway", name=name, region=region, output=file)
            words = "" if load(file).region == region else "another region"
        except Failure as failure:
            words = f"{failure.code} " + str(failure).replace("--", "") * (not file.exists())
        assert re.fullmatch(r"|2 (name|region): got [ -~]+", words), words


def test_a_file_that_exists_stays_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("mine")
    with pytest.raises(Failure, match="exists and stays as it is") as refusal:
        init_command("as400gateway", name=None, region="eu-west-1", output=file)
    assert (refusal.value.code, file.read_text()) == (2, "mine")


def test_an_unknown_product_gets_a_hint(tmp_path: Path) -> None:
    with pytest.raises(Failure) as refusal:
        init_command("as400gatway", name=None, region="eu-west-1", output=tmp_path / "x.yaml")
    assert str(refusal.value) == f"no product is called 'as400gatway' (did you mean as400gateway?), want {KNOWN}"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="there is no folder"):
        init_command("as400gateway", name=None, region="eu-west-1", output=tmp_path / "none" / "x.yaml")


def test_outside_of_the_checkout_no_schema_is_named(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    init_command("as400gateway", name=None, region="eu-west-1", output=file)
    first = file.read_text().splitlines()[0]
    assert first.startswith("# A cluster of "), "no path of this machine: the file may go to another"


@pytest.mark.parametrize("folder", ["clusters", "clusters/below"])
def test_within_the_checkout_the_schema_is_named_from_the_file(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("operations.init.ROOT", tmp_path)
    monkeypatch.setattr("operations.init.SCHEMA", tmp_path / "schema" / "cluster.schema.json")
    file = tmp_path / folder / "x.yaml"
    file.parent.mkdir(parents=True)
    init_command("as400gateway", name=None, region="eu-west-1", output=file)
    first = file.read_text().splitlines()[0]
    assert first == f"# yaml-language-server: $schema={'../' * len(Path(folder).parts)}schema/cluster.schema.json"


@pytest.mark.parametrize(("folder", "file"), [("clusters", "clusters/mine.yaml"), ("other", "mine.yaml")])
def test_without_a_folder_for_clusters_the_file_is_made_here(
    folder: str, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path)
    init_command("as400gateway", name="mine", region="eu-west-1", output=None)
    assert load(tmp_path / file).name == "mine"
    assert capsys.readouterr().out.startswith(f"{file}: written")


def test_the_command_says_what_comes_next(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    done = muster("init", "as400gateway", "--name", "mine", "--region", "eu-central-1", "--output", str(file))
    assert (done.returncode, done.stderr) == (0, "")
    assert f"./muster check {file}" in done.stdout
    assert load(file).nodes["b"].zone == "eu-central-1b"
