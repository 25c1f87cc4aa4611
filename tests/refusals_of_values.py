"""Entries 30 to 50 of the catalogue: stickiness, names, tags, certificates, images, secrets, artifacts."""

from tests.spec_help import OWN_VPC, SHA, changed

NAME = "want 1 to 24 lower-case letters, digits and -, beginning with a letter and not ending with -"
NODE = "want 1 to 15 lower-case letters, digits and -, beginning with a letter and not ending with -"
TAG = "want 1 to 128 letters, digits and + - = . _ : @ (what the metadata service and IAM both take)"
VALUE = "want text of 1 to 256 letters, digits, spaces and _ . : / = + - @ (numbers in quotes)"
HOURS = "want whole hours from 1 to 168 (7 days)"
ARN = "want the ARN of a certificate in ACM: arn:aws:acm:REGION:ACCOUNT:certificate/ID"
S3 = "want bucket/key of a .jar or .zip, of plain names between slashes"
DATABASE = "want a letter followed by up to 62 letters, digits or _"
TYPE = "want an instance type on the Nitro System such as t4g.medium"
SECRET = "is unknown, and no secret stands in a cluster file (Muster generates them), allowed"


def own(old: str, new: str) -> str:
    """Return the full file of an own VPC with `old` replaced."""
    return changed(OWN_VPC, old, new)


VALUES: list[tuple[int, str, str]] = [
    (33, own("hours: 8", "hours: 0"), f"17: balancer.stickiness.hours: got 0, {HOURS}"),
    (33, own("hours: 8", "hours: 169"), f"17: balancer.stickiness.hours: got 169, {HOURS}"),
    (
        33,
        own("cookie: JSESSIONID", "cookie: AWSALBAPP"),
        (
            "17: balancer.stickiness.cookie: got 'AWSALBAPP', which the balancer keeps for itself, want the "
            "name of the application's session cookie such as JSESSIONID, or `balancer` for the balancer's "
            "own"
        ),
    ),
    (
        34,
        own("readiness_port: 9180", "health: actuator/health"),
        (
            "30: as400gateway.health: got 'actuator/health', which is not such a path, want a path such as "
            "/actuator/health, of letters, digits and . _ ~ - between single slashes"
        ),
    ),
    (35, own("  b: {zone", "  B: {zone"), f"9: nodes.B: got 'B', {NODE}"),
    (35, own("  b: {zone", "  b_1: {zone"), f"9: nodes.b_1: got 'b_1', {NODE}"),
    (35, own("  b: {zone", "  b-: {zone"), f"9: nodes.b-: got 'b-', {NODE}"),
    (
        35,
        own("  b: {zone", "  bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb: {zone"),
        (
            "9: nodes.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb: got "
            f"'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb..., {NODE}"
        ),
    ),
    (36, own("name: as400\n", 'name: "as400\\"><x/>"\n'), f"1: name: got 'as400\"><x/>', {NAME}"),
    (36, own("name: as400\n", "name: as400$(id)\n"), f"1: name: got 'as400$(id)', {NAME}"),
    (36, own("name: as400\n", "name: as400`id`\n"), f"1: name: got 'as400`id`', {NAME}"),
    (36, own("name: as400\n", 'name: "as400\\nx"\n'), f"1: name: got 'as400\\nx', {NAME}"),
    (36, own("name: as400\n", 'name: "as400\\0"\n'), f"1: name: got 'as400\\x00', {NAME}"),
    (
        36,
        own("name: connections", "name: connections;INIT=RUNSCRIPT FROM 'x'"),
        f"29: database.name: got \"connections;INIT=RUNSCRIPT FROM 'x'\", {DATABASE}",
    ),
    (36, own("name: connections", "name: a\\b"), f"29: database.name: got 'a\\\\b', {DATABASE}"),
    (39, own("cost-center", "aws:cost"), f"6: tags.aws:cost: got 'aws:cost', which AWS keeps for itself, {TAG}"),
    (
        39,
        own(
            "cost-center",
            "c" * 129,
        ),
        (
            "6: tags.cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc: got "
            f"'ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc..., which is not such a key, {TAG}"
        ),
    ),
    (
        39,
        own(
            '"1234"',
            "v" * 257,
        ),
        (
            "6: tags.cost-center: got 'vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv..., "
            f"which is too long, {VALUE}"
        ),
    ),
    (39, own("cost-center", "Team"), "6: tags.team: differs from 'Team' only by case, want another key"),
    (
        39,
        own(
            'cost-center: "1234"',
            ", ".join(f"k{number}: v" for number in range(50)),
        ),
        "6: tags: got 51, want at most 40",
    ),
    (
        41,
        own("certificate: arn:aws:acm:eu-west-1", "certificate: arn:aws:acm:us-east-1"),
        "14: balancer.certificate: got a certificate in 'us-east-1', want one in the region eu-west-1",
    ),
    (
        41,
        own("certificate: arn:aws:acm:eu-west-1:1", "certificate: arn:aws:acm:eu-west-1:2"),
        (
            "14: balancer.certificate: got a certificate of the account '223456789012', want one of "
            "123456789012, the cluster's"
        ),
    ),
    (
        41,
        own("certificate: arn:aws:acm:eu-west-1", "certificate: arn:aws-cn:acm:cn-north-1"),
        ("14: balancer.certificate: got a certificate in the partition 'aws-cn', want one in 'aws' as eu-west-1 is"),
    ),
    (
        41,
        own("certificate: arn:aws:acm", "certificate: arn:aws:iam"),
        (f"14: balancer.certificate: got 'arn:aws:iam:eu-west-1:123456789012:certificate/12345678-123..., {ARN}"),
    ),
    (
        41,
        own("certificate: arn:aws:acm", "certificate: arn-aws:acm"),
        (f"14: balancer.certificate: got 'arn-aws:acm:eu-west-1:123456789012:certificate/12345678-123..., {ARN}"),
    ),
    (
        42,
        own("  certificate: arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234-1234-1234-123456789012\n", ""),
        ("14: balancer.tls_policy: is for HTTPS, which needs balancer.certificate, want a certificate or no policy"),
    ),
    (
        43,
        own("ami-0123456789abcdef0", "ami-0123"),
        "10: instance.ami: got 'ami-0123', want an image id: ami- and 8 or 17 hexadecimal digits",
    ),
    (
        43,
        own("t4g.medium", "m7i.large"),
        ("10: instance.architecture: got 'arm64', but m7i.large is x86_64, want an image and a type that agree"),
    ),
    (
        44,
        own("t4g.medium", "t4g.gigantic"),
        f"10: instance.type: got 't4g.gigantic', which is not the form of an instance type, {TYPE}",
    ),
    (
        44,
        own("t4g.medium", "t4g.nano"),
        (
            "10: instance.type: got 't4g.nano', which has 0.5 GiB of memory, want a type with 2 GiB or more "
            "for as400gateway"
        ),
    ),
    (
        45,
        own("name: connections", "name: connections, password: geheim"),
        f"29: database.password: {SECRET}: name, port, peer_port, tls, tls_port, takeover_interval, seed, backup",
    ),
    (
        45,
        own("volume: 20", "accessKey: AKIA0"),
        f"10: instance.accessKey: {SECRET}: type, os, java, ami, architecture, volume",
    ),
    (
        46,
        own("{file: artifacts/as400-common-api-1.0.0.jar}", "{s3: 'http://example.org/x.jar'}"),
        (
            f"11: artifact.s3: got 'http://example.org/x.jar', whose bucket is not a bucket's name, {S3}\n"
            "11: artifact.sha256: is missing, want the SHA-256 of the file: 64 lower-case hexadecimal digits"
        ),
    ),
    (
        46,
        own("{file: artifacts/as400-common-api-1.0.0.jar}", f"{{s3: bucket/../x.jar, sha256: {SHA}}}"),
        (
            "11: artifact.s3: got 'bucket/../x.jar', whose key is not plain names between slashes that end "
            f"with .jar or .zip, {S3}"
        ),
    ),
    (49, own("name: as400\n", "name: 4as400\n"), f"1: name: got '4as400', {NAME}"),
    (
        49,
        own(
            "name: as400\n",
            f"name: {'a' * 129}\n",
        ),
        f"1: name: got 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa..., {NAME}",
    ),
]
