"""Values for a cluster file to begin with: the product's defaults, and examples that agree with one another."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic.fields import FieldInfo

from muster.aws_names import partition_of
from muster.fields import Block, Group
from muster.products import PRODUCTS, Product


@dataclass(frozen=True)
class Start:
    """What the user chose: a product that is known, a valid name, a known region."""

    product: str
    name: str
    region: str

    @property
    def nodes(self) -> dict[str, str]:
        """As few nodes as the product has, by name, in two zones."""
        names = "abcdefgh"[: self.about.nodes.start]
        return {name: f"{self.region}{'ab'[place % 2]}" for place, name in enumerate(names)}

    @property
    def about(self) -> Product:
        """What Muster knows about the product."""
        return PRODUCTS[self.product]

    @property
    def block(self) -> Mapping[str, Any]:
        """What the product's block says from the start; empty for one whose defaults are enough."""
        return self.about.start(self.region) if self.about.start else {}

    @property
    def balancer(self) -> Mapping[str, Any]:
        """What the balancer's block says beside: groups are told apart by host names, and those by HTTPS alone."""
        return {"certificate": _examples(self)["balancer.certificate"]} if self.about.grouped else {}

    def group(self, node: str) -> Group:
        """Return the group of a node, where nodes have one: the first is for management, all others for users."""
        return "mgt" if node == next(iter(self.nodes)) else "worker"


def value_of(start: Start, place: tuple[str, ...], field: FieldInfo) -> Any:
    """Return an example where there is no default, else the default that the product has, or the model's."""
    examples = _examples(start)
    if ".".join(place) in examples:
        return examples[".".join(place)]
    default = field.get_default(call_default_factory=True)
    value = default.model_dump(by_alias=True, mode="json", exclude_none=True) if isinstance(default, Block) else default
    return _merged(value, _defaults(start, place))


def _defaults(start: Start, place: tuple[str, ...]) -> Any:
    found: Any = start.about.defaults({start.about.field: start.block})
    for key in place:
        found = found.get(key, {}) if isinstance(found, Mapping) else {}
    return found


def _merged(value: Any, over: Any) -> Any:
    if isinstance(value, dict) and isinstance(over, Mapping):
        return {**value, **over}
    return value if over == {} else over


def _examples(start: Start) -> dict[str, Any]:
    """Return examples of fields without a default; they agree with one another and with the region."""
    account, key_id = "123456789012", "12345678-1234-1234-1234-123456789012"
    where = f"arn:{partition_of(start.region)}"
    return {
        "account": account,
        "tags": {"cost-center": "1234"},
        "alarms": {"email": "operations@example.org"},
        "updates": {"day": "sunday", "hour": 3},
        "kms_key": f"{where}:kms:{start.region}:{account}:key/{key_id}",
        "permission_boundary": f"{where}:iam::{account}:policy/boundary",
        "instance.ami": "ami-0123456789abcdef0",
        "instance.architecture": "arm64",
        "balancer.certificate": f"{where}:acm:{start.region}:{account}:certificate/{key_id}",
        "balancer.clients": ["10.0.0.0/8"],
        "balancer.admin": {"route": "host", "host": "admin.example.org"},
        "balancer.domain": {"name": start.block.get("host", "gateway.example.org"), "zone": "Z0123456789ABC"},
        "wso2as.artifacts": {
            "url": "https://svn.example.org/repos/as",
            "commit_secret": f"{where}:secretsmanager:{start.region}:{account}:secret:as-commit-AbCdEf",
            "checkout_secret": f"{where}:secretsmanager:{start.region}:{account}:secret:as-checkout-AbCdEf",
        },
        **{f"{start.about.field}.{name}": value for name, value in start.about.examples.items()},
    }


_NO_TEXT: Final = ("null", "true", "false")
"""Words that YAML reads as something else, though they may be names."""

_ALIAS: Final = "*"
"""With it a mention of something begins in YAML."""


def flow(value: Any) -> str:
    """Return a value as YAML in one line; text is quoted where it would read as something else."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {flow(each)}' for key, each in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(flow(each) for each in value)}]"
    if isinstance(value, str) and not value.isdigit() and value not in _NO_TEXT and not value.startswith(_ALIAS):
        return value
    return json.dumps(value)
