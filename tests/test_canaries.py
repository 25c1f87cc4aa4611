"""A secret is found in every form and place, and nothing else is; no place is passed by in silence."""

import base64
import gzip
import html
import io
import json
import os
import shlex
import subprocess
import tarfile
import tempfile
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode import properties
from rehearsal.account import Account
from rehearsal.canaries import account as in_account
from rehearsal.canaries import hosts, own
from rehearsal.canaries.forms import SHORTEST, Canary, patterns, searchable
from rehearsal.canaries.search import Search
from rehearsal.canaries.values import canaries, kept, leaves, made
from tests.canary_support import plant_in_account

SECRET = "p=s:w#rd'<\"&\\$ü%/+"
CANARY = Canary("pair.password", SECRET)
PASSWORDS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=SHORTEST, max_size=40)


def forms(value: str) -> list[bytes]:
    """Return what programs make of a value that they put into something."""
    texts = [
        f"password: {value};",
        json.dumps({"password": value}),
        json.dumps({"message": json.dumps({"password": value})}),
        json.dumps([value], ensure_ascii=False),
        f"<p a='1'>{html.escape(value)}</p>",
        f"<p>{html.escape(value, quote=False)}</p>",
        quote(f"https://u:{value}@host/", safe=""),
        urlencode({"password": value}),
        quote_plus(value),
        f"curl -u {shlex.quote(value)}",
    ]
    raw = value.encode()
    packed = [base64.b64encode(b"x" * before + raw + b"y" * after) for before in range(4) for after in range(4)]
    packed += [base64.urlsafe_b64encode(b":" + raw), raw.hex().encode(), raw.hex().upper().encode()]
    return [*(each.encode() for each in texts), *packed, value.encode("utf-16-le"), value.encode("utf-16-be")]


@given(PASSWORDS)
def test_every_form_of_a_value_is_known_again(value: str) -> None:
    search = Search([Canary("one", value)])
    assert [form for form in forms(value) if search.names_in(form) != {"one"}] == []


@given(PASSWORDS, st.binary(max_size=300))
def test_what_has_it_not_is_not_taken_for_it(value: str, other: bytes) -> None:
    """The control of the forms: no pattern is so short that anything would hold it."""
    assert min(map(len, patterns(Canary("one", value)))) >= SHORTEST
    assert Search([Canary("one", value)]).names_in(other) == set() or value.encode()[:4] in other


def test_it_is_known_again_in_the_properties_of_java() -> None:
    assert Search([CANARY]).names_in(properties.put(b"", {"password": SECRET})) == {"pair.password"}


def test_a_key_of_several_lines_is_known_by_each_of_them() -> None:
    key = Canary("key", "-----BEGIN-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEFA\n")
    assert Search([key]).names_in(b"... kqhkiG9w0BAQEFA ...") == {"key"}


def test_each_line_of_a_private_key_that_a_node_made_counts_and_no_certificate(tmp_path: Path) -> None:
    (tmp_path / "tls").mkdir()
    argv = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=a", "-keyout", "-", "-out", "-"]
    text = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    (tmp_path / "tls/front.pem").write_text(text)
    key, _, certificate = text.partition("-----BEGIN CERTIFICATE-----")
    (found,) = made("b", tmp_path)
    search = Search([found])
    assert found.name == "the key in front.pem of b"
    assert all(search.names_in(line.encode()) for line in key.splitlines() if not line.startswith("-----"))
    assert search.names_in(certificate.encode()) == set()
    assert list(made("b", tmp_path / "none")) == []


def test_a_value_that_is_too_short_is_told_from_one_that_is_not() -> None:
    assert not searchable(Canary("pin", "12345"))
    assert searchable(CANARY)


def test_archives_within_archives_are_opened() -> None:
    inner, outer = io.BytesIO(), io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w") as tape:
        member = tarfile.TarInfo("conf/login")
        member.size = len(SECRET.encode())
        tape.addfile(member, io.BytesIO(SECRET.encode()))
    with zipfile.ZipFile(outer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("lib/inner.tgz", gzip.compress(inner.getvalue()))
    assert Search([CANARY]).names_within(outer.getvalue()) == {"pair.password"}
    assert Search([CANARY]).names_in(outer.getvalue()) == set()


@pytest.mark.parametrize("broken", [b"PK\x03\x04 and no more", b"\x1f\x8b and no more"])
def test_an_archive_that_is_broken_is_searched_as_it_is(broken: bytes) -> None:
    assert Search([CANARY]).names_within(broken + SECRET.encode()) == {"pair.password"}


def test_files_are_searched_and_the_finds_name_file_and_secret(tmp_path: Path) -> None:
    for name, content in {"a": b"none", "b": b"\0\xff" + SECRET.encode("utf-16-le"), "c": SECRET.encode()}.items():
        (tmp_path / name).write_bytes(content)
    files = [*sorted(tmp_path.iterdir()), tmp_path / "gone"]
    found = Search([CANARY]).names_in_files(files)
    assert list(found) == [(tmp_path / "b", "pair.password"), (tmp_path / "c", "pair.password")]


def test_a_large_file_is_searched_where_it_has_data(tmp_path: Path) -> None:
    """As the copy of a full disk's file is: 20 GB long, of which nothing is there."""
    file = tmp_path / "holes"
    with file.open("wb") as out:
        for place in ((1 << 33) + 17, (1 << 34) - 3):
            out.seek(place)
            out.write(b"x" * (1 << 24) + SECRET.encode() if place % 2 else b"other")
    assert list(Search([CANARY]).names_in_files([file])) == [(file, "pair.password")]


# values


def test_each_leaf_of_a_secret_counts_but_for_names() -> None:
    text = json.dumps({"username": "as400gateway", "password": "one-password", "more": [{"key": "another-key"}]})
    assert list(leaves("s", text)) == [Canary("s.password", "one-password"), Canary("s.more[0].key", "another-key")]


@pytest.mark.parametrize("text", ["a plain password", '"quoted"', "12345678"])
def test_a_secret_that_is_no_object_counts_whole(text: str) -> None:
    assert list(leaves("s", text)) == [Canary("s", text)]


def test_former_versions_of_a_secret_count_too(account: Account) -> None:
    client = account.client("secretsmanager")
    client.create_secret(Name="rotated", SecretString="the former one")
    client.put_secret_value(SecretId="rotated", SecretString="the one in force")
    found = {canary.value for canary in kept(client) if canary.name == "rotated"}
    assert found == {"the former one", "the one in force"}


def test_a_secret_that_is_too_short_to_be_known_again_is_named(account: Account) -> None:
    """Or it would be found anywhere by chance, or passed by in silence."""
    account.client("secretsmanager").create_secret(Name="pin", SecretString='{"password": "1234"}')
    scene = SimpleNamespace(client=account.client, members=[])
    with pytest.raises(LookupError, match=r"^pin\.password: shorter than 8 characters"):
        canaries(cast("Any", scene))
    account.client("secretsmanager").delete_secret(SecretId="pin", ForceDeleteWithoutRecovery=True)


# places in the account


def test_a_secret_in_each_place_of_the_account_is_found(account: Account) -> None:
    search = Search([CANARY])
    before = {each.place for each in in_account.looked(search, account.client) if each.found}
    assert before == set()
    plant_in_account(account.client, SECRET)
    seen = list(in_account.looked(search, account.client))
    assert {each.place for each in seen if not each.found} == set()
    assert all(SECRET not in find for each in seen for find in each.found)


# places on hosts and on this machine


def written(path: Path, mode: int) -> None:
    """Write the secret into a file of that mode."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(SECRET, encoding="utf-8")
    path.chmod(mode)


def test_who_may_read_a_file_is_decided_by_its_folders_too(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    for name, mode in {"open": 0o644, "kept": 0o600, "shut/open": 0o644, "group": 0o640}.items():
        written(tmp_path / name, mode)
    (tmp_path / "open").parent.chmod(0o755)
    (tmp_path / "shut").chmod(0o700)
    (tmp_path / "link").symlink_to("kept")
    public = {each.path.name: each.public for each in hosts._walk(tmp_path, public=True)}
    held = {str(each.path.relative_to(tmp_path)) for each in hosts._walk(tmp_path, public=True) if each.public}
    assert held == {"open"}
    assert len(public) == 3
    assert [each for each in hosts._walk(tmp_path, public=False) if each.public] == []


LEFT = ("core", "core.17", "hs_err_pid9.log", "java_pid9.hprof", "replay_pid9.log", "core.java.997.1a2b.412.17.zst")


@pytest.mark.parametrize("name", LEFT)
def test_what_a_crash_leaves_is_known_by_its_name(name: str) -> None:
    assert hosts.REMAINS.fullmatch(name)


@pytest.mark.parametrize("name", ["core.jar", "score", "core.py", "cores.txt"])
def test_what_is_called_alike_is_no_remainder_of_a_crash(name: str) -> None:
    assert not hosts.REMAINS.fullmatch(name)


def test_what_was_written_before_is_not_the_rehearsals_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control is the file of afterwards, and the one before it whose time is put back."""
    monkeypatch.setenv("MUSTER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(own, "RUN", tmp_path / "run")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    for name in ("run/service.log", "cache/runs/1/deploy.log", "tmp/made/file", "cache/runs/0/deploy.log", "more/x"):
        written(tmp_path / name, 0o600)
    since = time.time() - 60
    os.utime(tmp_path / "cache/runs/0/deploy.log", (since - 1, since - 1))
    found = {each.place: each.found for each in own.looked(Search([CANARY]), since, [tmp_path / "more"])}
    assert {place: len(finds) for place, finds in found.items()} == {
        "logs of the rehearsal": 1,
        "records of runs": 2,
        "temporary files": 1,
    }


# programs


def test_what_another_user_made_is_not_the_rehearsals_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path / "made", 0o600)
    since = time.time() - 60
    assert list(own._fresh(tmp_path, since)) == [tmp_path / "made"]
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert list(own._fresh(tmp_path, since)) == []


@pytest.mark.parametrize(("bound", "most"), [("MOST", 2), ("LARGEST", 100)])
def test_more_than_a_rehearsal_makes_is_left_out_and_told(
    bound: str, most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ours/one", "theirs/one", "theirs/two", "theirs/three"):
        written(tmp_path / name, 0o600)
    (tmp_path / "theirs/three").write_bytes(b"x" * 100)
    search, since = Search([CANARY]), time.time() - 60
    whole = own._temporary(search, tmp_path, since)
    assert (whole.place, whole.things) == ("temporary files", 4)
    monkeypatch.setattr(own, bound, most)
    bounded = own._temporary(search, tmp_path, since)
    assert bounded.place == "temporary files but for theirs, of which there is too much"
    assert [found.rpartition("/")[2] for found in bounded.found] == ["one has pair.password"]


def test_a_folder_that_was_there_before_is_somebody_elses(tmp_path: Path) -> None:
    written(tmp_path / "made", 0o600)
    assert list(own._fresh(tmp_path, time.time() - 60)) == [tmp_path / "made"]
    assert list(own._fresh(tmp_path, time.time() + 60)) == []
