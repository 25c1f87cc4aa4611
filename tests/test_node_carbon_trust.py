"""Certificates in the product's own truststore, by the real keytool."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from musternode.carbon import trust
from musternode.failure import Failure
from rehearsal.balancer.pem import self_signed

KEYTOOL = Path(shutil.which("keytool") or "keytool")
STORE = ["-storepass", trust.PASSWORD]
BEGIN, END = b"-----BEGIN CERTIFICATE-----\n", b"-----END CERTIFICATE-----\n"


def certificate(name: str) -> bytes:
    """Return a certificate alone, in PEM."""
    text = self_signed(name)
    return text[: text.index(END) + len(END)]


ONE, TWO = certificate("one"), certificate("two")
"""Two authorities of a company."""


def keytool(*arguments: str, given: bytes = b"") -> str:
    """Run the real keytool as a user does."""
    done = subprocess.run(
        [str(KEYTOOL), "-J-XX:TieredStopAtLevel=1", *arguments], input=given, capture_output=True, check=True
    )
    return done.stdout.decode()


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a truststore as a product is shipped with it: of the old kind, with an authority of its own."""
    store = tmp_path_factory.mktemp("shipped") / "client-truststore.jks"
    own = ["-importcert", "-noprompt", "-alias", "wso2carbon", "-storetype", "JKS", "-keystore", str(store)]
    keytool(*own, *STORE, given=certificate("localhost"))
    return store


@pytest.fixture
def store(shipped: Path, tmp_path: Path) -> Path:
    """Return a copy of it."""
    return Path(shutil.copy2(shipped, tmp_path))


@pytest.fixture
def bring(store: Path) -> Callable[[bytes], bool]:
    """Return how certificates come into it."""
    return lambda pem: trust.bring(store, pem, KEYTOOL)


def entries(store: Path) -> dict[str, str]:
    """Return the fingerprints in a truststore by their aliases."""
    text = keytool("-J-Duser.language=en", "-list", "-keystore", str(store), *STORE)
    assert "Keystore type: JKS" in text
    return dict(re.findall(r"^([^,\n]+), .*trustedCertEntry, \nCertificate fingerprint \(SHA-256\): (\S+)", text, re.M))


def test_all_certificates_of_a_file_are_imported_once_beside_those_that_were_shipped(
    store: Path, bring: Callable[[bytes], bool]
) -> None:
    before = entries(store)
    assert bring(b"a remark\n" + ONE + TWO)
    found = entries(store)
    assert set(found) == {*before, *trust.certificates(ONE + TWO)}
    assert {alias: found[alias] for alias in before} == before
    assert len(set(found.values())) == 3
    content = store.read_bytes()
    assert not bring(TWO + ONE)
    assert store.read_bytes() == content


def test_another_authority_takes_the_place_of_the_one_before_and_of_no_other(
    store: Path, bring: Callable[[bytes], bool]
) -> None:
    bring(ONE)
    assert bring(TWO)
    assert set(entries(store)) == {"wso2carbon", *trust.certificates(TWO)}
    assert bring(b"")
    assert set(entries(store)) == {"wso2carbon"}


def test_where_nothing_is_to_be_trusted_nothing_is_touched(store: Path, bring: Callable[[bytes], bool]) -> None:
    before = (store.read_bytes(), store.stat().st_mtime_ns)
    assert not bring(b"")
    assert (store.read_bytes(), store.stat().st_mtime_ns) == before


def test_one_that_is_none_leaves_the_truststore_whole_and_as_it_was(
    store: Path, bring: Callable[[bytes], bool]
) -> None:
    before = store.read_bytes()
    with pytest.raises(Failure, match=r"keytool -importcert .*X\.509"):
        bring(ONE + TWO + BEGIN + b"bm90IGEgY2VydGlmaWNhdGU=\n" + END)
    assert store.read_bytes() == before
    assert list(store.parent.iterdir()) == [store]


def test_owner_and_mode_of_the_truststore_stay(store: Path, bring: Callable[[bytes], bool]) -> None:
    if os.getuid() == 0:
        os.chown(store, 65534, 65534)
    store.chmod(0o640)
    before = store.stat()
    assert bring(ONE)
    after = store.stat()
    assert (after.st_uid, after.st_gid, after.st_mode) == (before.st_uid, before.st_gid, before.st_mode)


def test_a_truststore_with_a_password_of_its_own_is_a_fault_only_where_something_is_to_be_trusted(
    tmp_path: Path,
) -> None:
    store = tmp_path / "client-truststore.jks"
    keytool("-importcert", "-noprompt", "-alias", "x", "-keystore", str(store), "-storepass", "another", given=ONE)
    assert not trust.bring(store, b"", KEYTOOL)
    with pytest.raises(Failure, match="password"):
        trust.bring(store, ONE, KEYTOOL)


def test_a_product_without_a_truststore_lacks_it_only_where_something_is_to_be_trusted(tmp_path: Path) -> None:
    assert not trust.bring(tmp_path / "client-truststore.jks", b"", KEYTOOL)
    with pytest.raises(Failure, match=r"client-truststore\.jks is not in the distribution"):
        trust.bring(tmp_path / "client-truststore.jks", ONE, KEYTOOL)


@pytest.mark.parametrize(
    "text", [b"nothing", b"\x30\x82\x01\x0a", ONE[:-30], BEGIN + END, ONE.replace(b"CERT", b"CRAZ")]
)
def test_a_file_without_a_certificate_is_refused(text: bytes) -> None:
    with pytest.raises(Failure, match="holds no certificate; it must be PEM"):
        trust.certificates(text)


def test_a_certificate_has_the_same_alias_wherever_it_stands() -> None:
    assert trust.certificates(ONE + ONE) == trust.certificates(b"text\r\n" + ONE)
    assert set(trust.certificates(ONE)) & set(trust.certificates(TWO)) == set()
