"""The CDK's bootstrap stack, from its CLI's own template, with the parameters that `cdk bootstrap` gives by default.

Source: aws-cdk 2.1148, `Bootstrapper.modernBootstrap` (no customer key, no trusted accounts, public access blocked).
"""

from pathlib import Path

from rehearsal.account.cloudformation.engine import CloudFormation
from rehearsal.account.cloudformation.faults import OperationError

STACK_NAME = "CDKToolkit"
TEMPLATE = Path("node_modules/aws-cdk/lib/api/bootstrap/bootstrap-template.yaml")
PARAMETERS = {
    "CloudFormationExecutionPolicies": "",
    "FileAssetsBucketKmsKeyId": "AWS_MANAGED_KEY",
    "PublicAccessBlockConfiguration": "true",
    "TrustedAccounts": "",
    "TrustedAccountsForLookup": "",
}
SECONDS = 60.0


def template_file() -> Path:
    """Return the bootstrap template of the pinned CLI. Raises `FileNotFoundError` that says what to do."""
    path = Path(__file__).parents[2] / TEMPLATE
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: run `npm ci` in {Path(__file__).parents[2]}")
    return path


def bootstrap(engine: CloudFormation) -> None:
    """Deploy the bootstrap stack and wait for it; nothing is done if it is there already.

    Raises `OperationError` with the first failed resource's reason.
    """
    if any(stack.name == STACK_NAME for stack in engine.stacks()):
        return
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in PARAMETERS.items()]
    change_set = engine.propose(
        {
            "StackName": STACK_NAME,
            "ChangeSetName": "bootstrap",
            "ChangeSetType": "CREATE",
            "TemplateBody": template_file().read_text(),
            "Parameters": given,
            "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        }
    )
    engine.execute(change_set, disable_rollback=False)
    stack = change_set.stack
    if not stack.idle.wait(SECONDS) or stack.status != "CREATE_COMPLETE":
        reasons = [f"{event.logical_id}: {event.reason}" for event in stack.events if event.status.endswith("_FAILED")]
        raise OperationError(f"the bootstrap stack is {stack.status}: {reasons[0] if reasons else stack.reason}")
