"""moto behind one door: a WSGI application, and the few things that its public API cannot do.

Only this module, `balancer_attributes`, `certificates`, `existing`, `managed_policies`, `target_health`,
`instance_power` and `server` know that moto is it.
"""

import io
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"  # read when a region is first used; the images cost over a second

from moto.backends import get_backend
from moto.ec2.models.amis import Ami
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from rehearsal.account import (
    balancer_attributes,
    certificates,
    instance_power,
    managed_policies,
    target_health,
    target_use,
)

Environ = dict[str, Any]


SERVICES: tuple[Any, ...] = (
    *("cloudwatch", "dynamodb", "ec2", "ecr", "efs", "elbv2", "iam", "kms", "logs", "route53", "s3"),
    *("secretsmanager", "sns", "ssm", "sts", "wafv2"),
)
"""What a new account begins without."""

NOT_OF_COMPOSITES = (
    *("namespace", "metric_name", "comparison_operator", "evaluation_periods", "period", "threshold", "statistic"),
)
"""What a metric alarm has and a composite one has not."""


class UserKey(NamedTuple):
    """A user's access key."""

    user: str
    user_arn: str
    secret: str
    active: bool


def architecture_of(instance_type: str) -> str:
    """Return the processor architecture of an instance type, as EC2 describes it; x86_64 for one that is not known."""
    supported = INSTANCE_TYPES.get(instance_type, {}).get("ProcessorInfo", {}).get("SupportedArchitectures", ())
    return "arm64" if "arm64" in supported else "x86_64"


class Emulator:
    """One account of moto. Its state is the process's own, so that only one account can run in a process at a time."""

    _running = threading.Lock()

    def __init__(self, *, region: str, account_id: str) -> None:
        self.region = region
        self.account_id = account_id
        self._one_at_a_time = threading.Lock()
        self._app = DomainDispatcherApplication(create_backend_app)

    def start(self) -> None:
        """Begin with an empty account. Raises `RuntimeError` while another account runs in this process."""
        if not self._running.acquire(blocking=False):
            raise RuntimeError("an emulated account already runs in this process; stop it first")
        os.environ["MOTO_ACCOUNT_ID"] = self.account_id
        target_health.allow_many_ports()
        target_use.follow_changes()
        balancer_attributes.refuse_what_aws_refuses()
        instance_power.note_starts_and_reboots()
        certificates.take_any()
        for service in SERVICES:
            get_backend(service).reset()

    def stop(self) -> None:
        """Let another account begin."""
        self._running.release()

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer a request, one at a time: moto's models are not made for threads."""
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if not environ.get("wsgi.input_terminated"):
            environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(length))
        with self._one_at_a_time:
            answer = self._app(environ, start_response)
            try:
                return [b"".join(answer)]
            finally:
                if hasattr(answer, "close"):
                    answer.close()

    def offer_image(self, image_id: str, instance_type: str) -> str:
        """Make sure that the account has an image of exactly this id; an API can only register one with a random id.

        It is for the processor of the instance type that asks first. Return the image's architecture.
        """
        backend = get_backend("ec2")[self.account_id][self.region]
        with self._one_at_a_time:
            if image_id not in backend.amis:
                backend.amis[image_id] = Ami(
                    backend,
                    image_id,
                    name=image_id,
                    owner_id="136693071363",
                    public=True,
                    virtualization_type="hvm",
                    architecture=architecture_of(instance_type),
                    hypervisor="xen",
                    root_device_type="ebs",
                    root_device_name="/dev/xvda",
                    region_name=f"{self.region}a",
                )
            return str(backend.amis[image_id].architecture)

    def give_interfaces(self, endpoint_id: str, interfaces: dict[str, str]) -> None:
        """Give a VPC endpoint its interfaces, by subnet; those that the emulator makes have addresses of nowhere."""
        endpoint = self._ec2.vpc_end_points[endpoint_id]
        with self._one_at_a_time:
            endpoint.subnet_ids, endpoint.network_interface_ids = list(interfaces), list(interfaces.values())

    def lead_to_endpoint(self, endpoint_id: str, tables: Sequence[str], not_any_more: Sequence[str]) -> None:
        """Change the route tables of a gateway endpoint, which the emulator's own operation keeps apart from routes."""
        endpoint = self._ec2.vpc_end_points[endpoint_id]
        destination = endpoint.destination_prefix_list_id
        with self._one_at_a_time:
            for table in tables:
                self._ec2.create_route(table, None, gateway_id=endpoint_id, destination_prefix_list_id=destination)
                endpoint.route_table_ids.append(table)
            for table in not_any_more:
                self._ec2.delete_route(table, destination)
                endpoint.route_table_ids.remove(table)

    def forget_endpoint(self, endpoint_id: str) -> None:
        """Remove a VPC endpoint that was deleted, which the emulator would go on to list."""
        with self._one_at_a_time:
            self._ec2.vpc_end_points.pop(endpoint_id, None)

    def put_composite_alarm(
        self, name: str, rule: str, actions: dict[str, list[str]], *, description: str, enabled: bool
    ) -> None:
        """Make or change a composite alarm; the emulator has no operation for it, but knows what one is."""
        backend: Any = get_backend("cloudwatch")[self.account_id][self.region]
        with self._one_at_a_time:
            backend.put_metric_alarm(
                name=name,
                rule=rule,
                description=description,
                actions_enabled=enabled,
                alarm_actions=actions["AlarmActions"],
                ok_actions=actions["OKActions"],
                insufficient_data_actions=actions["InsufficientDataActions"],
                **dict.fromkeys(NOT_OF_COMPOSITES),
                dimensions=[],
            )

    def tag_bucket(self, name: str, tags: Sequence[dict[str, str]]) -> None:
        """Set a bucket's tags, CloudFormation's own among them, which no caller of the public API may set."""
        backend = get_backend("s3")[self.account_id]["aws"]
        with self._one_at_a_time:
            arn = backend.get_bucket(name).arn
            backend.tagger.delete_all_tags_for_resource(arn)
            backend.tagger.tag_resource(arn, [dict(tag) for tag in tags])

    def is_before_something(self, web_acl_arn: str) -> bool:
        """Return whether a web ACL is associated with anything; the emulator has no operation that lists that."""
        backend: Any = get_backend("wafv2")[self.account_id][self.region]
        return bool(backend.wacls[web_acl_arn].associated_resources)

    def encrypt_log_group(self, name: str, key: str | None) -> None:
        """Give a log group another key; the emulator has no operation for it."""
        backend = get_backend("logs")[self.account_id][self.region]
        with self._one_at_a_time:
            backend.groups[name].kms_key_id = key

    def reset_file_system(self, name: str, *, backed_up: bool, throughput: str) -> None:
        """Change these of a file system and take its policy away; the emulator has no operations for it."""
        backend: Any = get_backend("efs")[self.account_id][self.region]
        with self._one_at_a_time:
            system = backend.file_systems_by_id[name]
            system._backup, system.throughput_mode, system.file_system_policy = backed_up, throughput, None

    def monitor(self, instance_id: str, *, detailed: bool) -> None:
        """Switch an instance's detailed monitoring; the emulator has no operation for it."""
        with self._one_at_a_time:
            self._ec2.get_instance(instance_id).monitoring_state = "enabled" if detailed else "disabled"

    @property
    def _ec2(self) -> Any:
        return get_backend("ec2")[self.account_id][self.region]

    def offer_managed_policy(self, arn: str) -> None:
        """Make sure that one of AWS's own managed policies can be attached; moto loads all 1,500 of them or none."""
        backend = get_backend("iam")[self.account_id]["aws"]
        with self._one_at_a_time:
            if arn.startswith("arn:aws:iam::aws:policy/") and arn not in backend.managed_policies:
                policy = managed_policies.load(arn, self.account_id)
                backend.aws_managed_policies.append(policy)
                backend.managed_policies[arn] = policy

    def user_key(self, access_key: str) -> UserKey | None:
        """Return a user's access key, None if there is none of this id; no API tells its secret a second time."""
        backend = get_backend("iam")[self.account_id]["aws"]
        key = backend.access_keys.get(access_key)
        if key is None or key.user_name not in backend.users:
            return None
        user = backend.users[key.user_name]
        return UserKey(user.name, user.arn, key.secret_access_key, key.status == "Active")

    def target_group(self, arn: str) -> Any:
        """Return moto's model of a target group. Raises `KeyError` if there is none."""
        return get_backend("elbv2")[self.account_id][self.region].target_groups[arn]

    def forget_network_acls(self, vpc_id: str) -> None:
        """Remove the network ACLs of a deleted VPC, which AWS deletes with it."""
        backend = get_backend("ec2")[self.account_id][self.region]
        with self._one_at_a_time:
            for acl_id in [acl.id for acl in backend.network_acls.values() if acl.vpc_id == vpc_id]:
                del backend.network_acls[acl_id]

    def tell_icmp(self, acl_id: str, number: int, egress: bool, icmp: Mapping[str, int]) -> None:
        """Set type and code of an entry of a network ACL for ICMP, which the emulator does not read."""
        acl = get_backend("ec2")[self.account_id][self.region].get_network_acl(acl_id)
        with self._one_at_a_time:
            for entry in acl.network_acl_entries:
                if (entry.rule_number, entry.egress) == (number, egress):
                    entry.icmp_type, entry.icmp_code = icmp["Type"], icmp["Code"]

    def reboots(self, instance_id: str) -> int:
        """Return how often an instance was rebooted by API since its launch."""
        instance = get_backend("ec2")[self.account_id][self.region].get_instance(instance_id)
        return instance_power.reboots(instance)
