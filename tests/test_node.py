"""Member machines, their role and their disks."""

import pytest

from tests.conftest import ROOT, Synthesize, Template
from tests.template_help import Properties, depends_on, of_type, ref, text, the


def node(template: Template, name: str) -> tuple[str, Properties]:
    """Return logical id and properties of the instance of the node `name`."""
    found = of_type(template, "EC2::Instance").items()
    return next(each for each in found if {"Key": "muster:node", "Value": name} in each[1]["Tags"])


@pytest.mark.parametrize(
    ("name", "zone", "address"), [("a", "eu-west-1a", "10.64.0.10"), ("b", "eu-west-1b", "10.64.1.11")]
)
def test_a_node_has_its_planned_place(name: str, zone: str, address: str, template: Template) -> None:
    _, properties = node(template, name)
    assert (properties["AvailabilityZone"], properties["PrivateIpAddress"]) == (zone, address)
    subnet = template["Resources"][properties["SubnetId"]["Ref"]]["Properties"]
    assert subnet["AvailabilityZone"] == zone


@pytest.mark.parametrize("name", ["a", "b"])
def test_a_node_learns_who_it_is_from_its_tags(name: str, template: Template) -> None:
    _, properties = node(template, name)
    assert {tag["Key"]: tag["Value"] for tag in properties["Tags"]} == {
        "Name": f"as400-{name}",
        "muster:cluster": "as400",
        "muster:node": name,
        "muster:settings": "/muster/as400/settings",
    }


@pytest.mark.parametrize("name", ["a", "b"])
def test_metadata_is_given_to_the_node_alone(name: str, template: Template) -> None:
    """Tokens are required and cross no hop; the tags can be read."""
    _, properties = node(template, name)
    assert properties["MetadataOptions"] == {
        "HttpTokens": "required",
        "HttpPutResponseHopLimit": 1,
        "InstanceMetadataTags": "enabled",
    }


@pytest.mark.parametrize("name", ["a", "b"])
def test_a_node_waits_for_its_way_out_its_policy_and_its_settings(name: str, template: Template) -> None:
    instance, properties = node(template, name)
    subnet = properties["SubnetId"]["Ref"]
    table = the(template, "EC2::SubnetRouteTableAssociation", SubnetId=ref(subnet))[1]["RouteTableId"]
    route, _ = the(template, "EC2::Route", RouteTableId=table)
    policy, _ = node_policy(template)
    parameter, _ = the(template, "SSM::Parameter")
    assert {route, policy, parameter} <= depends_on(template, instance)


@pytest.mark.parametrize("name", ["a", "b"])
def test_the_data_volume_is_encrypted_and_in_the_nodes_zone(name: str, template: Template) -> None:
    _, properties = node(template, name)
    ((device, volume),) = [(each["Device"], each["VolumeId"]["Ref"]) for each in properties["Volumes"]]
    data = template["Resources"][volume]
    assert device == "/dev/sdf"
    assert data["Properties"]["AvailabilityZone"] == properties["AvailabilityZone"]
    assert (data["Properties"]["Encrypted"], data["Properties"]["Size"], data["Properties"]["VolumeType"]) == (
        True,
        20,
        "gp3",
    )


def test_the_root_volume_is_encrypted_gp3(template: Template) -> None:
    for properties in of_type(template, "EC2::Instance").values():
        (root,) = properties["BlockDeviceMappings"]
        assert (root["DeviceName"], root["Ebs"]["Encrypted"], root["Ebs"]["VolumeType"]) == ("/dev/xvda", True, "gp3")


def test_nodes_have_detailed_monitoring(template: Template) -> None:
    assert all(properties["Monitoring"] for properties in of_type(template, "EC2::Instance").values())


def test_all_nodes_have_the_same_user_data(synthesize: Synthesize) -> None:
    """Whatever the cluster file says: settings travel by the settings document alone."""
    templates = [synthesize(), synthesize(name="other", database={"port": 19092})]
    scripts = [str(each["UserData"]) for template in templates for each in of_type(template, "EC2::Instance").values()]
    assert len(scripts) == 4
    assert len(set(scripts)) == 1


def test_the_script_that_nodes_begin_with_is_below_two_kilobytes() -> None:
    """EC2 takes 16 KiB; a script that needs more should be a file of the package that it fetches."""
    assert 0 < len((ROOT / "assets" / "node" / "user_data.sh").read_bytes()) < 2048


def test_an_image_that_is_not_pinned_is_a_marked_placeholder(template: Template) -> None:
    assert template["Mappings"] == {"Images": {"eu-west-1": {"amazonlinux2023arm64": "ami-00000000000000000"}}}
    for properties in of_type(template, "EC2::Instance").values():
        assert properties["ImageId"] == {"Fn::FindInMap": ["Images", {"Ref": "AWS::Region"}, "amazonlinux2023arm64"]}


def test_a_given_image_stands_in_the_mapping(synthesize: Synthesize) -> None:
    instance = {"type": "m7i.large", "os": "debian-12", "ami": "ami-0123456789abcdef0"}
    template = synthesize(instance=instance)
    assert template["Mappings"] == {"Images": {"eu-west-1": {"ami0123456789abcdef0": "ami-0123456789abcdef0"}}}
    assert {each["InstanceType"] for each in of_type(template, "EC2::Instance").values()} == {"m7i.large"}


def node_policy(template: Template) -> tuple[str, Properties]:
    """Return the one policy of the nodes' role."""
    (role,) = {each["Roles"][0]["Ref"] for each in of_type(template, "IAM::InstanceProfile").values()}
    return the(template, "IAM::ManagedPolicy", Roles=[ref(role)])


def resources(template: Template, sid: str) -> list[str]:
    """Return the resources of one statement of the nodes' policy."""
    (found,) = [each for each in node_policy(template)[1]["PolicyDocument"]["Statement"] if each["Sid"] == sid]
    return [text(each) for each in (found["Resource"] if isinstance(found["Resource"], list) else [found["Resource"]])]


def test_a_node_reads_exactly_the_objects_that_its_settings_name(template: Template) -> None:
    document = str(the(template, "SSM::Parameter")[1]["Value"])
    objects = resources(template, "Files")
    assert len(objects) == 2
    for each in objects:
        bucket, key = each.removeprefix("arn:aws:s3:::").split("/")
        assert bucket == "cdk-hnb659fds-assets-${AWS::AccountId}-eu-west-1"
        assert key in document


def test_a_node_reads_an_artifact_in_s3_at_exactly_its_key(synthesize: Synthesize) -> None:
    template = synthesize(artifact={"s3": "files/as400/gw.jar", "sha256": "0123456789abcdef" * 4})
    assert "arn:aws:s3:::files/as400/gw.jar" in resources(template, "Files")


def test_every_role_is_taken_by_one_service(template: Template) -> None:
    principals = [
        statement["Principal"]
        for role in of_type(template, "IAM::Role").values()
        for statement in role["AssumeRolePolicyDocument"]["Statement"]
    ]
    assert principals == [{"Service": "vpc-flow-logs.amazonaws.com"}, {"Service": "ec2.amazonaws.com"}]
