"""The ports on which a balancer is reached."""

from collections.abc import Sequence
from typing import Final, cast

from aws_cdk import aws_elasticloadbalancingv2 as elb

from muster.acknowledgements import HIPAA, NIST, PCI, acknowledge, acknowledge_in
from muster.spec.model import Balancer, Cluster

PLAIN: Final = 80
SECURE: Final = 443
"""The ports on which a balancer is reached, unless a product says otherwise."""


def scheme(settings: Balancer) -> str:
    """Return how users speak to the balancer: `https` with a certificate, else `http`."""
    return "https" if settings.certificate else "http"


def users_port(settings: Balancer) -> int:
    """Return the port on which users are served."""
    return SECURE if settings.certificate else PLAIN


def listening(cluster: Cluster) -> Sequence[int]:
    """Return the ports at which the balancer of `cluster` listens, those too that only send elsewhere."""
    if hosts := cluster.about.hosts(cluster):
        return hosts.plain, hosts.secure
    settings = cluster.balancer
    users = (PLAIN, SECURE) if settings.certificate else (PLAIN,)
    return (*users, settings.admin.port) if settings.admin and settings.admin.port else users


def listen(
    balancer: elb.ApplicationLoadBalancer, id_: str, *, port: int, settings: Balancer, action: elb.ListenerAction
) -> elb.ApplicationListener:
    """Open `port` for what users speak; HTTPS by the certificate and the TLS policy of `settings`."""
    if not settings.certificate:
        return _plain(balancer, id_, port, action)
    listener = balancer.add_listener(
        id_,
        port=port,
        protocol=elb.ApplicationProtocol.HTTPS,
        open=False,
        certificates=[elb.ListenerCertificate.from_arn(settings.certificate)],
        default_action=action,
    )
    # the L2's type for it has other names for AWS's, and lacks the newest ones
    cast("elb.CfnListener", listener.node.default_child).ssl_policy = settings.tls_policy
    return listener


def _plain(
    balancer: elb.ApplicationLoadBalancer, id_: str, port: int, action: elb.ListenerAction
) -> elb.ApplicationListener:
    listener = balancer.add_listener(
        id_, port=port, protocol=elb.ApplicationProtocol.HTTP, open=False, default_action=action
    )
    why = "the cluster file names no certificate, of which the synthesis warns: it is for tests in a closed network"
    for rule in ("ALBHttpToHttpsRedirection", "ELBv2ACMCertificateRequired"):
        acknowledge_in(listener, (NIST, PCI, HIPAA), rule, why)
    for rule in ("CKV_AWS_2", "CKV_AWS_103"):  # no HTTPS, and so no version of TLS
        acknowledge(listener, rule, why)
    return listener


def not_found() -> elb.ListenerAction:
    """Return the answer to what leads nowhere."""
    return elb.ListenerAction.fixed_response(404, content_type="text/plain", message_body="not found")


def redirect(
    balancer: elb.ApplicationLoadBalancer, id_: str, *, port: int = PLAIN, to: int = SECURE
) -> elb.ApplicationListener:
    """Send plain HTTP on `port` to the same place by HTTPS on the port `to`."""
    to_https = elb.ListenerAction.redirect(protocol="HTTPS", port=str(to), permanent=True)
    listener = balancer.add_listener(
        id_, port=port, protocol=elb.ApplicationProtocol.HTTP, open=False, default_action=to_https
    )
    acknowledge_in(
        listener,
        (NIST, PCI, HIPAA),
        "ELBv2ACMCertificateRequired",
        f"port {port} serves nothing: it sends to HTTPS, where the certificate is",
    )
    return listener
