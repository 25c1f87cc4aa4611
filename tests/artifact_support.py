"""A cluster of WSO2 AS under observation: what is deployed and who serves it, what the repository has, who commits."""

import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rehearsal.cdk_cli import ROOT
from rehearsal.checks import wso2_as
from rehearsal.checks.console import DEPLOY
from rehearsal.checks.deployed import LIMIT
from rehearsal.checks.named import NamedScene
from rehearsal.checks.scene import Member
from rehearsal.hosts.enter import EnterError
from rehearsal.poll import NotYet, poll
from rehearsal.visitor import Answer
from tests import scenario_support
from tests.scenario_support import Bench

EXAMPLE = ROOT / "clusters" / "wso2-as.yaml"
UNIT = "wso2-carbon.service"

REPOSITORY = "/var/lib/muster/subversion/artifacts"
DEPLOYMENT = "repository/deployment/server"
COMMITS = re.compile(r"^\s*<AutoCommit>true</AutoCommit>", re.MULTILINE)

BACK_WITHIN = 150.0
"""Seconds until all are one cluster again, and given users, after a host had no power."""


def cluster_file(folder: Path, name: str, changes: Mapping[str, Any]) -> Path:
    """Write the example under another cluster name, with dotted fields set (None: taken away)."""
    return scenario_support.cluster_file(EXAMPLE, folder, name, {"formation.timeout": 300, **changes})


def scene(bench: Bench) -> NamedScene:
    """Return what runs now, looked up anew."""
    return NamedScene(bench.rehearsal, bench.cluster)


def one_cluster(bench: Bench) -> bool:
    """Return whether all members form one cluster, by engines and nodes, or raise `NotYet` with what is wrong."""
    found = bench.check(wso2_as.MEMBERSHIP)
    if found.verdict != "valid":
        raise NotYet(found.detail)
    return True


def whole(bench: Bench, within: float = BACK_WITHIN) -> None:
    """Wait until all are one cluster, and all of them given users or administrators."""
    poll(lambda: one_cluster(bench), within=within, every=0.5)
    bench.wait_until_healthy()


# artifacts


def upload(bench: Bench, name: str, content: str) -> Answer:
    """Deploy an artifact by way of the console's host name; return the answer, whatever its code."""
    with scene(bench).to_management() as client:
        return client.request("POST", f"{DEPLOY}{name}.war", content.encode())


def deployed(bench: Bench, name: str, content: str) -> float:
    """Deploy an artifact and see that every worker serves it in time; return after how many seconds."""
    began = time.monotonic()
    answer = upload(bench, name, content)
    assert answer.code == 200, answer
    served_in_time(bench, name, content, began)
    return time.monotonic() - began


def served_in_time(bench: Bench, name: str, content: str, since: float) -> None:
    """See that every worker serves what was put there `since` (`time.monotonic`), in time."""
    poll(lambda: all_serve(bench, name, content), within=max(0.5, since + LIMIT - time.monotonic()))


def all_serve(bench: Bench, name: str, content: str) -> bool:
    """Return whether every worker serves an artifact, or raise `NotYet` with what they serve."""
    found = {node: served(bench, node, name) for node in workers(bench)}
    if any(each != content for each in found.values()):
        raise NotYet(f"{name}: {found}")
    return bool(found)


def served(bench: Bench, node: str, name: str) -> str | None:
    """Return what a node serves as an artifact, None for nothing; it is asked itself."""
    try:
        with scene(bench).direct(bench.member(node)) as client:
            answer = client.request("GET", f"/{name}/")
    except OSError:
        return None
    return answer.body.decode() if answer.code == 200 else None


def workers(bench: Bench) -> list[str]:
    """Return the workers that are there."""
    found = scene(bench)
    return [member.name for member in found.of(found.hosts.users)]


# what lies on nodes


def committer(bench: Bench) -> Member:
    """Return the node that commits by the cluster file."""
    return bench.member(str(bench.cluster.about.settings(bench.cluster)["committer"]))


def inside(bench: Bench, member: Member, *command: str, text: str = "") -> str:
    """Return what a command prints on a node; raises `EnterError` where it fails."""
    return bench.scene.run_in(member, command, text=text, within=30)


def home(bench: Bench) -> str:
    """Return the product's folder on every node."""
    return f"{bench.scene.settings_document['settings']['home']}/current"


def put(bench: Bench, node: str, name: str, content: str) -> None:
    """Put an artifact into the folder of what is deployed on a node, as a person who is signed in there does."""
    target = f"{home(bench)}/{DEPLOYMENT}/webapps/{name}.war"
    inside(bench, bench.member(node), "runuser", "-u", "wso2", "--", "sh", "-c", f"cat > {target}", text=content)


def committed(bench: Bench, member: Member | None = None) -> set[str]:
    """Return the paths that the repository of a node holds, by default the committing one's."""
    listed = inside(bench, member or committer(bench), "svnlook", "tree", "--full-paths", REPOSITORY)
    return set(listed.split())


def revision(bench: Bench, member: Member | None = None) -> int:
    """Return the number of the last commit in the repository of a node, by default the committing one's."""
    return int(inside(bench, member or committer(bench), "svnlook", "youngest", REPOSITORY))


def commits(bench: Bench) -> set[str]:
    """Return the nodes whose product commits by its own file."""
    return {member.name for member in bench.scene.members if COMMITS.search(_file(bench, member))}


def _file(bench: Bench, member: Member) -> str:
    text = inside(bench, member, "cat", f"{home(bench)}/repository/conf/carbon.xml")
    return re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)  # the archive has another synchronizer in a comment


def refused(bench: Bench, member: Member, url: str, user: str, password: str) -> str:
    """Return why a client on a node may not make a folder in the repository, empty if it may."""
    words = ("svn", "mkdir", "--non-interactive", "--no-auth-cache", "--username", user, "--password-from-stdin")
    try:
        inside(bench, member, *words, "-m", "tried", f"{url}/tried-by-{member.name}", text=password)
    except EnterError as error:
        return str(error)
    return ""


def account(bench: Bench, node: str) -> tuple[str, str, str]:
    """Return URL, user and password of the repository as the product on a node has them in its file."""
    text = _file(bench, bench.member(node))
    found = [re.search(rf"<{name}>([^<]*)</{name}>", text) for name in ("SvnUrl", "SvnUser", "SvnPassword")]
    assert all(found), f"{node} has no account"
    url, user, password = (each[1] for each in found if each)
    return url, user, password
