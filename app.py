"""What `cdk` runs: one cluster file to one stack, judged by the rule pack.

Exit codes: 0 synthesized; 1 refused by a rule (findings on standard error); 2 a wrong cluster file.
"""

import sys
from pathlib import Path

import aws_cdk as cdk

from muster.spec import SpecError, load
from stacks.cluster import ClusterStack
from stacks.synthesis import synthesized


def main(app: cdk.App) -> int:
    """Synthesize the cluster file that the context `cluster` names (`-c cluster=FILE`); return the exit code."""
    try:
        ClusterStack(app, cluster=load(Path(str(app.node.get_context("cluster")))))
    except SpecError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return synthesized(app)


if __name__ == "__main__":
    sys.exit(main(cdk.App()))
