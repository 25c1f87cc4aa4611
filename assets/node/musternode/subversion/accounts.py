"""The two accounts of the repository, as text for svnserve: who commits, and who only checks out.

svnserve knows one password for each user. So that a change of it shuts nobody out whose files still have the one of
before, the secret names another user with it, and the former one gets in until it is retired. Both files are read anew
for each connection; one that has got in goes on.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, List, Mapping, Tuple

from ..aws import Credentials
from ..failure import Failure

COMMIT, CHECKOUT = "commit", "checkout"
RIGHTS: Mapping[str, str] = {COMMIT: "rw", CHECKOUT: "r"}
MIRROR = "muster-mirror"
"""Who writes into a mirror, on its own host alone: no account may be called so."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,31}")
_PASSWORD = re.compile(r"[!-~]([ -~]{0,126}[!-~])?")


@dataclass(frozen=True)
class Account:
    """A user of the repository; `part` is `COMMIT` or `CHECKOUT`."""

    part: str
    user: Credentials


Accounts = Tuple[Account, ...]
"""Those who get in: of each part the one in force, before the former one if there is one. Names are unique."""


def wanted(commit: Credentials, checkout: Credentials) -> Accounts:
    """Return the accounts in force; raises `Failure` for names and passwords that svnserve would read otherwise."""
    made = (Account(COMMIT, commit), Account(CHECKOUT, checkout))
    for one in made:
        _check(one)
    if commit.username.lower() == checkout.username.lower():
        raise Failure(f"the commit and the checkout account are both called {commit.username}; give them two names")
    return made


def admitted(before: Accounts, new: Accounts) -> Accounts:
    """Return `new` with the users that were in force `before` under another name, who get in until they are retired.

    A user that only has another password cannot get in with the former one.
    """
    names = {one.user.username.lower() for one in new}
    former: List[Account] = []
    for one in before:
        if one.user.username.lower() not in names and all(other.part != one.part for other in former):
            former.append(one)
    return (*new, *former)


def retired(before: Accounts) -> Accounts:
    """Return those in force alone."""
    return tuple(next(one for one in before if one.part == part) for part in RIGHTS)


def passwd(accounts: Iterable[Account]) -> str:
    """Return the file of users and passwords."""
    return "[users]\n" + "".join(f"{one.user.username} = {one.user.password}\n" for one in accounts)


def authz(accounts: Iterable[Account], *, writable: bool = True) -> str:
    """Return the file of rights: nobody has any but by an account, and nobody writes where it is not `writable`."""
    rights = RIGHTS if writable else dict.fromkeys(RIGHTS, "r")
    lines = [f"{one.user.username} = {rights[one.part]}\n" for one in accounts]
    return "[/]\n" + "".join(lines) + "* =\n"


def document(accounts: Iterable[Account]) -> str:
    """Return them as text that `load` reads."""
    values = [{"part": one.part, "username": one.user.username, "password": one.user.password} for one in accounts]
    return json.dumps(values)


def load(file: Path) -> Accounts:
    """Return those in `file`, none if there is no such file or something else is in it."""
    try:
        values = json.loads(file.read_text())
        return tuple(Account(each["part"], Credentials(each["username"], each["password"])) for each in values)
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def _check(one: Account) -> None:
    """Raise `Failure` for what an INI file or a rule of rights would turn into something else (svn_config.h)."""
    name, password = one.user.username, one.user.password
    if not _NAME.fullmatch(name) or name.lower() == MIRROR:
        raise Failure(
            f"the {one.part} account's user name {name!r} cannot be used: up to 32 letters, digits, '_', '.' and '-', "
            f"a letter first, and not {MIRROR}"
        )
    if not _PASSWORD.fullmatch(password) or "%(" in password:
        raise Failure(
            f"the {one.part} account's password cannot be used: 1 to 128 printable ASCII characters, no blank at "
            "either end and no '%('; one of letters and digits can"
        )
