"""What Muster writes into gateway-config.xml is valid by the product's own three schemas."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from musternode.kaazing import gateway_config
from musternode.kaazing.wanted import Wanted
from rehearsal.doubles import maven
from tests.gateway_config_support import ALL, DATES, HTTP, OTHER, TLS, Judge, files, judge

PRODUCT = Path(__file__).parents[1] / "rehearsal" / "doubles" / "kaazing" / "src/main/home/conf/gateway-config.xml"


@pytest.fixture(scope="module")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    """Return the judge; skips where this machine has no Java or Maven."""
    if lacking := maven.missing():
        pytest.skip(f"no file was held against the product's schemas: {' and '.join(lacking)} missing here")
    with judge(tmp_path_factory.mktemp("judge")) as found:
        yield found


def config(*elements: str, date: str = "2016/06") -> bytes:
    """Return a whole file."""
    inside = "\n".join(elements)
    return f'<gateway-config xmlns="http://xmlns.kaazing.org/{date}/gateway">{inside}</gateway-config>'.encode()


SERVICE = "<service><name>e</name><accept>ws://a:1/e</accept><type>echo</type>%s</service>"


@pytest.mark.parametrize("date", DATES)
def test_the_judge_tells_wrong_from_right(schemas: Judge, date: str) -> None:
    """The negative control: what the editor takes care of is what the schemas look at."""
    options = "<accept-options><tcp.bind>a:1</tcp.bind></accept-options>"
    realm = "<realm-name>r</realm-name>"
    assert schemas.verdict(config(SERVICE % (options + realm), date=date)) == "valid"
    assert "accept-options" in schemas.verdict(config(SERVICE % (realm + options), date=date))
    assert "accept" in schemas.verdict(config("<cluster><accept>tcp://a:1</accept></cluster>", date=date))
    assert "tcp.bind" in schemas.verdict(config(SERVICE % options.replace("a:1", "a:1<x/>"), date=date))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(files(), ALL)
def test_an_edited_file_is_valid(schemas: Judge, file: tuple[bytes, str], wanted: Wanted) -> None:
    assert schemas.verdict(gateway_config.patched(file[0], wanted)) == "valid"


TAIL = [
    "<connect-options><tcp.bind>a:2</tcp.bind></connect-options>",
    "<realm-name>r</realm-name>",
    "<authorization-constraint><require-valid-user/></authorization-constraint>",
    "<mime-mapping><extension>a</extension><mime-type>b</mime-type></mime-mapping>",
    "<cross-site-constraint><allow-origin>*</allow-origin></cross-site-constraint>",
]
"""What may stand behind a service's accept-options, by its type."""
TYPES = {
    "broadcast": (["<connect>tcp://b:2</connect>"], "", [1, 2, 4]),
    "directory": ([], "<properties><directory>/d</directory></properties>", [1, 2, 3, 4]),
    "echo": ([], "<properties/>", [1, 2, 4]),
    "amqp.proxy": (["<connect>tcp://b:2</connect>"], "<properties/>", [0, 1, 2, 4]),
    "http.proxy": (["<connect>http://b:2/</connect>"], "", [0, 1, 2, 4]),
    "proxy": (["<connect>tcp://b:2</connect>"], "", [0, 1, 2, 4]),
}


@pytest.mark.parametrize("date", DATES)
@pytest.mark.parametrize("kind", TYPES)
def test_options_stand_in_the_order_of_each_type_of_service(schemas: Judge, kind: str, date: str) -> None:
    connect, properties, tail = TYPES[kind]
    head = f"<service><name>e</name><accept>ws://a:1/e</accept>{''.join(connect)}<type>{kind}</type>{properties}"
    before = config(head, *(TAIL[at] for at in tail), "</service>", date=date)
    assert schemas.verdict(before) == "valid"
    after = gateway_config.patched(before, TLS)
    assert b"<ssl.encryption>disabled</ssl.encryption>" in after
    assert schemas.verdict(after) == "valid"


@pytest.mark.parametrize("wanted", [HTTP, TLS, OTHER])
@pytest.mark.parametrize("date", DATES)
def test_the_file_of_the_rehearsals_gateway_is_valid_before_and_after(
    schemas: Judge, wanted: Wanted, date: str
) -> None:
    before = PRODUCT.read_bytes().replace(b"2016/06", date.encode())
    assert schemas.verdict(before) == "valid"
    after = gateway_config.patched(before, wanted)
    assert schemas.verdict(after) == "valid"


@pytest.mark.parametrize("wanted", [HTTP, TLS, OTHER])
def test_the_products_own_file_is_valid_before_and_after(schemas: Judge, wanted: Wanted) -> None:
    folder = os.environ.get("MUSTER_STOCK")
    if not folder:
        pytest.skip("MUSTER_STOCK is not set: the product's own gateway-config.xml was not edited")
    before = (Path(folder) / "kaazing-5.6.2" / "gateway-config.xml").read_bytes()
    assert schemas.verdict(before) == "valid"
    after = gateway_config.patched(before, wanted)
    assert schemas.verdict(after) == "valid"
