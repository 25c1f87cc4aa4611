"""Whoever runs a product on a node gets no credentials of the instance, no files of others, no server past its gate.

Root does get them, at the same moment and by the same words.
"""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from muster.products import Discovery
from rehearsal.checks.check import Check
from rehearsal.checks.result import Finding, invalid, unknown, valid
from rehearsal.checks.scene import Member, Scene

USERS: Mapping[str, tuple[str, ...]] = {
    "as400gateway": ("as400gateway", "muster-h2"),
    "axonivy": ("ivy",),
    "kaazing": ("kaazing",),
    "wso2-as": ("wso2", "muster-svn"),
    "wso2-carbon": ("wso2",),
}
"""Who runs programs on a node of each product, beside those of Muster's own."""
ROOT = "root"
NOBODY = "65534"
PLACES = ("/etc/muster", "/run/muster", "/var/lib/muster", "/var/lib/private", "/var/log/journal", "/root")
"""Where nothing is for a user, but what belongs to it."""
TOKEN = "http://169.254.169.254/latest/api/token"  # noqa: S105 - an address
GIVEN = "200"
PATIENCE = 20.0
_ASK = f"""\
setpriv --reuid="$1" --regid="$1" --clear-groups curl --silent --output /dev/null --max-time 2 \
--write-out '%{{http_code}}' --request PUT --header 'X-aws-ec2-metadata-token-ttl-seconds: 60' {TOKEN} || true
"""
_READ = f"""\
setpriv --reuid="$1" --regid="$1" --clear-groups find {" ".join(PLACES)} -type f -readable ! -user "$2" ! -group "$2" \
! -name "user-$(id -u "$1").journal" 2>/dev/null || true
"""
"""A user above the system's numbers has a journal of its own, with what its own programs say (journald.conf(5))."""
OPEN, SHUT = "open", "shut"
_COME = f"""\
setpriv --reuid="$1" --regid="$1" --clear-groups timeout 2 bash -c "exec 3<>/dev/tcp/127.0.0.1/$2" 2>/dev/null \
&& echo {OPEN} || echo {SHUT}
"""
SERVERS: Mapping[str, str] = {"as400gateway": "muster-h2"}
"""Whose server, beside root, alone may be reached on loopback: H2 makes a database for whoever comes there."""


@dataclass(frozen=True)
class Tried:
    """What `user` of `node` was answered when it wanted a token (a code of HTTP, 000 for none), and what it may read.

    `files` are those of others. `needs`: the product's engine finds members by the instance's own role. `server` is
    whether the user comes to the database's server past its gate (`open`, `shut`), empty where there is none; `serves`:
    it is that server's own.
    """

    node: str
    user: str
    answer: str
    files: Sequence[str]
    needs: bool = False
    server: str = ""
    serves: bool = False


def record(scene: Scene) -> Iterable[Tried]:
    """Let each user that there is try, on every node at once; root finds what is nobody's."""
    own_role = scene.cluster.about.discovery(scene.cluster) is Discovery.OWN_ROLE

    def tried(member: Member) -> list[Tried]:
        there = {line.split(":")[0] for line in _said(scene, member, "cat /etc/passwd").splitlines()}
        users = [user for user in USERS[scene.cluster.product] if user in there]
        found = [_tried(scene, member, user) for user in (ROOT, *users)]
        return [replace(each, needs=own_role and each.user == "wso2") for each in found]

    with ThreadPoolExecutor(max_workers=len(scene.members)) as crowd:
        return [each for found in crowd.map(tried, scene.members) for each in found]


def _tried(scene: Scene, member: Member, user: str) -> Tried:
    owner = NOBODY if user == ROOT else user
    files = _said(scene, member, _READ, user, owner).splitlines()
    server = SERVERS.get(scene.cluster.product, "")
    door = _said(scene, member, _COME, user, str(scene.port("database"))).strip() if server else ""
    answer = _said(scene, member, _ASK, user).strip()
    return Tried(member.name, user, answer, files[:20], server=door, serves=user == server)


def _said(scene: Scene, member: Member, script: str, *words: str) -> str:
    return scene.run_in(member, ["sh", "-c", script, "sh", *words], within=PATIENCE)


def judge(tries: Sequence[Tried]) -> Finding:
    """Call a token that a user gets without need a broken promise, and a file of another's that it reads."""
    users = [each for each in tries if each.user != ROOT]
    if faults := [fault for each in users for fault in _faults(each)]:
        return invalid("; ".join(faults))
    controls = {each.node for each in tries if each.user == ROOT and _gets_all(each)}
    if lacking := sorted({each.node for each in tries} - controls):
        return unknown(f"root itself gets no token, file or server on {' and '.join(lacking)}")
    if mute := [each for each in users if not each.answer.isdigit()]:
        return unknown(f"{mute[0].user} of node {mute[0].node} could not try at all: {mute[0].answer or 'no answer'}")
    if not users or {each.node for each in users} != controls:
        return unknown("no user of a product tried on some node")
    kept, needing = (sorted({each.user for each in users if each.needs is needs}) for needs in (False, True))
    told = [f"{' and '.join(kept)} get no token"] if kept else []
    told += [f"{' and '.join(needing)} finds members by the instance's role"] if needing else []
    told += ["the server behind the gate is shut"] if any(each.server for each in users) else []
    return valid(f"{'; '.join(told)}; no user reads a file of another's on {len(controls)} nodes")


def _gets_all(each: Tried) -> bool:
    return each.answer == GIVEN and bool(each.files) and each.server != SHUT


def _faults(each: Tried) -> Iterable[str]:
    if each.answer == GIVEN and not each.needs:
        yield f"{each.user} of node {each.node} gets a token for the instance's own credentials"
    if each.server == OPEN and not each.serves:
        yield f"{each.user} of node {each.node} comes to the database's server past its gate"
    if each.files:
        yield f"{each.user} of node {each.node} reads {each.files[0]} and {len(each.files) - 1} other files"


CHECK = Check("a product's user reaches neither the instance's role nor other users' files", Tried, record, judge)
