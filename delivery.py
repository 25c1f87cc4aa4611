"""What `cdk --app "python3 delivery.py"` runs: the optional stack that lets GitHub's workflows into an account.

Options are `-c repository=OWNER/NAME -c regions=eu-west-1`, and where wanted `-c environment=NAME`, `-c provider=ARN`,
`-c qualifier=NAME`, `-c hours=N`. Exit codes: 0 synthesized; 1 refused by a rule (findings on standard error); 2 a
wrong option.
"""

import sys
from dataclasses import fields

import aws_cdk as cdk

from stacks.delivery import STACK, Delivery, DeliveryError, DeliveryStack, from_context
from stacks.synthesis import synthesized


def main(app: cdk.App) -> int:
    """Synthesize the stack that the options in the context describe; return the exit code."""
    try:
        delivery = from_context({each.name: app.node.try_get_context(each.name) for each in fields(Delivery)})
    except DeliveryError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    DeliveryStack(app, STACK, delivery=delivery)
    return synthesized(app)


if __name__ == "__main__":
    sys.exit(main(cdk.App()))
