"""Certificates that the product's Java is to trust, in its own truststore, by keytool."""

import hashlib
import os
import re
import shutil
import stat
import tempfile
from pathlib import Path
from typing import Dict, List

from .. import files
from ..commands import run
from ..failure import Failure

PASSWORD = "wso2carbon"  # noqa: S105 - what every WSO2 product ships with
"""The truststore's password as products ship it: it protects nothing, certificates are public."""
ALIAS = "muster-"
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----\s[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")
_LINE = re.compile(r"^(?P<alias>muster-[0-9a-f]{16}),", re.MULTILINE)


def certificates(pem: bytes) -> Dict[str, bytes]:
    """Return the certificates in `pem` by the alias that each has in the truststore; raises `Failure` without one."""
    found = _CERTIFICATE.findall(pem)
    if not found:
        raise Failure("the file of wso2.trust holds no certificate; it must be PEM (-----BEGIN CERTIFICATE-----)")
    return {f"{ALIAS}{hashlib.sha256(one).hexdigest()[:16]}": one + b"\n" for one in found}


def bring(truststore: Path, pem: bytes, keytool: Path) -> bool:
    """Make `truststore` hold exactly those of Muster's certificates that are in `pem`; return whether it changed.

    Those that it was shipped with stay. Raises `Failure` with what keytool said.
    """
    wanted = certificates(pem) if pem else {}
    if not truststore.is_file():
        if not wanted:
            return False
        raise Failure(f"{truststore.name} is not in the distribution; there is nothing to import wso2.trust into")
    try:
        there = set(_LINE.findall(_keytool(keytool, truststore, ["-list"])))
    except Failure:
        if wanted:
            raise
        return False  # with a password of its own it never had any of Muster's
    if there == set(wanted):
        return False
    with tempfile.TemporaryDirectory() as folder:  # root's own: the truststore's folder is the product's
        fresh = Path(folder) / truststore.name
        shutil.copyfile(truststore, fresh)
        for alias in sorted(there - set(wanted)):
            _keytool(keytool, fresh, ["-delete", "-alias", alias])
        for alias in sorted(set(wanted) - there):
            _keytool(keytool, fresh, ["-importcert", "-noprompt", "-alias", alias], wanted[alias])
        _replace(truststore, fresh.read_bytes())
    return True


def _replace(truststore: Path, content: bytes) -> None:
    """Give `truststore` another content, whole or not at all; its owner and mode stay."""
    before = truststore.stat()
    descriptor, name = tempfile.mkstemp(dir=truststore.parent, prefix=".trust-")
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(content)
            out.flush()
            os.fchown(out.fileno(), before.st_uid, before.st_gid)
            os.fchmod(out.fileno(), stat.S_IMODE(before.st_mode))
            os.fsync(out.fileno())
        Path(name).replace(truststore)
    finally:
        Path(name).unlink(missing_ok=True)
    files.sync_folder(truststore.parent)


def _keytool(keytool: Path, truststore: Path, arguments: List[str], given: bytes = b"") -> str:
    # in English: what is listed is read; by the compiler that is there at once: it runs for a moment only
    java = ["-J-Duser.language=en", "-J-XX:TieredStopAtLevel=1"]
    argv = [str(keytool), *arguments, "-keystore", str(truststore), "-storepass:env", "STORE", *java]
    done = run(argv, given=given.decode("ascii"), environment={**os.environ, "STORE": PASSWORD})
    return done.stdout
