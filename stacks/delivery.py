"""The optional stack of an account: how GitHub's workflows reach it, without a key that is kept anywhere."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from muster.acknowledgements import acknowledge

STACK: Final = "MusterDelivery"
"""Its name, which no cluster's stack can have: those begin with muster-."""

ISSUER: Final = "token.actions.githubusercontent.com"
AUDIENCE: Final = "sts.amazonaws.com"

_FIELDS: Final[Mapping[str, tuple[str, str]]] = {
    "repository": (r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}", "want OWNER/NAME of the GitHub repository"),
    "environment": (r"[A-Za-z0-9_-]{1,100}", "want the name of a GitHub environment: letters, digits, _ and -"),
    "regions": (r"[a-z]{2}(-[a-z]+)+-\d(,[a-z]{2}(-[a-z]+)+-\d)*", "want regions such as eu-west-1,eu-central-1"),
    "provider": (rf"(arn:aws[a-z-]*:iam::\d{{12}}:oidc-provider/{re.escape(ISSUER)})?", f"want the ARN of {ISSUER}'s"),
    "qualifier": (r"[a-z0-9]{1,10}", "want the qualifier of the CDK's bootstrap"),
    "hours": (r"[1-9]|1[0-2]", "want the hours that a deployment may take, 1 to 12"),
}


class DeliveryError(ValueError):
    """A value that is not as it must be; the text is one line that names it."""


@dataclass(frozen=True)
class Delivery:
    """Who delivers what: a GitHub repository and its protected environment, to the clusters of these regions.

    `provider` is the ARN of the account's provider for GitHub where it has one already: an account has at most one.
    `qualifier` is that of the CDK's bootstrap, `hours` are those that credentials for a deployment may be valid.
    Raises `DeliveryError` for a value of another form, which could let somebody else in: a trust policy would take a
    `*` for anything.
    """

    repository: str
    regions: tuple[str, ...]
    environment: str = "production"
    provider: str = ""
    qualifier: str = cdk.DefaultStackSynthesizer.DEFAULT_QUALIFIER
    hours: str = "1"

    def __post_init__(self) -> None:
        for name, (form, want) in _FIELDS.items():
            value = ",".join(self.regions) if name == "regions" else getattr(self, name)
            if not re.fullmatch(form, value):
                raise DeliveryError(f"{name}: got {value!r}, {want}; give it by -c {name}=...")


class DeliveryStack(cdk.Stack):
    """A role for pull requests, which may only look, and one for deployments from the protected environment.

    The first may take nothing but the CDK's lookup role; the second also its deploy and file-publishing roles, and
    may read a cluster's template and set its stack policy (`./muster guard`).
    """

    def __init__(self, scope: Construct, id_: str, *, delivery: Delivery) -> None:
        super().__init__(scope, id_, description=f"How {delivery.repository} reaches this account from GitHub")
        self._delivery = delivery
        provider = delivery.provider or self._provider()
        look = self._role("PullRequest", provider, "pull_request", hours=1)
        self._policy("Look", look, self._bootstrap_roles("lookup"))
        deploy = self._role("Deploy", provider, f"environment:{delivery.environment}", hours=int(delivery.hours))
        guard = self._guard()
        policy = self._policy("Change", deploy, self._bootstrap_roles("lookup", "deploy", "file-publishing"), guard)
        for resource in guard.resources:
            reason = "clusters come and go: the name of each begins with muster-, and no other stack's does"
            acknowledge(policy, f"AwsSolutions-IAM5[Resource::{_as_judged(resource)}]", reason)
        cdk.CfnOutput(self, "PullRequestRole", value=look.role_arn)
        cdk.CfnOutput(self, "DeployRole", value=deploy.role_arn)

    def _provider(self) -> str:
        provider = iam.OidcProviderNative(self, "GitHub", url=f"https://{ISSUER}", client_ids=[AUDIENCE])
        return provider.oidc_provider_arn

    def _role(self, id_: str, provider: str, subject: str, *, hours: int) -> iam.Role:
        """Return a role that only jobs with exactly this subject take, for at most `hours`."""
        wanted = {f"{ISSUER}:aud": AUDIENCE, f"{ISSUER}:sub": f"repo:{self._delivery.repository}:{subject}"}
        principal = iam.WebIdentityPrincipal(provider, {"StringEquals": wanted})
        return iam.Role(self, id_, assumed_by=principal, max_session_duration=cdk.Duration.hours(hours))

    def _policy(self, id_: str, role: iam.Role, *statements: iam.PolicyStatement) -> iam.ManagedPolicy:
        words = f"What jobs of {self._delivery.repository} may do as {role.node.id}"
        return iam.ManagedPolicy(self, id_, description=words, roles=[role], statements=list(statements))

    def _bootstrap_roles(self, *kinds: str) -> iam.PolicyStatement:
        """Return leave to take the roles of these kinds that `cdk bootstrap` made in each region."""
        names = [
            f"role/cdk-{self._delivery.qualifier}-{kind}-role-{self.account}-{region}"
            for region in self._delivery.regions
            for kind in kinds
        ]
        resources = [f"arn:{self.partition}:iam::{self.account}:{name}" for name in names]
        return iam.PolicyStatement(sid="BootstrapRoles", actions=["sts:AssumeRole"], resources=resources)

    def _guard(self) -> iam.PolicyStatement:
        resources = [
            f"arn:{self.partition}:cloudformation:{region}:{self.account}:stack/muster-*/*"
            for region in self._delivery.regions
        ]
        actions = ["cloudformation:GetTemplate", "cloudformation:SetStackPolicy"]
        return iam.PolicyStatement(sid="Guard", actions=actions, resources=resources)


def _as_judged(arn: str) -> str:
    return arn.replace(cdk.Aws.PARTITION, "<AWS::Partition>").replace(cdk.Aws.ACCOUNT_ID, "<AWS::AccountId>")


def from_context(context: Mapping[str, str | None]) -> Delivery:
    """Return the delivery that `-c NAME=VALUE` describe; those not given have their defaults.

    Raises `DeliveryError` where one is missing or wrong.
    """
    given = {name: value for name, value in context.items() if value}
    missing: Sequence[str] = [name for name in ("repository", "regions") if name not in given]
    if missing:
        raise DeliveryError(f"{missing[0]}: {_FIELDS[missing[0]][1]}; give it by -c {missing[0]}=...")
    regions = tuple(given.pop("regions").split(","))
    return Delivery(regions=regions, **given)
