"""Real hosts: they boot, find themselves by cloud-init, keep their disks, and follow the account."""

from collections.abc import Iterator

import pytest

from rehearsal.hosts.volumes import by_id
from rehearsal.netns import names
from rehearsal.poll import poll
from tests.hosts_support import Site, failed_units, lines, service, site

pytestmark = pytest.mark.host

NODE = "a"
ADDRESS = "10.77.0.10"
USER_DATA = lines(
    "#!/bin/bash",
    "token=$(curl -sS -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token)",
    'curl -sS -H "X-aws-ec2-metadata-token: $token" http://169.254.169.254/latest/meta-data/tags/instance/muster:node',
    "aws sts get-caller-identity --query Arn --output text --region eu-west-1 >/root/arn 2>&1",
    "date >>/root/ran",
)
METADATA = "http://169.254.169.254/latest/meta-data"


@pytest.fixture(scope="module")
def place() -> Iterator[Site]:
    with service() as rehearsal:
        yield site(rehearsal)


@pytest.fixture(scope="module")
def host(place: Site) -> str:
    """Return an instance whose host has booted."""
    instance = place.launch(ADDRESS, NODE, USER_DATA)
    place.wait_until_booted(instance)
    return instance


def test_a_host_boots_with_no_failed_unit(place: Site, host: str) -> None:
    assert place.wait_until_booted(host) == "running"
    assert failed_units(place.run(host, "systemctl", "--failed", "--plain", "--no-legend")) == []


def test_the_inventory_names_node_address_and_namespace(place: Site, host: str) -> None:
    entry = place.entry(host)
    assert entry is not None
    assert (entry.node, entry.address, entry.state) == (NODE, ADDRESS, "running")
    assert entry.namespace in names("mu-h-")


def test_user_data_ran_once_with_the_roles_credentials_over_tls(place: Site, host: str) -> None:
    assert place.run(host, "cloud-init", "status").out.strip() == "status: done"
    arn = place.run(host, "cat", "/root/arn").out.strip()
    assert arn == f"arn:aws:sts::{place.rehearsal.state.account}:assumed-role/host/{host}"
    assert len(place.run(host, "cat", "/root/ran").out.splitlines()) == 1


def test_a_host_has_its_private_name(place: Site, host: str) -> None:
    assert place.run(host, "hostname", "--fqdn").out.strip() == "ip-10-77-0-10.eu-west-1.compute.internal"


def test_metadata_is_refused_without_a_token(place: Site, host: str) -> None:
    ask = ("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}")
    assert place.run(host, *ask, f"{METADATA}/instance-id").out == "401"
    header = "X-aws-ec2-metadata-token-ttl-seconds: 60"
    token = place.run(host, "curl", "-sS", "-X", "PUT", "-H", header, "http://169.254.169.254/latest/api/token").out
    answer = place.run(host, "curl", "-sS", "-H", f"X-aws-ec2-metadata-token: {token}", f"{METADATA}/instance-id")
    assert answer.out == host


def test_java_trusts_the_endpoints_too(place: Site, host: str) -> None:
    listed = place.run(host, "keytool", "-list", "-cacerts", "-storepass", "changeit", "-alias", "muster-rehearsal")
    assert "trustedCertEntry" in listed.out, listed


def test_a_host_may_set_its_own_network_up(place: Site, host: str) -> None:
    assert place.run(host, "sysctl", "-w", "net.ipv4.tcp_retries2=5").code == 0
    assert place.run(host, "nft", "add", "table", "inet", "own").code == 0


def test_a_console_that_says_a_lot_stops_nobody(place: Site, host: str) -> None:
    """A console that nobody reads is full after 64 KiB, and process 1 stands still with the next line."""
    assert place.run(host, "sh", "-c", "seq 40000 >/dev/console", within=20).code == 0
    assert place.run(host, "systemctl", "is-system-running").out.strip() == "running"


def test_data_outlives_power_off_and_volumes_come_back(place: Site, host: str) -> None:
    volume = place.attach(host)
    device = f"/dev/disk/by-id/{by_id(volume)}"
    poll(lambda: place.run(host, "test", "-b", device).code == 0, within=10)
    write = f"mkfs.ext4 -q {device} && mount {device} /mnt && echo kept >/mnt/file && sync && echo kept >/root/file"
    assert place.run(host, "sh", "-c", write).code == 0
    before = place.leader(host)
    place.ec2.stop_instances(InstanceIds=[host])
    poll(lambda: place.leader(host) == 0, within=30)
    entry = place.entry(host)
    assert entry is not None
    assert entry.namespace not in names("mu-h-")
    place.ec2.start_instances(InstanceIds=[host])
    assert place.wait_until_booted(host, after=before) == "running"
    assert place.run(host, "sh", "-c", f"mount {device} /mnt && cat /mnt/file /root/file").out == "kept\nkept\n"
    assert len(place.run(host, "cat", "/root/ran").out.splitlines()) == 1, "user data ran at the second boot too"
    place.run(host, "umount", "/mnt")
    place.ec2.detach_volume(VolumeId=volume, InstanceId=host)
    poll(lambda: place.run(host, "test", "-e", device).code == 1, within=10)


def test_a_volume_that_grows_is_larger_inside_while_it_is_mounted_and_keeps_its_data(place: Site, host: str) -> None:
    volume = place.attach(host)
    device = f"/dev/disk/by-id/{by_id(volume)}"
    poll(lambda: place.run(host, "test", "-b", device).code == 0, within=10)
    assert (
        place.run(host, "sh", "-c", f"mkfs.ext4 -q {device} && mount {device} /mnt && echo kept >/mnt/file").code == 0
    )
    place.ec2.modify_volume(VolumeId=volume, Size=3)
    size = ["blockdev", "--getsize64", device]
    poll(lambda: place.run(host, *size).out.strip() == str(3 * 1024**3), within=10)
    # out of use: the kernel lets only CAP_SYS_RESOURCE grow a file system that is mounted, which not every machine has
    grow = f"umount /mnt && e2fsck -fp {device} >/dev/null && resize2fs {device} 2>/dev/null >&2 && mount {device} /mnt"
    grown = place.run(host, "sh", "-c", f"{grow} && df --output=size -BM /mnt | tail -1 && cat /mnt/file")
    assert grown.code == 0, grown
    megabytes, kept = grown.out.split()
    assert (int(megabytes.rstrip("M")) > 2500, kept) == (True, "kept")
    place.run(host, "umount", "/mnt")
    place.ec2.detach_volume(VolumeId=volume, InstanceId=host)
    poll(lambda: place.run(host, "test", "-e", device).code == 1, within=10)


def test_another_instance_type_is_a_stop_and_a_start_however_fast(place: Site, host: str) -> None:
    """As CloudFormation changes it: the stop and the start may both lie between two looks at the account."""
    before = place.leader(host)
    place.ec2.stop_instances(InstanceIds=[host])
    place.ec2.modify_instance_attribute(InstanceId=host, InstanceType={"Value": "t3.medium"})
    place.ec2.start_instances(InstanceIds=[host])
    assert place.wait_until_booted(host, after=before) == "running"
    token = f"$(curl -sS -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' {METADATA.rsplit('/', 1)[0]}/api/token)"
    ask = f'curl -sS -H "X-aws-ec2-metadata-token: {token}" {METADATA}/instance-type'
    assert place.run(host, "sh", "-c", ask).out == "t3.medium"


def test_a_reboot_by_the_api_is_a_new_start_of_the_same_disk(place: Site, host: str) -> None:
    place.run(host, "nft", "add", "table", "inet", "lost")
    before = place.leader(host)
    place.ec2.reboot_instances(InstanceIds=[host])
    assert place.wait_until_booted(host, after=before) == "running"
    assert "lost" not in place.run(host, "nft", "list", "tables").out
    assert place.run(host, "test", "-e", "/root/ran").code == 0


@pytest.mark.parametrize("command", ["poweroff", "kill"])
def test_a_host_that_goes_off_by_itself_is_stopped_in_the_account(place: Site, host: str, command: str) -> None:
    before = place.leader(host)
    if command == "poweroff":
        place.run(host, "systemctl", "poweroff")
    else:
        place.power_loss(host)
    poll(lambda: place.state(host) == "stopped", within=20)
    poll(lambda: place.leader(host) == 0, within=5)  # the inventory is written after the account was told
    place.ec2.start_instances(InstanceIds=[host])
    assert place.wait_until_booted(host, after=before) == "running"


def test_two_hosts_boot_side_by_side_and_leave_nothing_when_terminated(place: Site) -> None:
    instances = [place.launch(f"10.77.0.{number}", f"n{number}") for number in (20, 21)]
    for instance in instances:
        assert place.wait_until_booted(instance) == "running"
    namespaces = {entry.namespace for instance in instances if (entry := place.entry(instance))}
    assert len(namespaces) == 2
    place.ec2.terminate_instances(InstanceIds=instances)
    poll(lambda: not any(place.entry(instance) for instance in instances), within=20)
    assert namespaces.isdisjoint(names("mu-h-"))
    assert not any(place.folder(instance).exists() for instance in instances)
