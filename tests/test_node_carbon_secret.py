"""The access key for engines that take no role."""

import json
from pathlib import Path

import pytest

from musternode.carbon import secret
from musternode.carbon.host import Host
from musternode.carbon.secret import Key
from musternode.failure import Failure
from musternode.host import Identity
from musternode.paths import Paths
from musternode.servers import host as server_host
from musternode.system import Systemd
from tests.node_carbon import SECRET, chosen


class Cloud:
    """Secrets Manager: what is in the secret, and how often it was asked."""

    def __init__(self) -> None:
        self.text, self.asked = written("one"), list[str]()

    def secret_text(self, arn: str) -> str:
        """Return it."""
        self.asked.append(arn)
        return self.text


def written(key: str) -> str:
    """Return a secret whose key is called so."""
    return json.dumps({"access_key_id": key, "secret_access_key": f"secret of {key}"})


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """Return what AWS is."""
    made = Cloud()
    monkeypatch.setattr(server_host.Host, "aws", lambda *_, **__: made)
    return made


def host(folder: Path, number: int = 1) -> Host:
    """Return node a whose settings name the key of this number."""
    product = {"credentials": "keys", "discovery_key": number}
    settings = chosen(product=product, secrets={"discovery": SECRET})
    return Host(Identity("a", "/p"), settings, Paths(folder), Systemd())


def test_the_key_is_read_from_the_secret_that_the_settings_name(tmp_path: Path, cloud: Cloud) -> None:
    assert secret.key(host(tmp_path), again=False) == Key("one", "secret of one")
    assert cloud.asked == [SECRET]


@pytest.mark.usefixtures("cloud")
def test_what_is_kept_of_it_is_for_root_alone(tmp_path: Path) -> None:
    secret.key(host(tmp_path), again=False)
    files = [file for file in tmp_path.rglob("*") if file.is_file() and "secret of" in file.read_text()]
    assert [file.stat().st_mode & 0o777 for file in files] == [0o600]


def test_on_the_way_back_the_key_of_before_is_taken_without_any_aws_api(tmp_path: Path, cloud: Cloud) -> None:
    secret.key(host(tmp_path), again=False)
    cloud.text = written("two")
    assert secret.key(host(tmp_path, 2), again=False).access_key_id == "two"
    asked = len(cloud.asked)
    assert secret.key(host(tmp_path, 1), again=True).access_key_id == "one"
    assert secret.key(host(tmp_path, 2), again=True).access_key_id == "two"
    assert len(cloud.asked) == asked


@pytest.mark.parametrize("text", ["", "{", "[]", '"text"', "{}", '{"access_key_id": "x"}', "null"])
def test_a_secret_that_holds_no_key_is_refused_by_its_name_and_not_kept(
    tmp_path: Path, cloud: Cloud, text: str
) -> None:
    cloud.text = text
    with pytest.raises(Failure, match=r"node a: arn:aws:secretsmanager:.* is not JSON with"):
        secret.key(host(tmp_path), again=False)
    assert list(tmp_path.rglob("*.json")) == []


def test_a_key_is_not_shown_in_a_text_about_it() -> None:
    assert "hidden" not in repr(Key("shown", "hidden"))
