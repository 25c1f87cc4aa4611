"""A web application firewall before a balancer."""

from typing import Final

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_wafv2 as waf
from constructs import Construct

from muster.kept_days import log_group
from muster.names import firewall_log_group_name

KNOWN_BAD_INPUTS: Final = "AWSManagedRulesKnownBadInputsRuleSet"
"""AWS's rules against known bad input; the ones against Log4Shell (`Log4JRCE_*`) are among them."""

_SECRET_HEADERS: Final = ("authorization", "cookie")


class WebFirewall(Construct):
    """Requests to the load balancer `arn` that `KNOWN_BAD_INPUTS` knows are answered with 403, all others pass.

    Every request is logged, without cookies and passwords, for `days`. The log group's name is explicit because the
    firewall writes only into groups whose name begins with `aws-waf-logs-` (AWS WAF guide, "Logging destinations").
    """

    def __init__(
        self, scope: Construct, id_: str, *, arn: str, cluster: str, days: int, kms_key: kms.IKey | None
    ) -> None:
        super().__init__(scope, id_)
        rules = waf.CfnWebACL.RuleProperty(
            name=KNOWN_BAD_INPUTS,
            priority=0,
            override_action=waf.CfnWebACL.OverrideActionProperty(none={}),
            statement=waf.CfnWebACL.StatementProperty(
                managed_rule_group_statement=waf.CfnWebACL.ManagedRuleGroupStatementProperty(
                    vendor_name="AWS", name=KNOWN_BAD_INPUTS
                )
            ),
            visibility_config=_counted("KnownBadInputs"),
        )
        acl = waf.CfnWebACL(
            self,
            "Acl",
            scope="REGIONAL",
            description=f"Before the load balancer of the cluster {cluster}",
            default_action=waf.CfnWebACL.DefaultActionProperty(allow={}),
            rules=[rules],
            visibility_config=_counted("All"),
        )
        waf.CfnWebACLAssociation(self, "Association", resource_arn=arn, web_acl_arn=acl.attr_arn)
        self._log(acl, firewall_log_group_name(cluster), days, kms_key)

    def _log(self, acl: waf.CfnWebACL, name: str, days: int, kms_key: kms.IKey | None) -> None:
        group = log_group(self, "Logs", name=name, days=days, kms_key=kms_key)
        # not the group's own ARN, which ends with `:*`
        arn = Stack.of(self).format_arn(
            service="logs", resource="log-group", resource_name=name, arn_format=ArnFormat.COLON_RESOURCE_NAME
        )
        logging = waf.CfnLoggingConfiguration(
            self,
            "Logging",
            resource_arn=acl.attr_arn,
            log_destination_configs=[arn],
            redacted_fields=[
                waf.CfnLoggingConfiguration.FieldToMatchProperty(single_header={"Name": header})
                for header in _SECRET_HEADERS
            ],
        )
        logging.node.add_dependency(group)


def _counted(name: str) -> waf.CfnWebACL.VisibilityConfigProperty:
    """Count requests, and keep no samples of them: they would hold cookies."""
    return waf.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=False
    )
