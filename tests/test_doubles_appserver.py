"""A management node and a worker, doubles of WSO2 AS, deploy and serve as the product would."""

import io
import json
import shutil
import urllib.error
import zipfile
from collections.abc import Iterator
from http.cookiejar import CookieJar

import pytest

from rehearsal.poll import poll
from tests.double_appserver_support import (
    ACCOUNTS,
    HOSTS,
    Node,
    World,
    behind,
    subversion,
)
from tests.double_carbon_support import code_of


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Make members and a repository for many tests."""
    made = World(tmp_path_factory.mktemp("appserver") / "world")
    try:
        yield made
    finally:
        made.end()


@pytest.fixture(scope="module")
def pair(shared: World) -> tuple[Node, Node]:
    """Form a cluster of a management node and a worker, behind the ports 80 and 443."""
    nodes = shared.node("mgt", values=HOSTS), shared.node("worker", values=HOSTS)
    for node in nodes:
        behind(node.member.home, 80, 443)
        node.member.start()
        node.member.wait_until_started()
    return nodes


Pair = tuple[Node, Node]


@subversion
def test_it_says_at_start_and_with_every_answer_what_it_is(pair: Pair) -> None:
    assert "double of WSO2 AS, for rehearsals: it is not the product" in pair[0].member.log.splitlines()[0]
    for path in ("/services", "/api/session", "/double"):
        with pair[0].member.get(path) as answer:
            assert answer.headers["X-Muster-Double"] == "wso2-as"


@subversion
def test_a_file_that_is_put_into_management_is_served_by_the_worker(pair: Pair) -> None:
    mgt, worker = pair
    mgt.put("webapps/shop.war", "first")
    for node in pair:
        node.serves("/shop/", "first")
    assert worker.file("webapps/shop.war").read_text() == "first"


@subversion
def test_changes_and_deletions_follow(pair: Pair) -> None:
    mgt, worker = pair
    mgt.put("webapps/turning/one.txt", "one")
    mgt.put("webapps/turning/two.txt", "two")
    worker.serves("/turning/two.txt", "two")
    mgt.put("webapps/turning/one.txt", "another one")
    mgt.file("webapps/turning/two.txt").unlink()
    worker.serves("/turning/one.txt", "another one")
    worker.serves("/turning/two.txt", None)
    shutil.rmtree(mgt.file("webapps/turning"))
    worker.serves("/turning/one.txt", None)


@subversion
def test_other_kinds_follow_and_services_have_an_address_of_their_own(pair: Pair) -> None:
    mgt, worker = pair
    mgt.put("axis2services/Echo.aar", "echo")
    mgt.put("carbonapps/whole.car", "whole")
    worker.serves("/services/Echo/", "echo")
    poll(lambda: "carbonapps/whole.car" in worker.member.json("/double")["artifacts"], within=30)
    assert worker.says("/whole/") is None


@subversion
def test_what_is_in_an_archive_is_served_by_its_paths(pair: Pair) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.html", "welcome")
        archive.writestr("inner/page.html", "page")
    pair[0].put("webapps/packed.war", packed.getvalue())
    pair[1].serves("/packed/inner/page.html", "page")
    assert (pair[1].says("/packed/"), pair[1].says("/packed/no.html")) == ("welcome", None)


@subversion
@pytest.mark.parametrize("name", ["two words.war", "at@sign.war", "größe.war"])
def test_a_name_that_means_something_to_subversion_is_a_name(name: str, pair: Pair) -> None:
    pair[0].put(f"webapps/{name}", name)
    poll(lambda: pair[1].file(f"webapps/{name}").exists(), within=30)


@subversion
def test_what_the_product_leaves_out_is_not_committed(pair: Pair, shared: World) -> None:
    for name in (".hidden", "~lock", "old.bk", "taken.txt"):
        pair[0].put(f"webapps/left/{name}", name)
    poll(lambda: "webapps/left/taken.txt" in shared.repository.files(), within=30)
    assert {path for path in shared.repository.files() if "/left/" in path} == {"webapps/left/taken.txt"}


@subversion
def test_a_workers_own_files_never_reach_the_repository_and_its_changes_do_not_last(pair: Pair, shared: World) -> None:
    mgt, worker = pair
    mgt.put("webapps/ours.txt", "ours")
    worker.serves("/ours/", "ours")
    worker.put("webapps/alone.txt", "of this worker")
    worker.put("webapps/ours.txt", "changed here")
    mgt.put("webapps/next.txt", "next")
    worker.serves("/next/", "next")
    assert shared.repository.files()["webapps/ours.txt"] == worker.says("/ours/") == "ours"
    assert "webapps/alone.txt" not in shared.repository.files()
    assert worker.says("/alone/") == "of this worker"


@subversion
def test_the_accounts_of_the_files_are_used_and_only_the_committing_one_writes(pair: Pair, shared: World) -> None:
    told = [node.member.json("/double")["synchronizer"] for node in pair]
    assert [(each["user"], each["commits"]) for each in told] == [("committer", True), ("reader", False)]
    assert {each["url"] for each in told} == {f"{shared.repository.url}/-1234"}
    assert shared.repository.authors() == {"committer"}


@subversion
def test_the_others_are_told_of_a_commit_in_the_products_words(pair: Pair) -> None:
    pair[0].put("webapps/told.txt", "told")
    pair[1].serves("/told/", "told")
    request = "SynchronizeRepositoryRequest{tenantId=-1234, tenantDomain='carbon.super', messageId="
    assert f"- Sent [{request}" in pair[0].member.log
    assert f"- Received [{request}" in pair[1].member.log
    assert "Received [" not in pair[0].member.log


@subversion
def test_no_password_is_told(pair: Pair) -> None:
    for node in pair:
        said = json.dumps(node.member.json("/double")) + node.member.output + node.member.log
        assert not [word for word in ACCOUNTS.values() if word in said]


@subversion
def test_only_management_has_a_console(pair: Pair) -> None:
    mgt, worker = pair
    with mgt.member.get("/carbon/admin/login.jsp", tls=True) as page:
        assert "not WSO2 AS: no one signs in" in page.read().decode()
    for path in ("/carbon", "/carbon/", "/carbon/admin/login.jsp", "/carbon/deploy"):
        assert code_of(lambda path=path: worker.member.get(path, tls=True)) == 404  # type: ignore[misc]
    with pytest.raises(urllib.error.HTTPError, match="404"):
        worker.deploy("shop.war", "by a worker")


@subversion
def test_a_redirect_has_the_asked_host_and_no_port_that_is_the_schemes_own(pair: Pair) -> None:
    pair[0].put("webapps/away.war", "away")
    pair[0].serves("/away/", "away")
    assert pair[0].redirected("/carbon/", "mgt.x.org") == (302, "https://mgt.x.org/carbon/admin/login.jsp")
    assert pair[0].redirected("/away", "as.x.org:1234") == (302, "https://as.x.org/away/")
    assert pair[0].redirected("/away", "as.x.org", tls=False) == (302, "http://as.x.org/away/")


@subversion
def test_the_console_sends_plain_http_to_the_management_host(pair: Pair) -> None:
    """As in the product: a balancer that talks HTTP to it would go in circles."""
    there = "https://mgt.as.example.org:443/carbon/"
    assert pair[0].redirected("/carbon/", "mgt.x.org", tls=False) == (302, there)
    assert f"Mgt Console URL  : {there}" in pair[0].member.log
    assert "Mgt Console URL" not in pair[1].member.log


@subversion
def test_an_upload_is_deployed_everywhere(pair: Pair) -> None:
    with pair[0].deploy("upload.war", "uploaded") as answer:
        assert json.loads(answer.read()) == {"deployed": "webapps/upload.war", "commits": True}
    pair[1].serves("/upload/", "uploaded")


@subversion
@pytest.mark.parametrize("name", ["../../conf/carbon.xml", "webapps/../x.war", ".hidden.war", "", "/etc/passwd"])
def test_an_upload_stays_below_what_is_deployed(name: str, pair: Pair) -> None:
    with pytest.raises(urllib.error.HTTPError, match="400"):
        pair[0].deploy(name, "harm")


@subversion
@pytest.mark.parametrize(
    "path", ["/.svn/wc.db", "/plain/../../.svn/wc.db", "/plain/%2e%2e/plain.txt", "/plain/x/../.hid", "/plain/.hid"]
)
def test_nothing_but_artifacts_is_served(path: str, pair: Pair) -> None:
    for name in ("plain/index.html", "plain/.hid", "plain.txt"):
        pair[0].put(f"webapps/{name}", "plain")
    pair[0].serves("/plain/index.html", "plain")
    assert pair[0].redirected(path, "as.example.org")[0] == 404


@subversion
def test_a_session_goes_on_with_either_member(pair: Pair) -> None:
    jar = CookieJar()
    for expected in range(1, 20, 2):
        assert [node.member.json("/api/session", jar)["count"] for node in pair] == [expected, expected + 1]


@subversion
def test_each_member_tells_the_groups(pair: Pair) -> None:
    for node in pair:
        told = node.member.json("/double")
        assert sorted(told["sub_domains"].values()) == ["mgt", "worker"]
        assert (told["host"], told["management"]) == ("as.example.org", "mgt.as.example.org")
    assert ", Sub-domain:mgt, Active:true" in pair[0].member.log


@pytest.mark.full
@subversion
def test_a_commit_that_no_member_made_is_taken_when_one_is_told_of_the_next(pair: Pair, shared: World) -> None:
    """As in the product, whose members do not ask the repository by themselves but every five minutes or more."""
    mgt, worker = pair
    mgt.put("webapps/before.txt", "before")
    worker.serves("/before/", "before")
    shared.repository.put("-1234/webapps/foreign.txt", "foreign")
    with pytest.raises(TimeoutError):
        worker.serves("/foreign/", "foreign", within=4)
    mgt.put("webapps/after.txt", "after")
    worker.serves("/foreign/", "foreign")


@pytest.mark.full
@subversion
def test_a_worker_that_joins_has_all_artifacts_when_it_begins_to_serve(pair: Pair, shared: World) -> None:
    """Runs last of those with the pair: it adds a member."""
    pair[0].put("webapps/earlier.txt", "earlier")
    pair[1].serves("/earlier/", "earlier")
    late = shared.started("worker")
    assert late.says("/earlier/") == "earlier"
