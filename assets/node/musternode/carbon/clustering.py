"""What the product's clustering configuration must say, whichever of its files says it.

Names: carbon-kernel's AWSConstants, which spells them in one of two ways and passes over the others in silence.
"""

from dataclasses import dataclass, field
from typing import Dict, FrozenSet, Tuple

from .settings import AWS, CAMEL, KEBAB, WKA, Settings

NAMES = {
    CAMEL: ("accessKey", "secretKey", "securityGroup", "region", "tagKey", "tagValue"),
    KEBAB: ("access-key", "secret-key", "security-group-name", "region", "tag-key", "tag-value"),
}
"""Parameters of the discovery by the EC2 API, in the order of `Clustering.discovery`."""
_TIME_OUT = {CAMEL: "connTimeout", KEBAB: "connection-timeout-seconds"}
_NEVER = ("iamRole", "iam-role", "hostHeader", "host-header")
Address = Tuple[str, int]


@dataclass(frozen=True)
class Clustering:
    """One member's clustering: it is reached at `host`:`port` and finds the others by `membership`.

    `security_group` is the group's name: no engine knows ids. The keys are empty where the engine finds its role by
    itself: all from 3.12 on do, which is why no role is ever named. `members` are all well-known members, this one too
    if it is one: the engine leaves its own address out, and so the list is the same everywhere.
    """

    spelling: str
    agent: str
    membership: str
    domain: str
    host: str
    port: int
    region: str = ""
    security_group: str = ""
    tag_key: str = ""
    tag_value: str = ""
    access_key: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)
    members: Tuple[Address, ...] = ()

    @property
    def discovery(self) -> Dict[str, str]:
        """The parameters by which the engine asks the EC2 API, none with well-known members."""
        if self.membership != AWS:
            return {}
        values = (
            self.access_key,
            self.secret_key,
            self.security_group,
            self.region,
            self.tag_key,
            self.tag_value,
        )
        return {name: value for name, value in zip(NAMES[self.spelling], values) if value}

    @property
    def stale(self) -> FrozenSet[str]:
        """Names that must not stand: what they say would mislead the engine, or is a secret that nobody needs.

        A time-out in the kernel's own spelling is the user's to set.
        """
        other = _TIME_OUT[KEBAB] if self.spelling == CAMEL else ""
        known = {*NAMES[CAMEL], *NAMES[KEBAB], *_NEVER, other} - {""}
        return frozenset(known - set(self.discovery))


def parameters(wanted: Clustering) -> Dict[str, str]:
    """Return the parameters of axis2.xml by name, in the order in which new ones are written."""
    return {
        "membershipScheme": wanted.membership,
        "domain": wanted.domain,
        "localMemberHost": wanted.host,
        "localMemberPort": str(wanted.port),
        **wanted.discovery,
    }


def of(settings: Settings, name: str, access_key: str = "", secret_key: str = "") -> Clustering:
    """Return the clustering of the member `name` by the settings document; the keys only if its kernel needs them."""
    product = settings.settings
    known = tuple((member.address, settings.ports.member) for member in settings.well_known)
    return Clustering(
        product.spelling,
        product.agent,
        product.membership,
        product.domain,
        settings.member(name).address,
        settings.ports.member,
        settings.region,
        product.security_group,
        product.tag_key,
        product.tag_value,
        access_key,
        secret_key,
        known if product.membership == WKA else (),
    )
