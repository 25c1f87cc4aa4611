"""AWS's security policies as the rehearsed balancer has them."""

import pytest
from moto.elbv2.ssl_policies import SSL_POLICIES

from muster.aws_ids import TLS_POLICIES
from rehearsal.balancer import BalancerError
from rehearsal.balancer.rules import listener
from rehearsal.balancer.tls_policies import POLICIES, bind_options, tls_policy

DOUBTFUL = {"ELBSecurityPolicy-TLS13-1-2-Ext1-PQ-2025-09"}
"""moto's list gives it the ciphers of Ext2; AWS's guide those of Ext1."""

COMMON = sorted(set(POLICIES) & set(SSL_POLICIES) - DOUBTFUL)
FIXED = {"Priority": "default", "Actions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]}


def test_every_policy_that_a_cluster_file_may_name_is_rehearsed() -> None:
    assert set(TLS_POLICIES) == set(POLICIES)


@pytest.mark.parametrize("name", COMMON)
def test_versions_and_ciphers_are_those_of_an_independent_list(name: str) -> None:
    policy, other = POLICIES[name], SSL_POLICIES[name]
    assert {policy.lowest, policy.highest} == set(other["ssl_protocols"])
    assert {*policy.ciphers, *policy.suites} == set(other["ciphers"])


def test_the_independent_list_is_long_enough_to_mean_something() -> None:
    assert len(COMMON) >= 10


def test_a_policy_that_lets_in_older_versions_is_refused_by_name() -> None:
    entry = {"Port": 443, "Protocol": "HTTPS", "SslPolicy": "ELBSecurityPolicy-2016-08"}
    with pytest.raises(BalancerError, match="listener on port 443: TLS policy ELBSecurityPolicy-2016-08"):
        listener(entry, [FIXED])


def test_the_policy_of_a_listener_is_read() -> None:
    name = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
    assert listener({"Port": 443, "Protocol": "HTTPS", "SslPolicy": name}, [FIXED]).tls_policy == name


def test_a_policy_of_tls_1_3_names_no_older_cipher() -> None:
    options = bind_options(tls_policy("ELBSecurityPolicy-TLS13-1-3-2021-06", "a listener"))
    assert " ciphers " not in options
    assert options.startswith(" ssl-min-ver TLSv1.3 ssl-max-ver TLSv1.3 ciphersuites ")
