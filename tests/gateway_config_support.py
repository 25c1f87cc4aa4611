"""Files of a Kaazing Gateway, drawn and judged: by another parser here, by the product's own schemas in Java."""

import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

from hypothesis import strategies as st

from musternode.kaazing.wanted import Wanted
from rehearsal.doubles.kaazing import build_kaazing

HTTP = Wanted("my cluster", "10.0.1.10", ("10.0.1.10", "10.0.1.11"), 5942, "gw.example.com", 80, 8000, 60)
TLS = replace(HTTP, public_port=443, idle=300)
OTHER = Wanted("café \"1\" 'two'", "10.0.1.11", ("10.0.1.11",), 5943, "LB-1.Elb.amazonaws.com", 443, 9000, 4000)
ALL = st.sampled_from([HTTP, TLS, OTHER])

DATES = ("2014/09", "2015/11", "2016/06")
CODECS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "iso-8859-1", "windows-1252"])

PAIRS = {"ws": "wss", "http": "https", "wsn": "wsn+ssl", "wse": "wse+ssl", "sse": "sse+ssl", "httpx": "httpx+ssl"}
"""Schemes of the files drawn here, plain and with TLS."""
SECONDS = {"45 seconds": 45.0, "90s": 90.0, "2 Minutes": 120.0, "0.5 hour": 1800.0, "500 ms": 0.5, "0": 0.0, "20": 20.0}
"""Intervals that files hold."""

PROPERTIES = {"gateway.hostname": "localhost", "gateway.port": "8000", "scheme": "https"}
ACCEPTS = [
    "ws://localhost:8000%s",
    "ws://${gateway.hostname}:${gateway.port}%s",
    "wss://old.example.com:8443%s",
    "http://192.168.2.10:8000%s",
    "https://@eth0:8443%s",
    "${scheme}://x:1%s",
    "wsn+ssl://a.example.com:9%s",
    "WSE://a:9%s",
    " sse://[fd00::1]:80%s ",
    "ws://${hostname}%s",
    "httpx://gw.example.com:80%s",
]
OPTIONS = [
    "<tcp.bind>192.168.2.10:8001</tcp.bind>",
    "<tcp.bind>10.0.1.10:8000</tcp.bind>",
    "<ws.bind>192.168.2.10:8001</ws.bind>",
    "<http.bind>8002</http.bind>",
    "<https.bind>@eth0:8443</https.bind>",
    "<ssl.bind>192.168.2.10:8444</ssl.bind>",
    "<ssl.encryption>enabled</ssl.encryption>",
    "<ssl.encryption>disabled</ssl.encryption>",
    "<ssl.ciphers>HIGH</ssl.ciphers>",
    "<ssl.verify-client>none</ssl.verify-client>",
    "<ws.maximum.message.size>256k</ws.maximum.message.size>",
    *(f"<ws.inactivity.timeout>{each}</ws.inactivity.timeout>" for each in SECONDS),
    *(f"<http.keepalive.timeout>{each}</http.keepalive.timeout>" for each in SECONDS),
]
BINDS = {"ws.bind", "http.bind", "https.bind", "ssl.bind"}
"""Options that would take the place of tcp.bind."""
OURS = ("tcp.bind", *sorted(BINDS), "ssl.encryption", "ws.inactivity.timeout", "http.keepalive.timeout")
"""Options that are Muster's to change."""
CLUSTERS = [
    [],
    ["<!-- <cluster><name>MyCluster</name></cluster> -->"],
    ["<cluster/>"],
    ["<cluster>", "</cluster>"],
    ["<cluster><name>MyCluster</name></cluster>"],
    ["<cluster>", "<!-- who -->", "<name>my cluster</name>", "<accept>tcp://10.0.1.10:5942</accept>", "</cluster>"],
    ["<cluster>", "<name>MyCluster</name>", "<connect>udp://224.2.2.44:54327</connect>", "</cluster>"],
    ["<cluster>", "<name>x</name>", "<accept>tcp://@eth0:5942</accept>", "<!-- a -->", "</cluster>"],
    [
        "<cluster>",
        "<name>x</name>",
        "<accept>tcp://10.0.1.10:5942</accept>",
        "<accept>tcp://10.0.1.12:5942</accept>",
        "<connect>tcp://10.0.1.9:5942</connect>",
        "<connect>tcp://10.0.1.10:5942</connect> <!-- DNS next -->",
        "<connect>tcp://gw2.example.com:5942</connect>",
        "</cluster>",
    ],
    [
        "<cluster>",
        "<name>x</name>",
        "<accept>tcp://10.0.1.10:5942</accept>",
        "<connect>aws://security-group:5942/gateways</connect>",
        "<connect-options><aws.access-key-id>A</aws.access-key-id><aws.secret-key>s</aws.secret-key></connect-options>",
        "</cluster>",
    ],
    ["<cluster>", "<connect>tcp://10.0.1.11:5942</connect>", "<accept/>", "<name>my cluster</name>", "</cluster>"],
]


@st.composite
def options(draw: st.DrawFn, *, binds: bool = True) -> list[str]:
    """Draw the lines of an accept-options, or none; no option stands twice."""
    known = [each for each in OPTIONS if binds or ".bind" not in each]
    lines = draw(st.lists(st.sampled_from(known), unique_by=lambda line: line.split(">")[0], max_size=4))
    inside = draw(st.permutations([*lines, *draw(st.sampled_from([[], ["<!-- as agreed -->"]]))]))
    written = [["<accept-options>", *(f"\t{line}" for line in inside), "</accept-options>"]]
    return draw(st.sampled_from([*written, *written, *([] if lines else [[], ["<accept-options/>"]])]))


@st.composite
def service(draw: st.DrawFn, number: int) -> list[str]:
    """Draw the lines of the service `s<number>`, whose paths begin with its name."""
    accepts = draw(st.lists(st.sampled_from(ACCEPTS), min_size=1, max_size=2))
    paths = [f"/s{number}", f"/s{number}/b"]
    proxy = draw(st.booleans())
    blocks = [
        [f"<name>s{number}</name>", *draw(st.sampled_from([[], ["<description>caf\u00e9</description>"]]))],
        [f"<accept>{accept % path}</accept>" for accept, path in zip(accepts, paths, strict=False)],
        ["<!-- behind -->", "<connect>tcp://10.9.9.9:5672</connect>"] if proxy else [],
        [f"<type>{'proxy' if proxy else 'echo'}</type>", *draw(st.sampled_from([[], ["<properties/>", "<!--p-->"]]))],
        draw(options()),
        draw(st.sampled_from([[], ["<realm-name>demo</realm-name>"]])),
        ["<cross-site-constraint>", "\t<allow-origin>*</allow-origin>", "</cross-site-constraint>"],
    ]
    return ["<service>", *(f"\t{line}" for block in blocks for line in block), "</service>"]


INTERNAL = [
    *("<service>", "\t<name>inner</name>", "\t<accept>ws://127.0.0.1:8001/inner</accept>", "\t<type>echo</type>"),
    *("\t<accept-options><ssl.ciphers>HIGH</ssl.ciphers></accept-options>", "</service>"),
]


@st.composite
def files(draw: st.DrawFn) -> tuple[bytes, str]:
    """Draw a file of whole lines, and its codec."""
    codec, end, date = draw(CODECS), draw(st.sampled_from(["\n", "\r\n"])), draw(st.sampled_from(DATES))
    pairs = [f"<property><name>{name}</name><value> {value}</value></property>" for name, value in PROPERTIES.items()]
    defaults = ["<service-defaults>", *draw(options(binds=False)), "</service-defaults>"]
    blocks = [
        *(draw(service(number)) for number in range(draw(st.integers(1, 3)))),
        draw(st.sampled_from(CLUSTERS)),
        draw(st.sampled_from([[], defaults])),
        draw(st.sampled_from([[], INTERNAL])),
        ["<!-- caf\u00e9 <service> -->", ""],
    ]
    lines = [line for block in draw(st.permutations(blocks)) for line in block]
    declared = {"utf-8-sig": "utf-8", "utf-16-le": "utf-16"}.get(codec, codec)
    head = f'<gateway-config xmlns="http://xmlns.kaazing.org/{date}/gateway">'
    all_lines = [f'<?xml version="1.0" encoding="{declared}"?>', head, "<properties>", *pairs, "</properties>"]
    all_lines += [*(f"  {line}" if line else "" for line in lines), "</gateway-config>", ""]
    return end.join(all_lines).encode(codec), codec


def local(element: ET.Element) -> str:
    """Return an element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def below(parent: ET.Element, name: str) -> list[ET.Element]:
    """Return the children of `parent` called `name`."""
    return [each for each in parent if local(each) == name]


def texts(parent: ET.Element | None) -> list[tuple[str, str]]:
    """Return name and text of each child."""
    return [(local(each), each.text or "") for each in (parent if parent is not None else [])]


def says(content: bytes, wanted: Wanted) -> bool:
    """Return whether a drawn file says what is wanted, as another parser reads it."""
    root = ET.fromstring(content)  # noqa: S314 - the tests wrote it
    (cluster,) = below(root, "cluster")
    defaults = dict(texts(next((option for each in below(root, "service-defaults") for option in each), None)))
    public = [each for each in below(root, "service") if texts(each)[0] != ("name", "inner")]
    uris = {f"tcp://{address}:{wanted.member_port}": "connect" for address in wanted.members}
    return (
        texts(cluster)
        == [
            ("name", wanted.cluster),
            ("accept", f"tcp://{wanted.address}:{wanted.member_port}"),
            *((name, uri) for uri, name in uris.items()),
        ]
        and not BINDS & set(defaults)
        and all(_serves(each, wanted, defaults) for each in public)
    )


def _serves(service: ET.Element, wanted: Wanted, defaults: dict[str, str]) -> bool:
    accepts = [each.text or "" for each in below(service, "accept")]
    schemes = [accept.partition(":")[0] for accept in accepts]
    allowed = PAIRS.values() if wanted.secure else PAIRS.keys()
    base = f"/{service[0].text}"
    rest = [f"://{wanted.host.lower()}:{wanted.public_port}{path}" for path in (base, f"{base}/b")]
    (options,) = below(service, "accept-options")
    return (
        accepts == [scheme + end for scheme, end in zip(schemes, rest, strict=False)]
        and set(schemes) <= set(allowed)
        and _listens(dict(texts(options)), wanted, defaults, any(scheme.startswith("ws") for scheme in schemes))
    )


def _listens(own: dict[str, str], wanted: Wanted, defaults: dict[str, str], websocket: bool) -> bool:
    both = {**defaults, **own}
    return (
        [each for each in own if each.endswith(".bind")] == ["tcp.bind"]
        and own["tcp.bind"] == f"{wanted.address}:{wanted.http_port}"
        and own.get("ssl.encryption") == ("disabled" if wanted.secure else None)
        and interval(both["http.keepalive.timeout"]) > wanted.idle
        and (not websocket or 0 < interval(both["ws.inactivity.timeout"]) < wanted.idle)
    )


def interval(text: str) -> float:
    """Return the seconds of an interval that was drawn, or that Muster wrote."""
    return SECONDS[text] if text in SECONDS else float(text.removesuffix(" seconds"))


@contextmanager
def judge(folder: Path) -> Iterator["Judge"]:
    """Yield a judge by the gateway's own schemas, which are fetched with the gateway the first time."""
    with zipfile.ZipFile(build_kaazing()) as archive:
        (name,) = (each for each in archive.namelist() if "/gateway.server-" in each)
        jar = Path(archive.extract(name, folder))
    source = Path(__file__).parent / "fixtures" / "GatewayConfigJudge.java"
    command = ["nice", "-n", "19", "java", "-XX:+UseSerialGC", str(source), str(jar)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        try:
            yield Judge(folder / "gateway-config.xml", child)
        finally:
            child.kill()


class Judge:
    """A running GatewayConfigJudge."""

    def __init__(self, file: Path, child: "subprocess.Popen[str]") -> None:
        self._file, self._child = file, child

    def verdict(self, content: bytes) -> str:
        """Return `valid`, or what the product's schema has against the file `content`."""
        self._file.write_bytes(content)
        assert self._child.stdin
        assert self._child.stdout
        self._child.stdin.write(f"{self._file}\n")
        self._child.stdin.flush()
        return self._child.stdout.readline().strip()
