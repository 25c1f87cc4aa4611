"""From the unpacked packages to a machine image: what an EC2 image of Debian brings that packages alone do not."""

import shutil
import subprocess
from pathlib import Path

CLOUD_CONFIG = """\
# What the Debian image for EC2 fixes at its build.
datasource_list: [Ec2]
datasource: {Ec2: {max_wait: 30, timeout: 5}}
network: {config: disabled}
locale: C.UTF-8
manage_etc_hosts: true
# No SSH server is installed.
ssh_deletekeys: false
ssh_genkeytypes: []
"""

_PLATFORM = "usr/lib/python3/dist-packages/cloudinit/sources/DataSourceEc2.py"
_HYPERVISOR_UUID = "/sys/hypervisor/uuid"
_OWN_UUID = "/etc/hypervisor-uuid"

MASKED = (
    # Maintenance that would cost processor time in the middle of a rehearsal.
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
    "systemd-pstore.service",
    # There is no terminal to log in at.
    "console-getty.service",
    "getty@.service",
    "getty-static.service",
    # No desktop, no devices that come and go.
    "cloud-init-hotplugd.socket",
    "networking.service",
    "ifupdown-pre.service",
    # Nodes mask it before they install its package, which is in this image already.
    "haproxy.service",
)
"""Units that do nothing for a host here; what handles user data is never among them."""

JAVA = 17
"""The one Java of Debian 12, which runs whatever Java a cluster file asks for."""

STOOD_IN_FOR = (8, 11, 21)
"""Java versions that this image offers by the name under which an image brings one, though it is `JAVA` that runs."""

MOUNT_EFS = Path(__file__).with_name("mount_efs.py")
"""What a host mounts file systems of EFS by."""

_AUTHORITY = "usr/local/share/ca-certificates/muster-rehearsal.crt"


class PreparationError(Exception):
    """The unpacked packages are not what this preparation was written for."""


def prepare(root: Path, authority: bytes) -> None:
    """Turn the unpacked packages at `root` into an image whose hosts trust `authority` (PEM)."""
    _configure_cloud_init(root)
    _bring_java(root)
    _bring_efs(root)
    _mask(root)
    _trust(root, authority)
    _forget_the_build(root)


def _configure_cloud_init(root: Path) -> None:
    (root / "etc/cloud/cloud.cfg.d/90-image.cfg").write_text(CLOUD_CONFIG)
    # cloud-init asks for an IMDSv2 token only where the hypervisor's identity is EC2's (cloudinit 22.4.2,
    # DataSourceEc2.py, identify_aws); a container has no DMI and cannot add to /sys, so the identity lies in /etc.
    source = root / _PLATFORM
    text = source.read_text()
    if _HYPERVISOR_UUID not in text:
        raise PreparationError(f"cloud-init no longer reads {_HYPERVISOR_UUID} in {_PLATFORM}")
    source.write_text(text.replace(_HYPERVISOR_UUID, _OWN_UUID))
    (root / _OWN_UUID.lstrip("/")).write_text("ec2e1916-9099-7caf-fd21-012345abcdef\n")
    # The address is configured from outside; without a DHCP client cloud-init does not wait for an answer.
    (root / "usr/sbin/dhclient").unlink(missing_ok=True)


def _bring_java(root: Path) -> None:
    """Let nodes find every Java version that a product may need, as in an image of one's own that brings it."""
    machines = root / "usr/lib/jvm"
    homes = sorted(machines.glob(f"java-{JAVA}-openjdk-*"))
    if len(homes) != 1:
        raise PreparationError(f"{len(homes)} folders are a Java {JAVA} in /usr/lib/jvm, one is expected")
    for version in STOOD_IN_FOR:
        (machines / f"muster-java-{version}").symlink_to(homes[0].name)


def _bring_efs(root: Path) -> None:
    """Let `mount -t efs` find what stands for amazon-efs-utils, which Debian does not package."""
    helper = root / "usr/sbin/mount.efs"
    shutil.copyfile(MOUNT_EFS, helper)
    helper.chmod(0o755)


def _mask(root: Path) -> None:
    for unit in MASKED:
        link = root / "etc/systemd/system" / unit
        link.unlink(missing_ok=True)
        link.symlink_to("/dev/null")


def _trust(root: Path, authority: bytes) -> None:
    (root / _AUTHORITY).write_bytes(authority)
    _inside(root, "update-ca-certificates")
    # Debian's hook for Java leaves local authorities out when it runs in a chroot.
    keystore = ["-cacerts", "-storepass", "changeit", "-alias", "muster-rehearsal"]
    _inside(root, "keytool", "-importcert", "-noprompt", *keystore, "-file", f"/{_AUTHORITY}")


def _inside(root: Path, *command: str) -> None:
    """Run a command in the tree, with /proc (Java needs it) in a mount namespace that ends with the command."""
    enter = ["unshare", "--mount", "--pid", "--fork", "--kill-child", f"--mount-proc={root}/proc", "chroot", str(root)]
    done = subprocess.run(
        [*enter, *command], capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/usr/sbin:/bin:/sbin"}
    )
    if done.returncode:
        raise PreparationError(f"{command[0]} in the image: {(done.stderr or done.stdout).strip()[-300:]}")


def _forget_the_build(root: Path) -> None:
    """Leave nothing that would make hosts alike or that belongs to the machine which built the image."""
    for name in ("etc/hostname", "etc/resolv.conf", "etc/apt/apt.conf.d/99mmdebstrap", "var/lib/dbus/machine-id"):
        (root / name).unlink(missing_ok=True)
    (root / "etc/machine-id").write_text("")
    for folder in ("var/lib/cloud", "var/lib/apt/lists", "var/cache/apt/archives"):
        shutil.rmtree(root / folder, ignore_errors=True)
        (root / folder).mkdir(parents=True)
