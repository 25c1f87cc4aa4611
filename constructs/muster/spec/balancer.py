"""The blocks of the cluster file about the load balancer."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from muster.addresses import ClientCidr
from muster.aws_ids import Certificate, HostedZone, TlsPolicy
from muster.checking import list_of, one_of, whole_number
from muster.fields import Block, Cookie, HostName, Hours, Scheme, Truth, default_of_the_product

MOST_CLIENTS: Final = 20
"""Each is a rule for up to three ports, and a security group takes 60 (Amazon VPC quotas)."""

LISTENER_PORT: Final = "a port from 1 to 65535"


class Stickiness(Block):
    """How long a user stays on one node, and by which cookie."""

    no_fields: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("ip", "client_ip", "source_ip", "type"), "a load balancer of HTTP keeps users by a cookie alone (cookie)"
    )

    cookie: Annotated[Cookie, Field(json_schema_extra=default_of_the_product)] = "balancer"
    """The application's session cookie, or `balancer` for the balancer's own. The default is the product's."""
    hours: Hours = 8
    """Hours for which a user without requests stays assigned to a node."""


class AdminRoute(Block):
    """How requests for the product's administration reach a node, apart from users' requests."""

    route: Annotated[Literal["host", "port", "path"], one_of("host", "port", "path")]
    """By a host name of its own, by a port of its own, or by the product's admin path alone."""
    host: HostName | None = None
    """The host name of the route `host`."""
    port: Annotated[int, whole_number(1, 65535, LISTENER_PORT)] | None = None
    """The balancer's port of the route `port`."""


class Domain(Block):
    """A name for the balancer in a hosted zone of Route 53."""

    name: HostName
    """The name that users know."""
    zone: HostedZone
    """The id of the hosted zone that holds the name."""


class Balancer(Block):
    """The load balancer that users reach."""

    scheme: Scheme = "internal"
    """Whether it is reached from inside the VPC's networks, or from the internet."""
    certificate: Certificate | None = None
    """The certificate for HTTPS. Without one users speak plain HTTP, and the synthesis warns."""
    to_nodes: Annotated[
        Literal["http", "https"], one_of("http", "https"), Field(json_schema_extra=default_of_the_product)
    ] = "http"
    """How the balancer speaks to nodes. With `https` nobody on the way reads along; a node's name is not proved."""
    tls_policy: TlsPolicy = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
    """Which versions and ciphers of TLS users may speak; none below TLS 1.2."""
    clients: Annotated[
        tuple[ClientCidr, ...],
        list_of(f"a list of 1 to {MOST_CLIENTS} IPv4 networks such as [10.0.0.0/8]", MOST_CLIENTS),
    ] = ()
    """Networks from which users come. None given: the VPC's own (internal), or everywhere (internet-facing)."""
    stickiness: Stickiness = Stickiness()
    """How a user stays on one node."""
    admin: AdminRoute | None = None
    """A way of its own for administration. Without it, admin requests go the way of all others."""
    waf: Truth = False
    """Whether a web application firewall with AWS's rules against known bad input stands before the balancer."""
    domain: Domain | None = None
    """A name for the balancer in Route 53."""
