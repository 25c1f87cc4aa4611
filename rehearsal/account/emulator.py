"""moto behind one door: a WSGI application, and the few things that its public API cannot do.

Only this module, `managed_policies`, `target_health`, `instance_power` and `server` know that moto is the emulator.
"""

import io
import os
import threading
from collections.abc import Iterable
from typing import Any

os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"  # read when a region is first used; the images cost over a second

from moto.backends import get_backend
from moto.ec2.models.amis import Ami
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from rehearsal.account import instance_power, managed_policies, target_health

Environ = dict[str, Any]


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
        instance_power.note_starts_and_reboots()
        for service in ("ec2", "iam", "elbv2", "s3", "ssm", "secretsmanager", "logs", "dynamodb", "ecr", "sts", "kms"):
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

    def offer_image(self, image_id: str) -> None:
        """Make sure that the account has an image of exactly this id; an API can only register one with a random id."""
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
                    architecture="x86_64",
                    hypervisor="xen",
                    root_device_type="ebs",
                    root_device_name="/dev/xvda",
                    region_name=f"{self.region}a",
                )

    def offer_managed_policy(self, arn: str) -> None:
        """Make sure that one of AWS's own managed policies can be attached; moto loads all 1,500 of them or none."""
        backend = get_backend("iam")[self.account_id]["aws"]
        with self._one_at_a_time:
            if arn.startswith("arn:aws:iam::aws:policy/") and arn not in backend.managed_policies:
                policy = managed_policies.load(arn, self.account_id)
                backend.aws_managed_policies.append(policy)
                backend.managed_policies[arn] = policy

    def target_group(self, arn: str) -> Any:
        """Return moto's model of a target group. Raises `KeyError` if there is none."""
        return get_backend("elbv2")[self.account_id][self.region].target_groups[arn]

    def forget_network_acls(self, vpc_id: str) -> None:
        """Remove the network ACLs of a deleted VPC, which AWS deletes with it."""
        backend = get_backend("ec2")[self.account_id][self.region]
        with self._one_at_a_time:
            for acl_id in [acl.id for acl in backend.network_acls.values() if acl.vpc_id == vpc_id]:
                del backend.network_acls[acl_id]

    def reboots(self, instance_id: str) -> int:
        """Return how often an instance was rebooted by API since its launch."""
        instance = get_backend("ec2")[self.account_id][self.region].get_instance(instance_id)
        return instance_power.reboots(instance)
