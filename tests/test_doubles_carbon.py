"""The double of WSO2 Carbon runs the engine of a kernel, as that kernel would from its configuration files."""

import hashlib
import json
import os
import re
import shutil
import ssl
import subprocess
import threading
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from muster.spec import load
from musternode.carbon import engine_log
from rehearsal.cdk_cli import ROOT
from rehearsal.doubles import BuildError, build, build_carbon, carbon, stand_in, store
from rehearsal.hosts import authority
from rehearsal.poll import poll
from tests.double_carbon_support import ZIP, Benches, Member, code_of, configure, java_home, settings, unpacked

NEWEST = "5.3.6"
ENGINES = [NEWEST, *(pytest.param(engine, marks=pytest.mark.full) for engine in carbon.ENGINES if engine != NEWEST)]
"""One engine on every push; the others in the full run."""

OLD_KERNEL = carbon.Kernel("4.4.40", NEWEST, "camel", carbon.OLD_AGENT, carbon.AXIS2)
"""No kernel with axis2.xml has this engine, but what reads that file is the same for all, and this one is built."""


@pytest.fixture
def benches(tmp_path: Path) -> Iterator[Benches]:
    """Make members for one test."""
    made = Benches(tmp_path)
    try:
        yield made
    finally:
        made.kill()


@pytest.fixture(scope="module", params=ENGINES)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Member, Member]]:
    """Form a cluster of two with each engine, by well-known addresses."""
    made = Benches(tmp_path_factory.mktemp("carbon"))
    try:
        yield made.pair(build_carbon(request.param, ZIP))
    finally:
        made.kill()


@pytest.fixture(params=ENGINES)
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return an unpacked double with each engine."""
    return unpacked(build_carbon(request.param, ZIP), tmp_path)


Pair = tuple[Member, Member]


# a cluster of two


def test_it_says_at_start_what_it_is_and_for_what_it_stands(pair: Pair) -> None:
    first = pair[0].log.splitlines()[0]
    told = pair[0].json("/double")
    assert f"it is not the product; engine Hazelcast {told['engine']} stands for kernel {told['kernel']}" in first


def test_lines_are_those_of_log4j_and_in_the_file_the_tenant_stands_first(pair: Pair) -> None:
    line = r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}\]  INFO \{org\.wso2\.carbon\.[\w.]+\.HazelcastClusteringAgent\} - "
    said = f"{line}Using wka based membership management scheme\n"
    assert re.search(f"^{said}", pair[0].output, re.MULTILINE)
    assert re.search(rf"^TID: \[-1234\] {said}", pair[0].log, re.MULTILINE)


def test_the_start_is_told_in_the_products_words_and_order(pair: Pair) -> None:
    words = [
        "Cluster domain: shop",
        "Using wka based membership management scheme",
        "Hazelcast cluster is initializing...",
        r"Hazelcast initialized in \d+ms",
        r"Local member: \[[\w-]+\] - Host:127\.0\.0\.11, Remote Host:null, Port: \d+, HTTP:\d+, HTTPS:\d+",
        r"Elected this member \[[\w-]+\] as the Coordinator node",
        "Cluster initialization completed",
        r"WSO2 Carbon started in \d+ sec",
    ]
    assert re.search(".*".join(words), pair[0].log, re.DOTALL)


def test_the_member_that_was_there_tells_who_joined(pair: Pair) -> None:
    older, younger = pair
    scheme = r"INFO \{org\.wso2\.carbon\.[\w.]+\.wka\.WKABasedMembershipScheme\}"
    joined = rf"{scheme} - Member joined \[{younger.id}\]: /127\.0\.0\.12:{younger.port}\n"
    poll(lambda: re.search(joined, older.log), within=10)
    assert "Member joined" not in younger.log


def test_only_the_oldest_member_is_the_coordinator(pair: Pair) -> None:
    older, younger = pair
    assert f"Elected this member [{older.id}]" in older.log
    assert "Elected this member" not in younger.log


def test_each_member_tells_whom_its_engine_sees(pair: Pair) -> None:
    members = [f"127.0.0.11:{pair[0].port}", f"127.0.0.12:{pair[1].port}"]
    assert [each.json("/double")["members"] for each in pair] == [members, members]


def test_a_session_goes_on_on_the_other_member(pair: Pair) -> None:
    jar = CookieJar()
    answers = [pair[number].json("/api/session", jar, tls=tls) for number, tls in ((0, False), (1, False), (0, True))]
    assert [answer["count"] for answer in answers] == [1, 2, 3]
    assert {answer["session"] for answer in answers} == {cookie.value for cookie in jar if cookie.name == "JSESSIONID"}
    assert pair[1].json("/api/session")["count"] == 1


def test_one_users_parallel_requests_to_both_members_are_all_counted(pair: Pair) -> None:
    jar = CookieJar()
    pair[0].json("/api/session", jar)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: pair[number % 2].json("/api/session", jar)["count"], range(40)))
    assert sorted(answers) == list(range(2, 42))


def test_every_answer_says_that_a_double_gave_it(pair: Pair) -> None:
    for path in ("/services", "/services/", "/carbon/admin/login.jsp", "/api/session", "/double"):
        with pair[0].get(path) as answer:
            assert (answer.status, answer.headers["X-Muster-Double"]) == (200, "wso2-carbon")
    assert code_of(lambda: pair[0].get("/carbon")) == 404


def test_a_member_that_is_ended_leaves_at_once_and_its_sessions_go_on(pair: Pair) -> None:
    """Runs last: it takes one member away."""
    older, younger = pair
    jar = CookieJar()
    assert older.json("/api/session", jar)["count"] == 1
    assert older.end(within=15) == 143
    younger.wait_for(f"Member left [{older.id}]: /127.0.0.11:{older.port}", within=10)
    younger.wait_for(f"Elected this member [{younger.id}]", within=10)
    assert younger.json("/api/session", jar)["count"] == 2


# what reaches the engine


def test_parameters_of_the_kernels_spelling_alone_reach_the_engine(home: Path) -> None:
    camel = {"securityGroup": "camel", "tagKey": "camel", "region": "eu-west-1"}
    kebab = {"security-group-name": "kebab", "tag-value": "kebab"}
    configure(home, {**camel, **kebab}, scheme="aws")
    told = settings(home)
    reached = {told["discovery"].get(name) for name in ("security-group-name", "tag-key", "tag-value")}
    assert reached == {told["spelling"], None}
    assert told["discovery"]["region"] == "eu-west-1"


def test_properties_of_the_engine_are_the_products_own_unless_configured(home: Path) -> None:
    configure(home, {}, engine={"hazelcast.max.no.heartbeat.seconds": "60"})
    told = settings(home)["properties"]
    assert told["hazelcast.max.no.heartbeat.seconds"] == "60"
    assert told["hazelcast.max.no.master.confirmation.seconds"] == "900"
    assert told["hazelcast.merge.first.run.delay.seconds"] == "60"
    assert told["hazelcast.merge.next.run.delay.seconds"] == "30"


@pytest.mark.parametrize(("template", "number"), [(True, "900"), (False, "7")])
def test_a_product_with_a_template_of_hazelcast_properties_overwrites_that_file(
    template: bool, number: str, tmp_path: Path
) -> None:
    home = unpacked(build_carbon(NEWEST, ZIP), tmp_path)
    if not template:
        (home / "repository/resources/conf/templates/repository/conf/hazelcast.properties.j2").unlink()
    configure(home, {}, engine={"hazelcast.max.no.heartbeat.seconds": "60"})
    (home / "repository/conf/hazelcast.properties").write_text("hazelcast.max.no.master.confirmation.seconds=7\n")
    told = settings(home)["properties"]
    assert told["hazelcast.max.no.heartbeat.seconds"] == ("60" if template else "600")
    assert told["hazelcast.max.no.master.confirmation.seconds"] == number


def test_of_axis2_xml_only_the_section_that_counts_is_read(tmp_path: Path) -> None:
    """The file has a commented section and a parameter `domain` of another element, too."""
    home = unpacked(build_carbon(NEWEST, ZIP, kernel=OLD_KERNEL), tmp_path)
    assert settings(home)["clustered"] is False
    configure(home, {"domain": "shop", "tagValue": "shop"}, scheme="aws")
    told = settings(home)
    assert (told["clustered"], told["domain"], told["discovery"]) == (True, "shop", {"tag-value": "shop"})


def test_a_secret_key_is_not_told(tmp_path: Path) -> None:
    home = unpacked(build_carbon(NEWEST, ZIP), tmp_path)
    configure(home, {"accessKey": "AKIAEXAMPLE", "secretKey": "not-for-you"}, scheme="aws")
    told = settings(home)
    assert told["discovery"]["access-key"] == "AKIAEXAMPLE"
    assert "not-for-you" not in json.dumps(told)


# failures


@pytest.mark.parametrize(
    ("own", "scheme", "reason"),
    [
        ({"localMemberPort": "many"}, "wka", "localMemberPort is many, want a number"),
        ({}, "multicast", "knows the membership schemes aws and wka, not multicast"),
    ],
)
def test_a_configuration_that_cannot_work_ends_the_server_with_the_reason(
    own: dict[str, str], scheme: str, reason: str, benches: Benches
) -> None:
    member = benches.member(build_carbon(NEWEST, ZIP))
    configure(member.home, own, scheme=scheme)
    member.start()
    assert member.child
    assert member.child.wait(30) == 1
    assert reason in member.log


def test_an_agent_of_another_kernel_ends_the_server(benches: Benches) -> None:
    member = benches.member(build_carbon(NEWEST, ZIP, kernel=OLD_KERNEL))
    configure(member.home, {})
    file = member.home / "repository/conf/axis2/axis2.xml"
    file.write_text(file.read_text().replace(carbon.OLD_AGENT, carbon.NEW_AGENT))
    member.start()
    assert member.child
    assert member.child.wait(30) == 1
    assert f"kernel 4.4.40 has no clustering agent {carbon.NEW_AGENT}" in member.log


@pytest.mark.full
def test_hazelcast_3_5_ends_the_server_when_it_may_not_ask_ec2(benches: Benches) -> None:
    member = benches.member(build_carbon("3.5.4", ZIP))
    configure(member.home, {"region": "eu-west-1"}, scheme="aws")
    member.start()
    assert member.child
    assert member.child.wait(60) == 1
    assert "AWS access key or IAM Role is required" in member.log


# the EC2 API


@dataclass
class Ec2:
    """An EC2 API that refuses everyone, and the metadata service in front of it: what they were asked stands here."""

    port: int
    asked: list[str] = field(default_factory=list)

    def options(self) -> Sequence[str]:
        """Return the options that lead Java's plain HTTP (the metadata service's) here."""
        return (f"-Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort={self.port}",)


@contextmanager
def refusing_ec2(certificate: Path | None = None, key: Path | None = None) -> Iterator[Ec2]:
    """Serve until the block ends, by TLS if there is a certificate."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            ec2.asked.append(self.path)
            metadata = "/latest/meta-data/" in self.path
            self._answer(200 if metadata else 403, b"eu-west-1a" if metadata else b"UnauthorizedOperation")

        def do_PUT(self) -> None:
            self._answer(200, b"token")

        def _answer(self, code: int, body: bytes) -> None:
            self.send_response(code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is given
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate and key:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    ec2 = Ec2(server.server_address[1])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield ec2
    finally:
        server.shutdown()
        server.server_close()


def of_ec2(host: str) -> dict[str, str]:
    """Return the parameters of a member that asks the EC2 API at `host`."""
    keys = {"accessKey": "AKIAEXAMPLE", "secretKey": "secret", "region": "eu-west-1", "hostHeader": host}
    place = {"domain": "shop", "localMemberHost": "127.0.0.11", "localMemberPort": "5701"}
    return {**keys, **place, "securityGroup": "muster-shop", "tagKey": "muster:cluster", "tagValue": "shop"}


def test_an_engine_that_is_refused_by_ec2_says_in_the_products_log_that_it_goes_on_alone(benches: Benches) -> None:
    with refusing_ec2() as ec2:
        member = benches.member(build_carbon(NEWEST, ZIP), *ec2.options())
        let_engine_warn(member.home)
        configure(member.home, of_ec2(f"http://127.0.0.1:{ec2.port}"), scheme="aws")
        member.start()
        member.wait_until_started()
    assert re.search(r" WARN \{com\.hazelcast\.aws\.\w+\} - .*Starting standalone\.", member.log)
    assert len(member.json("/double")["members"]) == 1
    (asked,) = {urlsplit(each).query for each in ec2.asked if "Action=" in each}
    wanted = {name: values[0] for name, values in parse_qs(asked).items()}
    assert wanted["Action"] == "DescribeInstances"
    filters = {value for name, value in wanted.items() if name.startswith("Filter.")}
    assert filters == {
        "instance.group-name",
        "muster-shop",
        "tag:muster:cluster",
        "shop",
        "instance-state-name",
        "running",
    }


@pytest.mark.full
def test_at_the_level_that_the_product_ships_the_engine_goes_on_alone_without_a_word(benches: Benches) -> None:
    with refusing_ec2() as ec2:
        member = benches.member(build_carbon(NEWEST, ZIP), *ec2.options())
        configure(member.home, of_ec2(f"http://127.0.0.1:{ec2.port}"), scheme="aws")
        member.start()
        member.wait_until_started()
    assert len(member.json("/double")["members"]) == 1
    assert "Starting standalone" not in member.log


@pytest.mark.full
@pytest.mark.parametrize("trusted", [True, False])
def test_what_is_in_the_products_truststore_is_trusted(trusted: bool, benches: Benches, tmp_path: Path) -> None:
    private = authority.load_or_make(tmp_path / "authority")
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    private.issue(["localhost"], certificate, key)
    with refusing_ec2(certificate, key) as ec2, refusing_ec2() as metadata:
        member = benches.member(build_carbon(NEWEST, ZIP), *metadata.options())
        if trusted:
            import_into(member.home / "repository/resources/security/client-truststore.jks", private.pem)
        let_engine_warn(member.home)
        configure(member.home, of_ec2(f"https://localhost:{ec2.port}"), scheme="aws")
        member.start()
        member.wait_for("Starting standalone")
    assert bool(ec2.asked) is trusted
    assert ("PKIX path" in member.log) is not trusted


def let_engine_warn(home: Path) -> None:
    """Let the engine's warnings into the product's log, as a node does."""
    for place, key in engine_log.KEYS.items():
        if (home / place).is_file():
            (home / place).write_bytes(engine_log.patched((home / place).read_bytes(), key))


def import_into(store: Path, pem: bytes) -> None:
    """Add a certificate to a keystore of the product, by Java's own tool."""
    keytool = str(java_home() / "bin/keytool")
    given = ("-importcert", "-noprompt", "-alias", "added", "-keystore", str(store), "-storepass", carbon.PASSWORD)
    subprocess.run((keytool, *given), input=pem, check=True, capture_output=True)


# a server alone


def test_without_a_cluster_it_serves_alone_and_its_log_rotates(benches: Benches) -> None:
    member = benches.member(build_carbon(NEWEST, ZIP), "-Dcarbon.log.bytes=400")
    member.start()
    member.wait_until_started()
    log = member.home / "repository/logs/wso2carbon.log"
    assert "Clustering has been disabled" in log.with_name("wso2carbon.log.1").read_text() + member.log
    assert log.stat().st_size <= 400
    jar = CookieJar()
    assert [member.json("/api/session", jar)["count"] for _ in range(2)] == [1, 2]
    assert member.json("/double")["members"] == []
    assert member.end() == 143


def test_the_products_port_offset_moves_both_ports(benches: Benches) -> None:
    member = benches.member(build_carbon(NEWEST, ZIP))
    offset = member.http - 9763
    member.https = 9443 + offset
    member.launch(f"-DportOffset={offset}")
    member.wait_until_started()
    assert member.json("/double")["double"] == member.json("/double", tls=True)["double"] == "wso2-carbon"


def test_without_java_home_the_launcher_says_so(tmp_path: Path) -> None:
    home = unpacked(build_carbon(NEWEST, ZIP), tmp_path)
    bare = {name: value for name, value in os.environ.items() if name != "JAVA_HOME"}
    done = subprocess.run([home / "bin/wso2server.sh"], env=bare, capture_output=True, text=True, check=False)
    assert (done.returncode, "JAVA_HOME" in done.stderr) == (1, True)


# the distribution


def test_the_archive_is_a_distribution_whose_one_folder_has_the_archives_name() -> None:
    archive = build_carbon(NEWEST, "wso2am-4.5.0.zip")
    assert [each.name for each in archive.parent.iterdir()] == ["wso2am-4.5.0.zip"]
    with zipfile.ZipFile(archive) as opened:
        names = set(opened.namelist())
    assert {name.partition("/")[0] for name in names} == {"wso2am-4.5.0"}
    inner = {name.partition("/")[2] for name in names}
    conf = {f"repository/conf/{name}" for name in ("axis2/axis2.xml", "carbon.xml", "deployment.toml")}
    others = {"bin/wso2server.sh", "repository/logs/", "repository/resources/security/client-truststore.jks"}
    assert {*conf, *others, f"lib/hazelcast-{NEWEST}.jar"} <= inner


def test_a_kernel_without_deployment_toml_ships_none() -> None:
    with zipfile.ZipFile(build_carbon(NEWEST, ZIP, kernel=OLD_KERNEL)) as opened:
        files = {Path(name).name for name in opened.namelist()}
    assert "axis2.xml" in files
    assert files.isdisjoint({"deployment.toml", "log4j2.properties", "hazelcast.properties.j2"})


def test_a_kernel_with_another_engine_is_told_at_start(tmp_path: Path) -> None:
    kernel = carbon.Kernel("4.9.20", "5.3.2", "kebab", carbon.OLD_AGENT, carbon.DEPLOYMENT)
    told = settings(unpacked(build_carbon("5.3.2", ZIP, kernel=kernel), tmp_path))
    assert (told["engine"], told["kernel"], told["kernel_engine"], told["spelling"]) == (
        "5.3.6",
        "4.9.20",
        "5.3.2",
        "kebab",
    )


def test_a_build_is_kept_until_its_source_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build_carbon(NEWEST, ZIP)
    said: list[str] = []
    known = build_carbon(NEWEST, ZIP, said.append)
    assert said == []
    changed = tmp_path / carbon.NAME
    shutil.copytree(store.SOURCES / carbon.NAME, changed)
    (changed / "src/main/java/New.java").write_text("class New {}\n")
    monkeypatch.setattr(store, "SOURCES", tmp_path)
    monkeypatch.setattr(carbon, "package", refuses)
    with pytest.raises(BuildError, match="built anew"):
        build_carbon(NEWEST, ZIP)
    assert known.exists()


def refuses(project: Path, log: Path, options: Sequence[str]) -> Path:
    """Stand where Maven would be called."""
    raise BuildError(f"built anew: {project}, {log}, {options}")


@pytest.mark.full
def test_the_same_sources_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = hashlib.sha256(build_carbon(NEWEST, ZIP).read_bytes()).hexdigest()
    monkeypatch.setenv("MUSTER_CACHE", str(tmp_path))
    said: list[str] = []
    assert hashlib.sha256(build_carbon(NEWEST, ZIP, said.append).read_bytes()).hexdigest() == first
    assert len(said) == 1


def test_the_truststore_is_one_that_keytool_reads(tmp_path: Path) -> None:
    store_file = tmp_path / "empty.jks"
    store_file.write_bytes(carbon.empty_keystore(carbon.PASSWORD))
    keytool = [str(java_home() / "bin/keytool"), "-J-Duser.language=en", "-list", "-keystore", str(store_file)]
    right = subprocess.run(
        [*keytool, "-storepass", carbon.PASSWORD], capture_output=True, text=True, check=True, timeout=60
    )
    assert "contains 0 entries" in right.stdout
    wrong = subprocess.run([*keytool, "-storepass", "changeit"], capture_output=True, check=False, timeout=60)
    assert wrong.returncode == 1


@pytest.mark.parametrize(
    ("engine", "taken"),
    [
        ("3.0.1", "3.5.4"),
        ("3.2.6", "3.5.4"),
        ("3.5.0", "3.5.4"),
        ("3.5.4", "3.5.4"),
        ("3.12.2", "3.12.2"),
        ("4.2.5", "4.2.6"),
        ("5.3.2", "5.3.6"),
    ],
)
def test_the_nearest_engine_is_one_of_the_same_generation(engine: str, taken: str) -> None:
    assert carbon.nearest(engine) == taken


@pytest.mark.parametrize("engine", ["2.6.9", "6.0.0", "newest"])
def test_an_engine_of_no_generation_is_refused_with_those_there_are(engine: str) -> None:
    with pytest.raises(BuildError, match=rf"engine Hazelcast {engine}; there are: 3\.5\.4, 3\.12\.2, 4\.2\.6, 5\.3\.6"):
        carbon.nearest(engine)


def test_a_double_stands_in_under_the_name_that_the_cluster_file_wants() -> None:
    archive = stand_in(load(ROOT / "clusters" / "wso2-carbon.yaml"))
    assert [each.name for each in archive.parent.iterdir()] == ["wso2-carbon-4.10.126.zip"]
    with zipfile.ZipFile(archive) as opened:
        facts = opened.read("wso2-carbon-4.10.126/repository/conf/double.properties").decode()
    assert {"kernel=4.10.126", "engine=5.3.6", "spelling=camel", "config=deployment.toml"} <= set(facts.splitlines())


def test_the_double_of_another_product_stands_in_as_ever() -> None:
    assert stand_in(load(ROOT / "clusters" / "as400gateway.yaml")) == build("as400gateway")


def test_without_a_cluster_file_nobody_knows_the_kernel() -> None:
    with pytest.raises(BuildError, match=r"stands for what a cluster file wants: build it for one"):
        build(carbon.NAME)
