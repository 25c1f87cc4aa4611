#!/usr/bin/python3
"""Stands for amazon-efs-utils on a host of a rehearsal: mount(8) calls it as `mount.efs FS:/ DIRECTORY -o OPTIONS`.

It finds the mount target of its zone by DNS and asks there, on the port of NFS, to have the file system mounted, as
whoever stands behind the mount target does from outside. There is neither NFS nor TLS. It needs Python alone, as it is
copied into the image.
"""

import http.client
import json
import re
import socket
import sys

METADATA = "169.254.169.254"
NFS = 2049
PATIENCE = 5.0
"""Seconds without an answer that count as none; on AWS it takes minutes."""
FAILED = 32
"""mount(8): the mount failed."""


def main(arguments: list[str]) -> int:
    """Mount, and return 0; or say why not, as mount does."""
    try:
        return mount(arguments[0], arguments[1], options_of(arguments[2:]))
    except TimeoutError:
        return failed("mount.nfs4: Connection timed out")
    except OSError as fault:
        return failed(f"mount.nfs4: {fault}")


def options_of(rest: list[str]) -> list[str]:
    """Return what stands behind -o."""
    return rest[rest.index("-o") + 1].split(",") if "-o" in rest else []


def mount(source: str, directory: str, options: list[str]) -> int:
    """Have the file system `source` mounted at `directory`. Raises `OSError`."""
    found = re.fullmatch("(fs-[0-9a-f]+)(:/?)?", source)
    if found is None:
        return failed(f"Invalid file system name: {source} (this stand-in mounts whole file systems by their ids)")
    if "iam" in options and "tls" not in options:
        return failed('The "tls" option is required when mounting via "iam"')
    place = f"{metadata('placement/availability-zone')}.{found[1]}.efs.{metadata('placement/region')}.amazonaws.com"
    try:
        address = socket.gethostbyname(place)
    except socket.gaierror:
        return failed(
            f'Failed to resolve "{place}" - check that your file system ID is correct, and ensure that the VPC has an'
            " EFS mount target for this file system ID."
        )
    refusal = ask((address, NFS), {"directory": directory, "options": options})
    return failed(f"mount.nfs4: {refusal}") if refusal else 0


def ask(address: tuple[str, int], order: object) -> str:
    """Return why an order is refused; empty if it was carried out. Raises `OSError`, `TimeoutError` on silence."""
    with socket.create_connection(address, PATIENCE) as connection, connection.makefile("rw") as lines:
        lines.write(json.dumps(order) + "\n")
        lines.flush()
        answer = lines.readline()
    if not answer:
        raise ConnectionResetError("Connection reset by peer")
    return str(json.loads(answer)["refusal"])


def metadata(path: str) -> str:
    """Return what the instance metadata service says at `path`. Raises `OSError`."""
    token = told("PUT", "api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "60"})
    return told("GET", f"meta-data/{path}", {"X-aws-ec2-metadata-token": token})


def told(method: str, path: str, headers: dict[str, str]) -> str:
    """Return one answer of the metadata service. Raises `OSError`."""
    service = http.client.HTTPConnection(METADATA, timeout=PATIENCE)
    try:
        service.request(method, f"/latest/{path}", headers=headers)
        answer = service.getresponse()
        text = answer.read().decode()
    finally:
        service.close()
    if answer.status != http.client.OK:
        raise OSError(f"the metadata service answered {answer.status}")
    return text


def failed(why: str) -> int:
    """Say why, and return the exit code of it."""
    sys.stderr.write(f"{why}\n")
    return FAILED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
