"""The synthesis of an application, judged by the rule pack: the same for each of them."""

import sys

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks


def synthesized(app: cdk.App) -> int:
    """Synthesize `app`; return its exit code: 0, or 1 if a rule refuses it (findings on standard error)."""
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks())
    try:
        app.synth()
    except RuntimeError as error:  # how jsii passes on what the CDK's own side throws, findings among it
        sys.stderr.write(f"{error}\n")
        return 1
    return 0
