"""Types of a cluster's stack besides machines and wires: each is made, changed and removed, and says no as AWS does."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from rehearsal.account import Account
from rehearsal.account.existing import Existing
from tests.account_help import Stacks, Template, running_account, template

KEY = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000001"
ZONE = "Z0123456789ABC"
VPC = {
    "Type": "AWS::EC2::VPC",
    "Properties": {"CidrBlock": "10.64.0.0/20", "EnableDnsSupport": True, "EnableDnsHostnames": True},
}
ALARM = {
    "ComparisonOperator": "LessThanThreshold",
    "EvaluationPeriods": 3,
    "Threshold": "2",
    "TreatMissingData": "breaching",
}
COUNTED = {"CloudWatchMetricsEnabled": True, "MetricName": "All", "SampledRequestsEnabled": False}


def subnet(zone: str, number: int) -> dict[str, Any]:
    given = {"VpcId": {"Ref": "Vpc"}, "CidrBlock": f"10.64.{number}.0/24", "AvailabilityZone": f"eu-west-1{zone}"}
    return {"Type": "AWS::EC2::Subnet", "Properties": given}


PLACE = {"Vpc": VPC, "A": subnet("a", 0), "B": subnet("b", 1)}
BALANCER = {
    "Type": "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "Properties": {"Scheme": "internal", "Type": "application", "Subnets": [{"Ref": "A"}, {"Ref": "B"}]},
}


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with running_account() as account:
        account.provide(Existing(zones={ZONE: "example.org"}, policies=["boundary"]))
        yield account


def made(stacks: Stacks, wanted: Template, **more: Any) -> None:
    ended = stacks.create("s", wanted, **more)
    assert ended == "CREATE_COMPLETE", [event for event in stacks.events("s") if "FAILED" in event[1]]


def updated(stacks: Stacks, wanted: Template) -> None:
    assert stacks.update("s", wanted) == "UPDATE_COMPLETE", stacks.events("s")


def topic(**more: Any) -> dict[str, Any]:
    return {"Type": "AWS::SNS::Topic", "Properties": {"KmsMasterKeyId": KEY, **more}}


def test_a_topic_has_its_key_its_policy_and_a_subscription(stacks: Stacks, account: Account) -> None:
    statement = {"Effect": "Allow", "Action": "sns:Publish", "Resource": "*", "Principal": {"Service": "x"}}
    policy = {"PolicyDocument": {"Statement": [statement]}, "Topics": [{"Ref": "Topic"}]}
    mail = {"TopicArn": {"Ref": "Topic"}, "Protocol": "email", "Endpoint": "ops@example.org"}
    wanted = template(
        Topic=topic(Tags=[{"Key": "k", "Value": "1"}]),
        Policy={"Type": "AWS::SNS::TopicPolicy", "Properties": policy},
        Mail={"Type": "AWS::SNS::Subscription", "Properties": mail},
    )
    made(stacks, wanted)
    sns, arn = account.client("sns"), stacks.resource("s", "Topic")
    attributes = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    assert attributes["KmsMasterKeyId"] == KEY
    assert json.loads(attributes["Policy"])["Statement"][0]["Principal"] == {"Service": "x"}
    assert [each["Endpoint"] for each in sns.list_subscriptions()["Subscriptions"]] == ["ops@example.org"]
    wanted["Resources"]["Topic"] = topic(Tags=[{"Key": "k", "Value": "2"}], DisplayName="alarms")
    updated(stacks, wanted)
    tags = {tag["Key"]: tag["Value"] for tag in sns.list_tags_for_resource(ResourceArn=arn)["Tags"]}
    assert tags["k"] == "2"
    assert sns.get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"] == "alarms"


def test_alarms_on_metrics_expressions_and_other_alarms(stacks: Stacks, account: Account) -> None:
    one = {**ALARM, "Namespace": "Muster", "MetricName": "Members", "Period": 60, "Statistic": "Minimum"}
    one |= {"Dimensions": [{"Name": "Cluster", "Value": "as400"}], "AlarmActions": [{"Ref": "Topic"}]}
    stat = {"Metric": {"Namespace": "Muster", "MetricName": "Members"}, "Period": 60, "Stat": "Minimum"}
    queries = [
        {"Id": "m", "MetricStat": stat, "ReturnData": False},
        {"Id": "e", "Expression": "FILL(m, 0)", "Label": "members"},
    ]
    rule = {"Fn::Join": ["", ["ALARM(", {"Ref": "One"}, ")"]]}
    wanted = template(
        Topic={"Type": "AWS::SNS::Topic"},
        One={"Type": "AWS::CloudWatch::Alarm", "Properties": one},
        Sum={"Type": "AWS::CloudWatch::Alarm", "Properties": {**ALARM, "Metrics": queries}},
        All={"Type": "AWS::CloudWatch::CompositeAlarm", "Properties": {"AlarmRule": rule}},
    )
    made(stacks, wanted)
    found = account.client("cloudwatch").describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    plain = {alarm["AlarmName"]: alarm for alarm in found["MetricAlarms"]}
    assert plain[stacks.resource("s", "One")]["AlarmActions"] == [stacks.resource("s", "Topic")]
    returned = {query["Id"]: query["ReturnData"] for query in plain[stacks.resource("s", "Sum")]["Metrics"]}
    assert returned == {"m": False, "e": True}
    assert found["CompositeAlarms"][0]["AlarmRule"] == f"ALARM({stacks.resource('s', 'One')})"
    one["Threshold"] = "1"
    updated(stacks, wanted)
    again = account.client("cloudwatch").describe_alarms(AlarmNames=[stacks.resource("s", "One")])
    assert again["MetricAlarms"][0]["Threshold"] == 1


def test_a_dashboard_is_json(stacks: Stacks, account: Account) -> None:
    def dashboard(body: str) -> Template:
        return template(Board={"Type": "AWS::CloudWatch::Dashboard", "Properties": {"DashboardBody": body}})

    made(stacks, dashboard('{"widgets": []}'))
    found = account.client("cloudwatch").get_dashboard(DashboardName=stacks.resource("s", "Board"))
    assert json.loads(found["DashboardBody"]) == {"widgets": []}
    assert stacks.update("s", dashboard("{")) == "UPDATE_ROLLBACK_COMPLETE"
    assert "must be a valid JSON object" in stacks.reason("s", "Board", "UPDATE_FAILED")


def test_a_log_group_has_its_name_key_days_and_tags(stacks: Stacks, account: Account) -> None:
    given = {"LogGroupName": "/muster/as400/node", "RetentionInDays": 30, "KmsKeyId": KEY}
    given |= {"Tags": [{"Key": "k", "Value": "v"}]}
    wanted = template(Group={"Type": "AWS::Logs::LogGroup", "Properties": given})
    made(stacks, wanted)
    found = account.client("logs").describe_log_groups(logGroupNamePrefix="/muster/")["logGroups"][0]
    assert (found["logGroupName"], found["retentionInDays"], found["kmsKeyId"]) == ("/muster/as400/node", 30, KEY)
    given["RetentionInDays"] = 60
    del given["KmsKeyId"]
    updated(stacks, wanted)
    found = account.client("logs").describe_log_groups(logGroupNamePrefix="/muster/")["logGroups"][0]
    assert (found["retentionInDays"], found.get("kmsKeyId")) == (60, None)


def web_acl(**more: Any) -> dict[str, Any]:
    managed = {"ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": "AWSManagedRulesKnownBadInputsRuleSet"}}
    rule = {"Name": "bad", "Priority": 0, "OverrideAction": {"None": {}}, "Statement": managed}
    given = {"Scope": "REGIONAL", "DefaultAction": {"Allow": {}}, "VisibilityConfig": COUNTED, **more}
    return {"Type": "AWS::WAFv2::WebACL", "Properties": {**given, "Rules": [{**rule, "VisibilityConfig": COUNTED}]}}


def firewall(group: str = "aws-waf-logs-muster-as400") -> Template:
    arn = {"Fn::GetAtt": ["Acl", "Arn"]}
    to = f"arn:aws:logs:eu-west-1:123456789012:log-group:{group}"
    logging = {
        "ResourceArn": arn,
        "LogDestinationConfigs": [to],
        "RedactedFields": [{"SingleHeader": {"Name": "cookie"}}],
    }
    return template(
        **PLACE,
        Balancer=BALANCER,
        Acl=web_acl(),
        Group={"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": group}},
        Before={
            "Type": "AWS::WAFv2::WebACLAssociation",
            "Properties": {"ResourceArn": {"Ref": "Balancer"}, "WebACLArn": arn},
        },
        Logging={"Type": "AWS::WAFv2::LoggingConfiguration", "DependsOn": "Group", "Properties": logging},
    )


def test_a_web_acl_stands_before_its_balancer_and_logs(stacks: Stacks, account: Account) -> None:
    made(stacks, firewall())
    waf = account.client("wafv2")
    found = waf.get_web_acl_for_resource(ResourceArn=stacks.resource("s", "Balancer"))["WebACL"]
    assert found["Rules"][0]["Name"] == "bad"
    assert waf.get_logging_configuration(ResourceArn=found["ARN"])["LoggingConfiguration"]["RedactedFields"]


def test_a_web_acl_writes_only_to_groups_of_its_prefix(stacks: Stacks) -> None:
    assert stacks.create("s", firewall(group="muster-waf")) == "ROLLBACK_COMPLETE"
    assert "LOG_DESTINATION" in stacks.reason("s", "Logging", "CREATE_FAILED")


def test_an_alias_leads_to_the_balancer_and_stands_once(stacks: Stacks, account: Account) -> None:
    target = {
        "DNSName": {"Fn::GetAtt": ["Balancer", "DNSName"]},
        "HostedZoneId": {"Fn::GetAtt": ["Balancer", "CanonicalHostedZoneID"]},
        "EvaluateTargetHealth": False,
    }
    given = {"HostedZoneId": ZONE, "Name": "gw.example.org.", "Type": "A", "AliasTarget": target}
    record = {"Type": "AWS::Route53::RecordSet", "Properties": given}
    wanted = template(**PLACE, Balancer=BALANCER, Alias=record)
    made(stacks, wanted)
    records = account.client("route53").list_resource_record_sets(HostedZoneId=ZONE)["ResourceRecordSets"]
    alias = next(each for each in records if each["Type"] == "A")
    assert alias["Name"] == "gw.example.org."
    assert alias["AliasTarget"]["DNSName"].startswith(stacks.resource("s", "Balancer").split("/")[2])
    assert stacks.create("t", wanted) == "ROLLBACK_COMPLETE"
    assert "but it already exists" in stacks.reason("t", "Alias", "CREATE_FAILED")


def test_a_role_is_bound_by_a_boundary_that_exists(stacks: Stacks, account: Account) -> None:
    trust = {
        "Statement": [{"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}}]
    }
    arn = "arn:aws:iam::123456789012:policy/boundary"
    given = {"AssumeRolePolicyDocument": trust, "PermissionsBoundary": arn}
    made(stacks, template(Role={"Type": "AWS::IAM::Role", "Properties": given}))
    role = account.client("iam").get_role(RoleName=stacks.resource("s", "Role"))["Role"]
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == arn
    other = {**given, "PermissionsBoundary": f"{arn}-2"}
    assert stacks.create("t", template(Role={"Type": "AWS::IAM::Role", "Properties": other})) == "ROLLBACK_COMPLETE"
    assert "does not exist or is not attachable" in stacks.reason("t", "Role", "CREATE_FAILED")


def access_logs(policy: dict[str, Any] | None) -> Template:
    attributes = {"access_logs.s3.enabled": "true", "access_logs.s3.bucket": {"Ref": "Logs"}}
    attributes |= {"access_logs.s3.prefix": "balancer"}
    pairs = [{"Key": key, "Value": value} for key, value in attributes.items()]
    balancer = {**BALANCER, "Properties": {**BALANCER["Properties"], "LoadBalancerAttributes": pairs}}  # type: ignore[dict-item]
    more = {}
    if policy:
        given = {"Bucket": {"Ref": "Logs"}, "PolicyDocument": {"Statement": [policy]}}
        more["Policy"] = {"Type": "AWS::S3::BucketPolicy", "Properties": given}
        balancer["DependsOn"] = "Policy"
    return template(**PLACE, Logs={"Type": "AWS::S3::Bucket"}, Balancer=balancer, **more)


def delivery(principal: dict[str, str]) -> dict[str, Any]:
    where = {"Fn::Join": ["", [{"Fn::GetAtt": ["Logs", "Arn"]}, "/balancer/AWSLogs/123456789012/*"]]}
    return {"Effect": "Allow", "Action": "s3:PutObject", "Principal": principal, "Resource": where}


@pytest.mark.parametrize(
    "principal",
    [{"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}, {"AWS": "arn:aws:iam::156460612806:root"}],
    ids=["service", "account"],
)
def test_access_logs_begin_with_a_test_file(stacks: Stacks, account: Account, principal: dict[str, str]) -> None:
    made(stacks, access_logs(delivery(principal)))
    s3, bucket = account.client("s3"), stacks.resource("s", "Logs")
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert keys == ["balancer/AWSLogs/123456789012/ELBAccessLogTestFile"]
    s3.delete_object(Bucket=bucket, Key=keys[0])


@pytest.mark.parametrize("policy", [None, delivery({"Service": "logs.amazonaws.com"})], ids=["none", "another service"])
def test_access_logs_need_a_bucket_that_lets_them_in(stacks: Stacks, policy: dict[str, Any] | None) -> None:
    assert stacks.create("s", access_logs(policy)) == "ROLLBACK_COMPLETE"
    assert "Please check S3bucket permission" in stacks.reason("s", "Balancer", "CREATE_FAILED")


def instance(**more: Any) -> Template:
    given = {"ImageId": "ami-arm", "InstanceType": "t4g.medium", "SubnetId": {"Ref": "A"}, **more}
    return template(**PLACE, Node={"Type": "AWS::EC2::Instance", "Properties": given})


def test_an_image_is_for_the_processor_that_it_is_first_launched_on(stacks: Stacks, account: Account) -> None:
    made(stacks, instance())
    found = account.client("ec2").describe_images(ImageIds=["ami-arm"])["Images"][0]
    assert found["Architecture"] == "arm64"
    assert stacks.update("s", instance(InstanceType="t3.medium")) == "UPDATE_ROLLBACK_COMPLETE"
    said = "The architecture 'x86_64' of the specified instance type does not match the architecture 'arm64'"
    assert said in stacks.reason("s", "Node", "UPDATE_FAILED")


def test_detailed_monitoring_is_switched_in_place(stacks: Stacks, account: Account) -> None:
    def monitoring() -> str:
        found = account.client("ec2").describe_instances(InstanceIds=[stacks.resource("s", "Node")])
        return str(found["Reservations"][0]["Instances"][0]["Monitoring"]["State"])

    made(stacks, instance(Monitoring=True))
    before = stacks.resource("s", "Node")
    assert monitoring() == "enabled"
    updated(stacks, instance(Monitoring=False))
    assert (monitoring(), stacks.resource("s", "Node")) == ("disabled", before)


def listening(balancer: str, port: int) -> dict[str, Any]:
    """Return a listener of `balancer` that forwards to the one target group."""
    to_nodes = {"Type": "forward", "TargetGroupArn": {"Ref": "Group"}}
    given = {"LoadBalancerArn": {"Ref": balancer}, "Port": port, "Protocol": "HTTP", "DefaultActions": [to_nodes]}
    return {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": given}


GROUP = {
    "Type": "AWS::ElasticLoadBalancingV2::TargetGroup",
    "Properties": {"Port": 8080, "Protocol": "HTTP", "VpcId": {"Ref": "Vpc"}, "TargetType": "instance"},
}


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (listening("One", 80), "A listener already exists on this port"),
        (listening("Two", 81), "cannot be associated with more than one load balancer"),
    ],
)
def test_a_port_and_a_target_group_belong_to_one_balancer_and_listener(
    stacks: Stacks, second: dict[str, Any], words: str
) -> None:
    """The control: another port of the same balancer."""
    one = {**PLACE, "One": BALANCER, "Two": BALANCER, "Group": GROUP, "First": listening("One", 80)}
    assert stacks.create("listeners", template(**one, Second=listening("One", 81))) == "CREATE_COMPLETE"
    stacks.delete("listeners")
    assert stacks.create("listeners", template(**one, Second={**second, "DependsOn": "First"})) == "ROLLBACK_COMPLETE"
    assert words in stacks.reason("listeners", "Second", "CREATE_FAILED")
