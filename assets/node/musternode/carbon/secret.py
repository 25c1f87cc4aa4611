"""The access key of the user that may discover, for engines that take no role: from Secrets Manager, kept for root."""

import json
from dataclasses import dataclass, field

from .. import files
from ..failure import Failure
from .host import Host


@dataclass(frozen=True)
class Key:
    """An access key."""

    access_key_id: str
    secret_access_key: str = field(repr=False)


NONE = Key("", "")


def key(this: Host, *, again: bool) -> Key:
    """Return the key in the secret that the settings name; with `again` the one of that number that this host has kept.

    Raises `Failure`.
    """
    kept = this.paths.etc / f"discovery-{this.settings.settings.discovery_key}.json"
    if not (again and kept.is_file()):
        arn = this.settings.secrets.discovery
        text = this.aws().secret_text(arn)
        _read(this.identity.node, text, arn)
        files.write(kept, text.encode(), mode=0o600)
    return _read(this.identity.node, kept.read_text(), str(kept))


def _read(node: str, text: str, where: str) -> Key:
    try:
        value = json.loads(text)
        return Key(str(value["access_key_id"]), str(value["secret_access_key"]))
    except (KeyError, ValueError, TypeError):
        raise Failure(
            f'node {node}: {where} is not JSON with "access_key_id" and "secret_access_key"; deploy again'
        ) from None
