"""What exists in the account beyond what a fresh, bootstrapped one has."""

from collections.abc import Callable, Iterator
from typing import Any

from rehearsal.account.cloud import Cloud
from rehearsal.account.cloudformation.engine import CloudFormation

Found = Iterator[tuple[str, str]]
BOOTSTRAP = "CDKToolkit"
AUTOMATIC = "Auto-created snapshot for AMI"
"""How the snapshots begin that the emulator makes for images."""


def remains(cloud: Cloud, engine: CloudFormation) -> list[str]:
    """Return a line for each thing that exists, `kind id`, but for the default VPC's and the bootstrap stack's own."""
    toolkit = {
        resource.physical_id
        for stack in engine.stacks()
        if stack.name == BOOTSTRAP
        for resource in stack.resources.values()
    }
    lines = [f"stack {stack.name} {stack.status}" for stack in engine.stacks() if stack.name != BOOTSTRAP]
    for look in (_network, _endpoints, _instances, _addresses, _iam, _elbv2, _data, _observability, _front):
        lines += [f"{kind} {name}" for kind, name in look(cloud.call) if name not in toolkit]
    return lines


Call = Callable[..., dict[str, Any]]


def _network(call: Call) -> Found:
    vpcs = call("ec2", "DescribeVpcs")["Vpcs"]
    default = {vpc["VpcId"] for vpc in vpcs if vpc["IsDefault"]}
    listed = (
        ("vpc", "VpcId", vpcs),
        ("subnet", "SubnetId", call("ec2", "DescribeSubnets")["Subnets"]),
        ("security group", "GroupId", call("ec2", "DescribeSecurityGroups")["SecurityGroups"]),
        ("route table", "RouteTableId", call("ec2", "DescribeRouteTables")["RouteTables"]),
        ("network ACL", "NetworkAclId", call("ec2", "DescribeNetworkAcls")["NetworkAcls"]),
        ("network interface", "NetworkInterfaceId", call("ec2", "DescribeNetworkInterfaces")["NetworkInterfaces"]),
    )
    for kind, key, entries in listed:
        yield from ((kind, entry[key]) for entry in entries if entry["VpcId"] not in default)
    for gateway in call("ec2", "DescribeInternetGateways")["InternetGateways"]:
        if not {attachment["VpcId"] for attachment in gateway["Attachments"]} & default:
            yield "internet gateway", gateway["InternetGatewayId"]
    for nat in call("ec2", "DescribeNatGateways")["NatGateways"]:
        if nat["State"] != "deleted":
            yield "NAT gateway", nat["NatGatewayId"]
    for flow in call("ec2", "DescribeFlowLogs")["FlowLogs"]:
        yield "flow log", flow["FlowLogId"]


def _endpoints(call: Call) -> Found:
    for endpoint in call("ec2", "DescribeVpcEndpoints")["VpcEndpoints"]:
        if endpoint["State"] != "deleted":
            yield "VPC endpoint", endpoint["VpcEndpointId"]


def _observability(call: Call) -> Found:
    for topic in call("sns", "ListTopics")["Topics"]:
        yield "topic", topic["TopicArn"]
    for subscription in call("sns", "ListSubscriptions")["Subscriptions"]:
        yield "subscription", subscription["SubscriptionArn"]
    alarms = call("cloudwatch", "DescribeAlarms", AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    for alarm in (*alarms.get("MetricAlarms", ()), *alarms.get("CompositeAlarms", ())):
        yield "alarm", alarm["AlarmName"]
    for dashboard in call("cloudwatch", "ListDashboards")["DashboardEntries"]:
        yield "dashboard", dashboard["DashboardName"]
    for policy in call("logs", "DescribeResourcePolicies")["resourcePolicies"]:
        yield "log resource policy", policy["policyName"]


def _front(call: Call) -> Found:
    for acl in call("wafv2", "ListWebACLs", Scope="REGIONAL")["WebACLs"]:
        yield "web ACL", acl["ARN"]
    for zone in call("route53", "ListHostedZones")["HostedZones"]:
        yield "hosted zone", zone["Id"]
        for record in call("route53", "ListResourceRecordSets", HostedZoneId=zone["Id"])["ResourceRecordSets"]:
            yield "record", f"{record['Type']} {record['Name']}"


def _instances(call: Call) -> Found:
    for reservation in call("ec2", "DescribeInstances")["Reservations"]:
        for instance in reservation["Instances"]:
            if instance["State"]["Name"] != "terminated":
                yield "instance", instance["InstanceId"]
    for volume in call("ec2", "DescribeVolumes")["Volumes"]:
        yield "volume", volume["VolumeId"]
    for snapshot in call("ec2", "DescribeSnapshots", OwnerIds=["self"])["Snapshots"]:
        if not snapshot["Description"].startswith(AUTOMATIC):
            yield "snapshot", snapshot["SnapshotId"]


def _addresses(call: Call) -> Found:
    for address in call("ec2", "DescribeAddresses")["Addresses"]:
        yield "address", address["PublicIp"]


def _iam(call: Call) -> Found:
    for role in call("iam", "ListRoles")["Roles"]:
        yield "role", role["RoleName"]
    for user in call("iam", "ListUsers")["Users"]:
        yield "user", user["UserName"]
        for key in call("iam", "ListAccessKeys", UserName=user["UserName"])["AccessKeyMetadata"]:
            yield "access key", key["AccessKeyId"]
    for policy in call("iam", "ListPolicies", Scope="Local")["Policies"]:
        yield "policy", policy["Arn"]
    for profile in call("iam", "ListInstanceProfiles")["InstanceProfiles"]:
        yield "instance profile", profile["InstanceProfileName"]


def _elbv2(call: Call) -> Found:
    for balancer in call("elbv2", "DescribeLoadBalancers")["LoadBalancers"]:
        yield "load balancer", balancer["LoadBalancerArn"]
    for group in call("elbv2", "DescribeTargetGroups")["TargetGroups"]:
        yield "target group", group["TargetGroupArn"]


def _data(call: Call) -> Found:
    for secret in call("secretsmanager", "ListSecrets")["SecretList"]:
        yield "secret", secret["ARN"]
    for parameter in call("ssm", "DescribeParameters")["Parameters"]:
        yield "parameter", parameter["Name"]
    for group in call("logs", "DescribeLogGroups")["logGroups"]:
        yield "log group", group["logGroupName"]
    for table in call("dynamodb", "ListTables")["TableNames"]:
        yield "table", table
    for system in call("efs", "DescribeFileSystems", MaxItems=1000)["FileSystems"]:
        yield "file system", system["FileSystemId"]
    for bucket in call("s3", "ListBuckets")["Buckets"]:
        yield "bucket", bucket["Name"]
    for repository in call("ecr", "DescribeRepositories")["repositories"]:
        yield "repository", repository["repositoryName"]
