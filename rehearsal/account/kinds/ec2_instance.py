"""Instances. What an update restarts or replaces is as the AWS::EC2::Instance reference says."""

import base64
from collections.abc import Mapping
from typing import Any

from rehearsal.account.cloud import Cloud
from rehearsal.account.emulator import architecture_of
from rehearsal.account.kinds.base import Existing, Fields, Kind, Made, Request, refuse
from rehearsal.account.kinds.ec2_tags import retag, specification

RESTARTING = frozenset({"InstanceType", "UserData", "EbsOptimized"})
"""An EBS-backed instance is stopped and started when one of these changes."""

AS_GIVEN = ("ImageId", "InstanceType", "KeyName", "EbsOptimized")


class Instance(Kind):
    """An EC2 instance with one network interface, declared by subnet, address and groups."""

    type = "AWS::EC2::Instance"
    mutable = RESTARTING | {
        "DisableApiTermination",
        "IamInstanceProfile",
        "MetadataOptions",
        "Monitoring",
        "SecurityGroupIds",
        "SourceDestCheck",
        "Tags",
        "Volumes",
    }
    properties = mutable | {
        "AvailabilityZone",
        "BlockDeviceMappings",
        "ImageId",
        "KeyName",
        "PrivateIpAddress",
        "PropagateTagsToVolumeOnCreation",
        "SubnetId",
    }

    def create(self, request: Request) -> Made:
        """Launch the instance, then attach its volumes."""
        self._check_architecture(request)
        self._refuse_used_address(request)
        launched = request.call("ec2", "RunInstances", MinCount=1, MaxCount=1, **self._launch(request))
        instance = launched["Instances"][0]
        request.made(instance["InstanceId"])
        self._set_groups(request, instance)
        self._set_source_check(request, instance["InstanceId"])
        if "DisableApiTermination" in request.properties:
            self._protect(request, instance["InstanceId"])
        for volume in request.properties.get("Volumes", ()):
            request.call("ec2", "AttachVolume", InstanceId=instance["InstanceId"], **volume)
        return Made(instance["InstanceId"], self._attributes(instance))

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Change in place, with a stop and a start where AWS does so."""
        changed, instance = request.changed(old), old.physical_id
        if "InstanceType" in changed:
            self._check_architecture(request)
        if changed & RESTARTING:
            self._restart_with(request, instance, changed)
        if "SecurityGroupIds" in changed:
            found = request.call("ec2", "DescribeInstances", InstanceIds=[instance])["Reservations"]
            self._set_groups(request, found[0]["Instances"][0])
        if "MetadataOptions" in changed:
            options = request.properties.get("MetadataOptions", {})
            request.call("ec2", "ModifyInstanceMetadataOptions", InstanceId=instance, **options)
        if "IamInstanceProfile" in changed:
            self._change_profile(request, instance)
        if "DisableApiTermination" in changed:
            self._protect(request, instance)
        if "SourceDestCheck" in changed:
            self._set_source_check(request, instance)
        if "Monitoring" in changed:
            wanted = request.properties.get("Monitoring", False) in (True, "true")
            request.cloud.emulator.monitor(instance, detailed=wanted)
        self._change_volumes(request, old)
        retag(request, old)
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Terminate, unless it is protected; attached volumes are let go first, as termination does on AWS."""
        cloud.call("ec2", "TerminateInstances", InstanceIds=[old.physical_id])

    def _launch(self, request: Request) -> dict[str, Any]:
        given = request.properties
        interface = {"DeviceIndex": 0, "SubnetId": given["SubnetId"], "DeleteOnTermination": True}
        if "SecurityGroupIds" in given:
            interface["Groups"] = given["SecurityGroupIds"]
        if "PrivateIpAddress" in given:
            interface["PrivateIpAddress"] = given["PrivateIpAddress"]
        launch = {**request.given(*AS_GIVEN), "NetworkInterfaces": [interface], **specification(request, "instance")}
        if given.get("PropagateTagsToVolumeOnCreation"):
            tags = list(given.get("Tags", ()))
            launch["TagSpecifications"].append({"ResourceType": "volume", "Tags": tags})
        if "MetadataOptions" in given:
            launch["MetadataOptions"] = given["MetadataOptions"]
        if "AvailabilityZone" in given:
            launch["Placement"] = {"AvailabilityZone": given["AvailabilityZone"]}
        if "UserData" in given:
            launch["UserData"] = base64.b64decode(given["UserData"])
        if "IamInstanceProfile" in given:
            launch["IamInstanceProfile"] = {"Name": given["IamInstanceProfile"]}
        if "Monitoring" in given:
            launch["Monitoring"] = {"Enabled": given["Monitoring"]}
        if "BlockDeviceMappings" in given:
            launch["BlockDeviceMappings"] = [_mapping(each) for each in given["BlockDeviceMappings"]]
        return launch

    @staticmethod
    def _check_architecture(request: Request) -> None:
        """Offer the image, whatever its id. Raises `ResourceError` if it was launched on another processor before."""
        type_ = request.properties["InstanceType"]
        own, wanted = architecture_of(type_), request.cloud.emulator.offer_image(request.properties["ImageId"], type_)
        if own != wanted:
            text = f"The architecture '{own}' of the specified instance type does not match the architecture '{wanted}'"
            raise refuse(f"{text} of the specified AMI.", "InvalidParameterValue")

    @staticmethod
    def _refuse_used_address(request: Request) -> None:
        address, subnet = request.properties.get("PrivateIpAddress"), request.properties["SubnetId"]
        if not address:
            return
        where = [{"Name": "subnet-id", "Values": [subnet]}, {"Name": "private-ip-address", "Values": [address]}]
        if request.call("ec2", "DescribeNetworkInterfaces", Filters=where)["NetworkInterfaces"]:
            raise refuse(f"Address {address} is in use.", "InvalidIPAddress.InUse")

    @staticmethod
    def _set_groups(request: Request, instance: Mapping[str, Any]) -> None:
        """Set the groups of the instance and of its interface, which the emulator keeps apart.

        Without any it is in its VPC's own group, which the emulator gives to the interface alone.
        """
        interface = instance["NetworkInterfaces"][0]
        groups = request.properties.get("SecurityGroupIds") or [group["GroupId"] for group in interface["Groups"]]
        request.call("ec2", "ModifyInstanceAttribute", InstanceId=instance["InstanceId"], Groups=groups)
        where = {"NetworkInterfaceId": interface["NetworkInterfaceId"]}
        request.call("ec2", "ModifyNetworkInterfaceAttribute", **where, Groups=groups)

    @staticmethod
    def _restart_with(request: Request, instance: str, changed: set[str]) -> None:
        request.call("ec2", "StopInstances", InstanceIds=[instance])
        for name in sorted(changed & RESTARTING):
            # the emulator keeps user data as it is given here, so it stays in base64
            value = {"Value": request.properties.get(name, "" if name != "EbsOptimized" else False)}
            request.call("ec2", "ModifyInstanceAttribute", InstanceId=instance, **{name: value})
        request.call("ec2", "StartInstances", InstanceIds=[instance])

    @staticmethod
    def _change_profile(request: Request, instance: str) -> None:
        mine = [{"Name": "instance-id", "Values": [instance]}]
        found = request.call("ec2", "DescribeIamInstanceProfileAssociations", Filters=mine)
        for association in found["IamInstanceProfileAssociations"]:
            association_id = association["AssociationId"]
            request.call("ec2", "DisassociateIamInstanceProfile", AssociationId=association_id)
        if name := request.properties.get("IamInstanceProfile"):
            profile = {"Name": name}
            request.call("ec2", "AssociateIamInstanceProfile", InstanceId=instance, IamInstanceProfile=profile)

    @staticmethod
    def _change_volumes(request: Request, old: Existing) -> None:
        before, after = old.properties.get("Volumes", []), request.properties.get("Volumes", [])
        for volume in (each for each in before if each not in after):
            request.call("ec2", "DetachVolume", InstanceId=old.physical_id, VolumeId=volume["VolumeId"])
        for volume in (each for each in after if each not in before):
            request.call("ec2", "AttachVolume", InstanceId=old.physical_id, **volume)

    @staticmethod
    def _set_source_check(request: Request, instance: str) -> None:
        if "SourceDestCheck" in request.properties:
            value = {"Value": request.properties["SourceDestCheck"]}
            request.call("ec2", "ModifyInstanceAttribute", InstanceId=instance, SourceDestCheck=value)

    @staticmethod
    def _protect(request: Request, instance: str) -> None:
        """Set the protection from termination, which the emulator does not take from a launch."""
        value = {"Value": request.properties.get("DisableApiTermination", False)}
        request.call("ec2", "ModifyInstanceAttribute", InstanceId=instance, DisableApiTermination=value)

    @staticmethod
    def _attributes(instance: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "InstanceId": instance["InstanceId"],
            "PrivateIp": instance["PrivateIpAddress"],
            "PrivateDnsName": instance["PrivateDnsName"],
            "PublicIp": instance.get("PublicIpAddress", ""),
            "PublicDnsName": instance.get("PublicDnsName", ""),
            "AvailabilityZone": instance["Placement"]["AvailabilityZone"],
            "VpcId": instance["VpcId"],
        }


def _mapping(given: Mapping[str, Any]) -> dict[str, Any]:
    fields = Fields(given, "BlockDeviceMappings")
    result: dict[str, Any] = {"DeviceName": fields.take("DeviceName")}
    # AWS deletes a mapped volume with its instance unless told otherwise; the emulator keeps it
    result["Ebs"] = {"DeleteOnTermination": True, **fields.take("Ebs", {})}
    fields.done()
    return result


KINDS: tuple[type[Kind], ...] = (Instance,)
