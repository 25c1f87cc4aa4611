"""Whom a policy of a resource speaks of: its element `Principal`."""

import re
from typing import Any

from rehearsal.account.iam.faults import UndecidableError
from rehearsal.account.iam.policy import listed
from rehearsal.account.iam.principals import Principal

NOBODY_HERE = {"Service", "Federated"}
"""Principals that no caller with an access key is."""
PRINCIPAL = re.compile(r"\*|\d{12}|arn:aws:iam::\d{12}:(root|(role|user)/.+)|arn:aws:sts::\d{12}:assumed-role/.+/.+")


def names(principal: Any, caller: Principal | None, what: str) -> bool:
    """Return whether a statement's `principal` is the caller, who is None if nobody said who it is.

    Raises `UndecidableError` for what is not known; `what` is the policy in words.
    """
    if principal == "*":
        return True
    if unknown := sorted(set(principal) - NOBODY_HERE - {"AWS"}):
        raise UndecidableError(f"{what}: principals {unknown} are not supported by this emulated account")
    named = listed(principal.get("AWS", []))
    for text in named:
        if not PRINCIPAL.fullmatch(text):
            raise UndecidableError(f"{what}: principal {text} is not supported by this emulated account")
    return bool(_called(caller) & set(named))


def _called(caller: Principal | None) -> set[str]:
    if caller is None:
        return {"*"}
    account = caller.arn.split(":")[4]
    return {"*", account, f"arn:aws:iam::{account}:root", caller.identity, caller.arn}
