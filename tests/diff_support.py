"""A checkout whose application only copies the template that its cluster file holds, and a quick command line."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.review_support import stack

APP = """
import json, os, sys
from pathlib import Path
file = Path(json.loads(os.environ["CDK_CONTEXT_JSON"])["cluster"])
wanted, out = json.loads(file.read_text()), Path(os.environ["CDK_OUTDIR"])
if "fault" in wanted:
    print(wanted["fault"], file=sys.stderr)
    sys.exit(2)
if "bug" in wanted:
    raise LookupError("a bug")
artifacts = sorted(each.name for each in Path(os.environ["MUSTER_ARTIFACTS"]).iterdir())
template = wanted["template"]
template["Description"] = f"{artifacts} {'AWS_SECRET_ACCESS_KEY' in os.environ}"
out.mkdir(exist_ok=True)
(out / "s.json").write_text(json.dumps(template))
stack = {"type": "aws:cloudformation:stack", "environment": "aws://unknown-account/eu-west-1",
         "properties": {"templateFile": "s.json"}}
(out / "manifest.json").write_text(json.dumps({"version": "36.0.0", "artifacts": {wanted["stack"]: stack}}))
"""

QUICK_CDK = f"""#!{sys.executable}
import json, os, subprocess, sys
from pathlib import Path
given = dict(zip(sys.argv[1:], sys.argv[2:]))
if sys.argv[1] == "synth":
    context = json.dumps({{"cluster": given["--context"].removeprefix("cluster=")}})
    environment = {{**os.environ, "CDK_OUTDIR": given["--output"], "CDK_CONTEXT_JSON": context}}
    code = subprocess.run([sys.executable, "app.py"], env=environment).returncode
    sys.exit(f"python3 app.py: Subprocess exited with error {{code}}" if code else 0)
old, new = (json.loads(Path(each).read_text()) for each in (given["--template"], Path(given["--app"]) / "s.json"))
print("Stack", sys.argv[2])
print("There were no differences" if old == new else "Resources")
"""
"""What the CDK command line does for a review, without Node's start; the tests with `real_cdk` have the real one."""


class Checkout:
    """A repository with one cluster file, and what `muster diff` says in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "clusters" / "x.yaml"
        self.cdk = folder.parent / "cdk"
        self.file.parent.mkdir(parents=True)
        (folder / "cdk.json").write_text('{"app": "python3 app.py", "versionReporting": false}')
        (folder / "app.py").write_text(APP)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str) -> None:
        who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
        subprocess.run(["git", *who, *arguments], cwd=self.folder, check=True, capture_output=True)

    def write(self, file: Path | None = None, stack_name: str = "muster-x", **also: Any) -> Path:
        """Write the cluster file of the small stack, or of the template given."""
        target = file or self.file
        target.write_text(json.dumps({"stack": stack_name, "template": stack(), **also}))
        return target

    def commit(self) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "x")


def larger(names: tuple[str, ...] = ("NodeA", "NodeB")) -> dict[str, Any]:
    """Return the small stack with other instance types."""
    template = stack()
    for name in names:
        template["Resources"][name]["Properties"]["InstanceType"] = "t4g.large"
    return template
