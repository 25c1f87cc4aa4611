"""The configuration is one that haproxy accepts, for any model; and quoting means what it says."""

import fnmatch
import re
import subprocess
from dataclasses import replace
from ipaddress import ip_interface
from pathlib import Path

import pytest
from hypothesis import HealthCheck as Check
from hypothesis import given, settings
from hypothesis import strategies as st

from rehearsal.balancer import BalancerError, LoadBalancer, balancer_address
from rehearsal.balancer.config import Files, configuration, server_state
from rehearsal.balancer.model import (
    Condition,
    FixedResponse,
    Forward,
    HealthCheck,
    Listener,
    Redirect,
    Rule,
    Stickiness,
)
from rehearsal.balancer.pem import self_signed
from rehearsal.balancer.quoting import wildcard
from rehearsal.balancer.tls_policies import POLICIES
from tests.balancer_support import GROUP_ARN, load_balancer, target, target_group

CERTIFICATE = self_signed("web")
FILES = Files(Path("/run/x"))
TEXT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=30)
PATTERN = st.text("abcXYZ019*?./-_$~\"'\\@:+&()[]|^# ", min_size=1, max_size=20)

actions = st.one_of(
    st.just(Forward(GROUP_ARN)),
    st.builds(FixedResponse, st.sampled_from([200, 204, 404, 503]), st.just("text/plain"), TEXT),
    st.builds(
        Redirect,
        st.sampled_from(["HTTP", "HTTPS", "#{protocol}"]),
        st.sampled_from(["#{host}", "www.example.com", "a.#{host}"]),
        st.sampled_from(["443", "#{port}"]),
        st.sampled_from(["/#{path}", "/new/#{path}/%20", "/"]),
        st.sampled_from(["#{query}", "", "a=%41&#{query}"]),
        st.sampled_from([301, 302]),
    ),
)
NETWORK = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).flatmap(
    lambda address: st.integers(0, address.max_prefixlen).map(
        lambda bits: str(ip_interface(f"{address}/{bits}").network)
    )
)
conditions = st.one_of(
    st.builds(
        Condition,
        st.sampled_from(["host-header", "path-pattern"]),
        st.lists(PATTERN, min_size=1, max_size=3).map(tuple),
    ),
    st.builds(Condition, st.just("source-ip"), st.lists(NETWORK, min_size=1, max_size=3).map(tuple)),
)
rules = st.builds(Rule, st.lists(conditions, max_size=2).map(tuple), actions)
listeners = st.builds(Listener, st.just(80), st.just("HTTP"), st.lists(rules, min_size=1, max_size=4).map(tuple))
secure = st.lists(
    st.builds(Listener, st.just(443), st.just("HTTPS"), st.just(()), st.sampled_from([None, *sorted(POLICIES)])),
    max_size=1,
)
stickiness = st.sampled_from([None, Stickiness(None, 60), Stickiness("JSESSIONID", 60)])
checks = st.builds(
    HealthCheck,
    st.sampled_from(["HTTP", "HTTPS"]),
    st.sampled_from([None, 9180]),
    st.sampled_from(["/", "/ready?x=1&y=%20", "/a$b#c"]),
    st.sampled_from(["200", "200-299", "200,202-399"]),
    st.integers(5, 300),
    st.integers(2, 120),
    st.integers(2, 10),
    st.integers(2, 10),
)


@st.composite
def models(draw: st.DrawFn) -> LoadBalancer:
    """Draw a load balancer."""
    targets = draw(
        st.lists(st.builds(target, st.integers(5, 9), st.sampled_from([8080, 8090])), unique=True, max_size=4)
    )
    group = replace(
        target_group(*targets, check=draw(checks), sticky=draw(stickiness)),
        protocol=draw(st.sampled_from(["HTTP", "HTTPS"])),
        algorithm=draw(st.sampled_from(["round_robin", "least_outstanding_requests", "weighted_random"])),
        slow_start=draw(st.sampled_from([0, 30])),
    )
    mode = draw(st.sampled_from(["append", "preserve", "remove"]))
    made = load_balancer(group, draw(listeners), *draw(secure))
    return replace(made, keep_host=draw(st.booleans()), forwarded_for=mode, drop_invalid=draw(st.booleans()))


@pytest.mark.host
@settings(max_examples=40, deadline=None, suppress_health_check=[Check.function_scoped_fixture, Check.too_slow])
@given(model=models())
def test_haproxy_accepts_every_model(model: LoadBalancer, tmp_path: Path) -> None:
    files = Files(tmp_path)
    files.config.write_text(configuration(model, files))
    files.pem.write_bytes(CERTIFICATE)
    files.state.write_text(server_state(model, set()))
    command = ["haproxy", "-c", "-f", str(files.config)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    # Servers that begin down are the only thing that it may remark upon.
    remarks = [line for line in done.stderr.splitlines() if "[WARNING]" in line and "after a reload" not in line]
    assert [line for line in remarks if " is DOWN via " not in line and "has no server available" not in line] == []


def test_equal_models_give_equal_text() -> None:
    one, two = (load_balancer(target_group(target(10), target(11))) for _ in range(2))
    assert configuration(one, FILES) == configuration(two, FILES)


def test_a_changed_health_check_changes_the_text() -> None:
    group = target_group(target(10))
    other = replace(group, check=replace(group.check, path="/other"))
    assert configuration(load_balancer(group), FILES) != configuration(load_balancer(other), FILES)


@given(PATTERN.filter(lambda text: "[" not in text), st.text("abcXYZ019./-_ \n", max_size=12))
def test_a_wildcard_means_what_the_shell_means(pattern: str, text: str) -> None:
    expression = wildcard(pattern).removesuffix("$")  # which Python also finds before a last line feed
    assert bool(re.fullmatch(expression, text, re.DOTALL)) == fnmatch.fnmatchcase(text, pattern)


def test_a_balancer_takes_the_highest_free_address() -> None:
    assert balancer_address("10.64.8.0/25", ()) == "10.64.8.126"
    assert balancer_address("10.64.8.0/25", {"10.64.8.126", "10.64.8.125"}) == "10.64.8.124"


def test_a_full_subnet_is_an_error() -> None:
    with pytest.raises(BalancerError, match="no free address"):
        balancer_address("10.64.8.0/29", {f"10.64.8.{n}" for n in (4, 5, 6)})
