"""The balancer's names in Route 53."""

from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_route53 as route53
from constructs import Construct

from muster.spec.model import Balancer


class AliasRecords(Construct):
    """An alias for `balancer` under the domain of `settings`, and under a host of administration that lies below that.

    It is the admin route's, or `management`. Any other host may lie outside the hosted zone, of which only the id is
    known: its record is the user's to make.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: Balancer,
        balancer: elb.ApplicationLoadBalancer,
        management: str | None = None,
    ) -> None:
        super().__init__(scope, id_)
        if not settings.domain:
            return
        names = {"Users": settings.domain.name}
        host = settings.admin.host if settings.admin else management
        if host and host.endswith(f".{settings.domain.name}"):
            names["Admin"] = host
        for name, host_name in names.items():
            route53.CfnRecordSet(
                self,
                name,
                hosted_zone_id=settings.domain.zone,
                name=f"{host_name}.",
                type="A",
                alias_target=route53.CfnRecordSet.AliasTargetProperty(
                    dns_name=balancer.load_balancer_dns_name,
                    hosted_zone_id=balancer.load_balancer_canonical_hosted_zone_id,
                    evaluate_target_health=False,  # there is no other place to go to
                ),
            )
