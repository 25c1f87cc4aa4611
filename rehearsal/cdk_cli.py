"""The pinned CDK command line: where it is, and the variables that it is run with."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CDK = ROOT / "node_modules" / ".bin" / "cdk"
"""Called by path: `npx cdk` would offer another package where this one is missing."""

QUIET = {"CDK_DISABLE_CLI_TELEMETRY": "true", "CDK_DISABLE_VERSION_CHECK": "1"}
"""No telemetry and no version nagging; notices are off in cdk.json."""

NO_CREDENTIALS = {
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""Nobody else is asked for credentials: neither the user's profiles nor a metadata service."""


def own_path() -> str:
    """Return this process's PATH with the project's Python and Node, and its CDK command line, found first."""
    own = [str(Path(sys.executable).parent), str(CDK.parent)]
    return os.pathsep.join([*own, *(part for part in os.environ.get("PATH", "").split(os.pathsep) if part not in own)])
