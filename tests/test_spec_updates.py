"""When nodes install security updates: what a cluster file may say of it, and in which words it is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from muster.spec import load
from muster.spec.updates import Updates
from musternode.settings import DAYS
from tests.conftest import WriteCluster
from tests.spec_help import refusal
from tests.variants import EXAMPLES, merged, read

SUNDAY: dict[str, Any] = {"day": "sunday", "hour": 3}
DAY = "want monday or tuesday or wednesday or thursday or friday or saturday or sunday"
HOUR = "want an hour of the day (UTC) from 0 to 23"
RELEASE = "want latest, or a release such as 2023.9.20251117"


def told(what: str) -> str:
    """Return a refusal without its line: whatever stands before, the place is that of the field."""
    return what.partition(": ")[2]


@pytest.mark.parametrize(
    ("updates", "what"),
    [
        ("sunday", "updates: got 'sunday', want a mapping such as {day: sunday, hour: 3}"),
        ({**SUNDAY, "day": "Weekend"}, f"updates.day: got 'Weekend', {DAY}"),
        ({**SUNDAY, "day": "Sunday"}, f"updates.day: got 'Sunday' (did you mean 'sunday'?), {DAY}"),
        ({**SUNDAY, "day": True}, f"updates.day: got true, {DAY}"),
        ({**SUNDAY, "hour": 24}, f"updates.hour: got 24, {HOUR}"),
        ({**SUNDAY, "hour": "03:00"}, f"updates.hour: got '03:00', {HOUR}"),
        ({"day": "sunday"}, f"updates.hour: is missing, {HOUR}"),
        ({**SUNDAY, "minute": 5}, "updates.minute: is unknown, allowed: day, hour, release"),
        ({**SUNDAY, "release": "2023"}, f"updates.release: got '2023', {RELEASE}"),
        ({**SUNDAY, "release": "latest --disablerepo=x"}, f"updates.release: got 'latest --disablerepo=x', {RELEASE}"),
    ],
    ids=str,
)
def test_wrong_words_are_refused(updates: Any, what: str, write_cluster: WriteCluster) -> None:
    assert told(refusal(write_cluster(updates=updates))) == what


def test_a_release_of_amazon_linux_is_for_amazon_linux_alone(write_cluster: WriteCluster) -> None:
    updates = {**SUNDAY, "release": "2023.9.20251117"}
    assert load(write_cluster(updates=updates)).updates == Updates(**updates)
    debian = {"type": "t4g.medium", "os": "debian-12"}
    assert load(write_cluster(updates=SUNDAY, instance=debian)).updates == Updates(**SUNDAY)
    assert told(refusal(write_cluster(updates=updates, instance=debian))) == (
        "updates.release: got '2023.9.20251117', a release of Amazon Linux, but the nodes run debian-12, want latest"
    )


@pytest.mark.parametrize("day", DAYS)
def test_every_day_that_a_file_may_name_is_one_that_nodes_know(day: str, write_cluster: WriteCluster) -> None:
    updates = load(write_cluster(updates={"day": day, "hour": 0})).updates
    assert updates is not None
    assert updates.day == day


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_every_product_can_have_updates_and_has_none_by_itself(example: Path, tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(json.dumps(merged(read(example), {"updates": SUNDAY})), encoding="utf-8")
    assert load(file).updates == Updates(**SUNDAY)
    assert load(example).updates is None
