"""configuration/ivy.yaml edited in place: ports, system database and shared folders are set, all else stays."""

from dataclasses import dataclass, field
from typing import Dict, FrozenSet
from urllib.parse import urlsplit

from ..failure import Failure
from . import eras, layout
from .settings import ProductSettings
from .yaml_edit import Scalar, YamlFile, checked

NAME = "configuration/ivy.yaml"
_CLOSED = frozenset({"Connector.HTTP.Address"})
"""What must not stand: it would close the port to the balancer."""


@dataclass(frozen=True)
class Login:
    """Who the engine is to its system database."""

    user: str
    password: str = field(repr=False)


def wanted(product: ProductSettings, login: Login, address: str = "") -> Dict[str, Scalar]:
    """Return what the file has to say; `address` is the public one (`https://HOST`), empty if the user sets it."""
    era = eras.of(product.version)
    values: Dict[str, Scalar] = {"Connector.HTTP.Enabled": True, "Connector.HTTP.Port": product.connectors[0]}
    if era.ajp:
        values["Connector.AJP.Enabled"] = False
    if product.database.driver:
        values["SystemDb.Driver"] = product.database.driver
    values["SystemDb.Url"] = product.database.url
    values.update({"SystemDb.UserName": login.user, "SystemDb.Password": login.password})
    values.update(layout.folders(era, product.shared))
    if address:
        values.update({"BaseUrl": address} if era.base_url else _frontend(address))
    return values


def _frontend(address: str) -> Dict[str, Scalar]:
    parts = urlsplit(address)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    return {"Frontend.HostName": parts.hostname or "", "Frontend.Port": port, "Frontend.Protocol": parts.scheme}


def patched(content: bytes, values: Dict[str, Scalar], closed: FrozenSet[str] = _CLOSED) -> bytes:
    """Return the file `content` with what it has to say, and unchanged if it says that already.

    Raises `Failure` with one sentence, in which no value stands, if the file cannot be edited safely.
    """
    for key, value in values.items():
        if isinstance(value, str) and "${" in value:
            raise Failure(f"{NAME}: the value of {key} holds ${{, which the engine would replace; choose another")
    file = YamlFile(content, NAME)
    file.check([*values, *closed])
    before = file.says()
    for key, value in values.items():
        file.put(key, value)
    for key in sorted(closed):
        file.silence(key)
    if not checked(before, file, values, closed):
        raise Failure(f"{NAME}: it is written in a way that cannot be edited; take the form of the product's reference")
    return file.bytes()
