"""Administration has its own way to the nodes, and no user's session notices it.

The tests are one story: a cluster whose administration has a host of its own is given one by path alone.
"""

import csv
import io
import socket
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest

from rehearsal.balancer.config import Files
from rehearsal.checks.scene import PATIENCE, Scene
from rehearsal.checks.sessions import BALANCER, DIRECT, STICKY_REQUESTS, Visit, judge_sticky
from rehearsal.drive import Rehearsal
from rehearsal.places import WORK
from rehearsal.poll import poll
from rehearsal.visitor import Answer, Client, CookieJar
from tests.scenario_support import EXAMPLE, Bench, not_valid, story

pytestmark = [pytest.mark.host, pytest.mark.scenario, pytest.mark.full]

HOST = "admin.example.org"
USERS, ADMIN = "/api/session", "/admin/configuration"
STICKINESS = "  stickiness: {cookie: JSESSIONID, hours: 8}\n"


def with_route(folder: Path, route: str) -> Path:
    """Write the example cluster file with an admin route to any node; one file, as a person edits it."""
    text = EXAMPLE.read_text()
    assert text.count(STICKINESS) == 1
    file = folder / "as400.yaml"
    edited = text.replace(STICKINESS, f"{STICKINESS}  admin: {{{route}}}\n")
    file.write_text(f"{edited}as400gateway: {{admin_writes: any}}\n")
    return file


class Browser:
    """One user: cookies are kept by host, as browsers keep those that name no domain."""

    def __init__(self, scene: Scene) -> None:
        self._scene, self._stack = scene, ExitStack()
        self._clients: dict[str, Client] = {}

    def get(self, path: str, host: str = "") -> Answer:
        """Ask the balancer under a host name; none is the balancer's own."""
        if host not in self._clients:
            place = (self._scene.balancer.address, self._scene.listener_port)
            named = host or self._scene.balancer.dns
            made = Client(self._scene.visitor_namespace, place, host=named, jar=CookieJar(), timeout=PATIENCE)
            self._clients[host] = self._stack.enter_context(made)
        return self._clients[host].request("GET", path)

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def sent(scene: Scene, number: int) -> Counter[str]:
    """Return how many requests the balancer has sent to each node by its target group `number` (0: users')."""
    (balancer,) = scene.client("elbv2").describe_load_balancers()["LoadBalancers"]
    statistics = Files(WORK / "balancers" / balancer["LoadBalancerArn"][-8:]).stats
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(str(statistics))
        control.sendall(b"show stat\n")
        said = control.makefile().read().removeprefix("# ")
    names = {f"{member.address}:{scene.port('http')}": member.name for member in scene.members}
    group = group_names(scene)[number]
    rows = [row for row in csv.DictReader(io.StringIO(said)) if row["pxname"] == group and row["svname"] in names]
    return Counter({names[row["svname"]]: int(row["stot"]) for row in rows})


def group_names(scene: Scene) -> list[str]:
    """Return the names of users' and of administration's target group: only users' is sticky by JSESSIONID."""
    balancing = scene.client("elbv2")
    found = {}
    for group in balancing.describe_target_groups()["TargetGroups"]:
        attributes = balancing.describe_target_group_attributes(TargetGroupArn=group["TargetGroupArn"])["Attributes"]
        found[{"Key": "stickiness.type", "Value": "app_cookie"} in attributes] = str(group["TargetGroupName"])
    return [found[True], found[False]]


def visit(answer: Answer, way: str = BALANCER, member: str = "") -> Visit:
    """Read an answer of the session counter."""
    if answer.code != 200:
        return Visit(way, member, answer.code)
    told = answer.json()
    return Visit(way, member, 200, str(told["node"]), str(told["session"]), int(told["count"]))


def acquaintance(scene: Scene) -> list[Visit]:
    """Ask each member directly for its host name."""
    visits = []
    for member in scene.members:
        with scene.direct(member) as client:
            visits.append(visit(client.request("GET", USERS), DIRECT, member.name))
    return visits


def alternate(browser: Browser, host: str) -> tuple[list[Visit], set[int]]:
    """Ask both routes in turn, 300 times each; return users' visits and the codes of administration."""
    visits, codes = [], set()
    for _ in range(STICKY_REQUESTS):
        visits.append(visit(browser.get(USERS)))
        codes.add(browser.get(ADMIN, host).code)
    return visits, codes


rehearsal = story()


@pytest.fixture(scope="module")
def bench(rehearsal: Rehearsal, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Deploy the cluster whose administration has a host of its own."""
    folder = tmp_path_factory.mktemp("cluster")
    return deployed(Bench(rehearsal, with_route(folder, f"route: host, host: {HOST}"), folder))


def deployed(bench: Bench) -> Bench:
    """Deploy and wait until every node is healthy in both target groups."""
    run = bench.deploy()
    assert run.code == 0, run.failure
    bench.wait_until_healthy()
    poll(lambda: healthy(bench.scene) == 2 * len(bench.cluster.nodes), within=60)
    return bench


def healthy(scene: Scene) -> int:
    """Return how many registrations the balancer finds healthy, over all target groups."""
    balancing = scene.client("elbv2")
    groups = balancing.describe_target_groups()["TargetGroups"]
    return sum(
        entry["TargetHealth"]["State"] == "healthy"
        for group in groups
        for entry in balancing.describe_target_health(TargetGroupArn=group["TargetGroupArn"])[
            "TargetHealthDescriptions"
        ]
    )


def test_every_check_passes_with_two_routes(bench: Bench) -> None:
    assert not_valid(bench.checks()) == {}


def test_users_find_no_administration_and_its_host_finds_it(bench: Bench) -> None:
    with Browser(bench.scene) as browser:
        asked = [(ADMIN, ""), ("/admin", ""), (ADMIN, HOST), (USERS, "")]
        assert [browser.get(path, host).code for path, host in asked] == [404, 404, 200, 200]


def test_by_host_each_route_keeps_its_own_node_and_the_users_session_survives(bench: Bench) -> None:
    """Both routes begin on different nodes, so that a cookie that both shared would draw them together."""
    scene = bench.scene
    with apart(scene) as browser:
        before, known = sent(scene, 1), acquaintance(scene)
        visits, codes = alternate(browser, HOST)
        assert codes == {200}
        # its first request in `apart` has the number 1
        through = [Visit(BALANCER, "", each.code, each.node, each.session, each.count - 1) for each in visits]
        finding = judge_sticky([*known, *through])
        assert finding.verdict == "valid", finding.detail
        admin = {node: count for node, count in (sent(scene, 1) - before).items() if count}
        names = {each.node: each.member for each in known}
        assert set(admin.values()) == {STICKY_REQUESTS}
        assert names[visit(browser.get(USERS, HOST)).node] in admin
        assert names[visits[0].node] not in admin


def apart(scene: Scene) -> Browser:
    """Return a user whose two routes have led to different nodes: each new user's admin route begins on the next."""
    for _ in range(20):
        browser = Browser(scene)
        users, before = visit(browser.get(USERS)), sent(scene, 1)
        assert browser.get(ADMIN, HOST).code == 200
        (admin,) = sent(scene, 1) - before
        names = {each.node: each.member for each in acquaintance(scene)}
        if names[users.node] != admin:
            return browser
        browser.__exit__()
        with Browser(scene) as other:  # both groups take their nodes in turn, perhaps in step: one more moves this one
            assert other.get(ADMIN, HOST).code == 200
    raise AssertionError("in 20 tries both routes began on one node")


def test_by_path_the_users_session_survives_while_administration_reaches_every_node(bench: Bench) -> None:
    instances = {member.instance for member in bench.scene.members}
    with_route(bench.folder, "route: path")
    scene = deployed(bench).scene
    assert {member.instance for member in scene.members} == instances
    before = sent(scene, 1)
    with Browser(scene) as browser:
        visits, codes = alternate(browser, "")
    assert codes == {200}
    finding = judge_sticky([*acquaintance(scene), *visits])
    assert finding.verdict == "valid", finding.detail
    admin = sent(scene, 1) - before
    assert set(admin) == set(bench.cluster.nodes)
    assert min(admin.values()) >= STICKY_REQUESTS // 3


def test_a_user_without_cookies_keeps_no_session(bench: Bench) -> None:
    """Negative control of the tests above: the same questions, and the judgement sees the difference."""
    scene = bench.scene
    visits = acquaintance(scene)
    for _ in range(20):
        with Browser(scene) as browser:
            visits.append(visit(browser.get(USERS)))
    assert judge_sticky(visits).verdict == "invalid"
