"""CloudFormation stacks: they only wire the constructs of `muster`."""
