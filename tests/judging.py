"""What rule packs find in an application, and what its constructs acknowledge."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import cdk_nag
import pytest
from constructs import IConstruct

from muster import acknowledgements

PACKS: Mapping[str, Callable[[], Any]] = {
    "AwsSolutions": cdk_nag.AwsSolutionsChecks,
    acknowledgements.NIST: cdk_nag.NIST80053R5Checks,
    acknowledgements.PCI: cdk_nag.PCIDSS321Checks,
    acknowledgements.HIPAA: cdk_nag.HIPAASecurityChecks,
}
"""The packs of cdk-nag that Muster is judged by, by the name that their rules begin with."""

WARNED = {"muster:placeholder-image", "muster:plain-http", "muster:no-lock", "muster:admin-writes"}
"""Meant for the user's eyes, so never acknowledged."""

_OF_THE_CDK = re.compile(r"^(CloudFormation-Validate|Annotation)::")
_PACK = re.compile(rf"^({'|'.join(map(re.escape, PACKS))})-")


@dataclass(frozen=True, order=True)
class Finding:
    """A rule, with its pack, and the construct that breaks it."""

    rule: str
    path: str

    @property
    def pack(self) -> str:
        """The pack of the rule, empty for the CDK's own and for checkov's."""
        found = _PACK.match(self.rule)
        return found[1] if found else ""


@dataclass(frozen=True, order=True)
class Acknowledged:
    """A rule, with its pack, the construct on which (and in which) it is accepted, and why."""

    rule: str
    path: str
    reason: str

    def covers(self, finding: Finding) -> bool:
        """Whether the acknowledgement accepts the finding."""
        return finding.rule == self.rule and f"{finding.path}/".startswith(f"{self.path}/")


def bare_name(rule: str) -> str:
    """Return a rule's name without its pack and without what exactly was found (`IAM5` of AwsSolutions-IAM5[...])."""
    return _PACK.sub("", _OF_THE_CDK.sub("", rule)).partition("[")[0]


def findings(
    build: Callable[[cdk.App], object], packs: Iterable[str], context: Mapping[str, Any], outdir: Path
) -> set[Finding]:
    """Synthesize what `build` adds to an application into `outdir`; return what the packs and the CDK find there."""
    application = cdk.App(context=dict(context), outdir=str(outdir), analytics_reporting=False)
    build(application)
    cdk.Validations.of(application).add_plugins(*(PACKS[pack]() for pack in packs))
    try:
        application.synth()
    except RuntimeError as error:
        if "ValidationFailed" not in str(error):
            raise
    return set(_read(outdir / "validation-report.json"))


def _read(report: Path) -> Iterator[Finding]:
    for plugin in json.loads(report.read_text(encoding="utf-8"))["pluginReports"]:
        for violation in plugin.get("violations", []):
            for construct in violation["violatingConstructs"]:
                yield Finding(_OF_THE_CDK.sub("", violation["ruleName"]), construct["constructPath"])


@contextmanager
def nothing_accepted() -> Iterator[list[Acknowledged]]:
    """Note what constructs acknowledge meanwhile; nothing is accepted for it."""
    noted: list[Acknowledged] = []

    def note(construct: IConstruct, rule: str, reason: str) -> None:
        noted.append(Acknowledged(_OF_THE_CDK.sub("", rule), construct.node.path, reason))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(acknowledgements, "accept", note)
        yield noted


def unneeded(acknowledged: Iterable[Acknowledged], found: Iterable[Finding]) -> set[Acknowledged]:
    """Return the acknowledgements that no finding asks for; checkov's rules are not judged here."""
    return {
        each for each in acknowledged if not each.rule.startswith("CKV_") and not any(each.covers(one) for one in found)
    }
