"""The kernels of WSO2 Carbon: which cluster engine each has, and what follows from that. Data and pure functions."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Spelling = Literal["camel", "kebab"]
"""How the kernel spells the parameters of its AWS membership: `securityGroup`, or `security-group-name`."""

Credentials = Literal["role", "bridge", "keys"]
"""With what the engine asks the EC2 API: the instance's role, that of another role handed on by a process on the node
(it knows only version 1 of the metadata service, which no node has), or a user's key."""

Config = Literal["axis2.xml", "deployment.toml"]
"""The file that an administrator writes; the other one is made from it where there are both."""

CORE_AGENT: Final = "org.wso2.carbon.core.clustering.hazelcast.HazelcastClusteringAgent"
OWN_AGENT: Final = "org.wso2.carbon.hazelcast.HazelcastClusteringAgent"

NEWEST: Final = "4.12.37"
KERNEL: Final = "the number of a WSO2 Carbon kernel from 4.2.0 to 4.12 such as 4.10.126"

_Number = tuple[int, ...]


@dataclass(frozen=True)
class Generation:
    """What kernels have in common: from `first` to `last`, the last one that there was when this was written.

    `java` are the versions of Java that it runs with. `port` is the members' port by default, `probed` those that the
    engine asks at each address that it discovers; none stands for the configured one, whichever it is.
    """

    first: str
    last: str
    engine: str
    spelling: Spelling
    credentials: Credentials
    agent: str
    config: Config
    java: tuple[int, ...]
    port: int
    probed: range | None


# Hazelcast 3.0 to 3.5 ask the configured port and the next two; later ones, at what they discover, a fixed range
_ANY: Final = (4000, None)
_THREE: Final = (5701, range(5701, 5704))
_EIGHT: Final = (5701, range(5701, 5709))

# The engine of each kernel: parent/pom.xml of wso2/carbon-kernel at every tag from 4.3.0 to v4.12.37
# (orbit.version.hazelcast), of 4.2 that of AS 5.2.0. Spelling: AWSConstants.java. Agent: where its class is. Java: what
# bin/wso2server.sh says it is supported with. Of 4.2 and 4.3 that is Java 6 and 7, which no system here packages any
# more; with 8 the launcher goes on after a line that says so. From v4.12.3 on it ends with any below 21.
_OLD: Final = ("camel", "keys", CORE_AGENT, "axis2.xml", (8,), *_ANY)
_MIDDLE: Final = ("camel", "bridge", CORE_AGENT, "deployment.toml", (8, 11), *_THREE)
_TOML: Final = "deployment.toml"

GENERATIONS: Final = (
    Generation("4.2.0", "4.2.0", "3.0.1", *_OLD),
    Generation("4.3.0", "4.4.0", "3.2.6", *_OLD),
    Generation("4.4.1", "4.4.1", "3.5.0", *_OLD),
    Generation("4.4.2", "4.4.3", "3.5.2", *_OLD),
    Generation("4.4.4", "4.4.40", "3.5.4", *_OLD),
    Generation("4.5.0", "4.6.3", "3.12.2", *_MIDDLE),
    Generation("4.7.0", "4.7.1", "4.2.5", "kebab", "bridge", CORE_AGENT, _TOML, (11, 17), *_EIGHT),
    Generation("4.8.0", "4.8.1", "4.2.5", "kebab", "bridge", OWN_AGENT, _TOML, (11, 17), *_EIGHT),
    Generation("4.9.0", "4.9.14", "4.2.6", "kebab", "bridge", CORE_AGENT, _TOML, (11, 17), *_EIGHT),
    Generation("4.9.15", "4.9.20", "5.3.2", "kebab", "role", CORE_AGENT, _TOML, (11, 17), *_EIGHT),
    Generation("4.9.21", "4.9.25", "5.3.2", "kebab", "role", OWN_AGENT, _TOML, (11, 17), *_EIGHT),
    Generation("4.9.26", "4.9.33", "4.2.6", "kebab", "bridge", OWN_AGENT, _TOML, (11, 17), *_EIGHT),
    Generation("4.10.0", "4.10.5", "5.3.2", "camel", "role", OWN_AGENT, _TOML, (11, 17), *_EIGHT),
    Generation("4.10.6", "4.10.24", "5.3.6", "camel", "role", OWN_AGENT, _TOML, (11, 17), *_EIGHT),
    Generation("4.10.25", "4.10.126", "5.3.6", "camel", "role", OWN_AGENT, _TOML, (11, 17, 21), *_EIGHT),
    Generation("4.11.0", "4.11.14", "4.2.6", "kebab", "bridge", OWN_AGENT, _TOML, (11, 17), *_EIGHT),
    Generation("4.11.15", "4.11.19", "4.2.6", "kebab", "bridge", OWN_AGENT, _TOML, (21,), *_EIGHT),
    Generation("4.12.0", "4.12.2", "5.3.6", "camel", "role", OWN_AGENT, _TOML, (11, 17, 21), *_EIGHT),
    Generation("4.12.3", NEWEST, "5.3.6", "camel", "role", OWN_AGENT, _TOML, (21,), *_EIGHT),
)
"""In the order of their kernels. Each holds up to the next one: an update of a line is as the last one before it."""

VERSIONS: Final[Mapping[str, Mapping[str, str]]] = {
    # wso2/product-apim, pom.xml, carbon.kernel.version at the tags v1.9.0 to v4.7.0
    "am": {
        "1.9.0": "4.2.0",
        "1.9.1": "4.2.0",
        "1.10.0": "4.4.3",
        "2.0.0": "4.4.7",
        "2.1.0": "4.4.11",
        "2.2.0": "4.4.26",
        "2.5.0": "4.4.32",
        "2.6.0": "4.4.35",
        "3.0.0": "4.5.1",
        "3.1.0": "4.6.0",
        "3.2.0": "4.6.0",
        "4.0.0": "4.6.2",
        "4.1.0": "4.6.3",
        "4.2.0": "4.8.1",
        "4.3.0": "4.9.26",
        "4.4.0": "4.9.27",
        "4.5.0": "4.9.28",
        "4.6.0": "4.9.33",
        "4.7.0": "4.11.18",
    },
    # 5.2.0: its stock axis2.xml is kernel 4.2.0's; wso2/product-as at the tag v5.3.0
    "as": {"5.2.0": "4.2.0", "5.3.0": "4.4.1"},
    # wso2/product-bps at v3.5.0 to v3.6.0
    "bps": {"3.5.0": "4.4.1", "3.5.1": "4.4.4", "3.6.0": "4.4.8"},
    # wso2/product-brs at v2.2.0
    "brs": {"2.2.0": "4.4.3"},
    # wso2/product-dss at v3.5.0 and v3.5.1
    "dss": {"3.5.0": "4.4.2", "3.5.1": "4.4.9"},
    # wso2/product-ei at v6.0.0 to v6.6.0
    "ei": {
        "6.0.0": "4.4.14",
        "6.1.0": "4.4.16",
        "6.1.1": "4.4.16",
        "6.2.0": "4.4.26",
        "6.3.0": "4.4.32",
        "6.4.0": "4.4.36",
        "6.5.0": "4.4.40",
        "6.6.0": "4.5.3",
    },
    # wso2/product-esb at v4.9.0 and v5.0.0
    "esb": {"4.9.0": "4.4.1", "5.0.0": "4.4.8"},
    # wso2/product-greg at v5.0.0 to v5.4.0
    "greg": {"5.0.0": "4.4.1", "5.1.0": "4.4.1", "5.2.0": "4.4.5", "5.3.0": "4.4.7", "5.4.0": "4.4.14"},
    # wso2/product-is at v5.1.0 to v7.3.0
    "is": {
        "5.1.0": "4.4.3",
        "5.2.0": "4.4.9",
        "5.3.0": "4.4.11",
        "5.4.0": "4.4.20",
        "5.4.1": "4.4.22",
        "5.5.0": "4.4.26",
        "5.6.0": "4.4.32",
        "5.7.0": "4.4.35",
        "5.8.0": "4.4.40",
        "5.9.0": "4.5.1",
        "5.10.0": "4.6.0",
        "5.11.0": "4.6.1",
        "6.0.0": "4.7.1",
        "6.1.0": "4.9.0",
        "7.0.0": "4.10.9",
        "7.1.0": "4.10.42",
        "7.2.0": "4.10.101",
        "7.3.0": "4.12.34",
    },
}
"""The kernel of each version of a product, by the short name in its archive's (wso2am-4.5.0.zip)."""


def generation(kernel: str) -> Generation:
    """Return the generation of `kernel`; raises `ValueError` with the reason for one that Muster cannot cluster."""
    if reason := fault(kernel):
        raise ValueError(f"kernel {kernel}, {reason}")
    return max((each for each in GENERATIONS if _number(each.first) <= _number(kernel)), key=_place)


def fault(kernel: str) -> str | None:
    """Return why the kernel of this number cannot be clustered, and which is the nearest that can; None: it can."""
    # a fourth number is that of an update, which changes no engine
    if not re.fullmatch(r"\d{1,3}\.\d{1,3}\.\d{1,4}(\.\d{1,4})?", kernel, re.ASCII):
        return "which is no kernel's number"
    line = _number(kernel)[:2]
    if line < (4, 2):
        return "whose clustering (Tribes) has no membership by AWS, the nearest that has it is 4.2.0"
    if line[0] > 4:
        return f"whose runtime has no clustering of its own, the nearest that has it is {NEWEST}"
    if line > _number(NEWEST)[:2]:
        return f"whose cluster engine Muster does not know, the nearest that it knows is {NEWEST}"
    return None


def kernel_of(product: str, version: str) -> str | None:
    """Return the kernel of this version of a product, or None where Muster does not know it."""
    return VERSIONS.get(product, {}).get(version)


def nearest_with(kernel: str, java: int) -> str:
    """Return the kernel nearest to `kernel` that runs with this Java: a later one if there is any."""
    fitting = [each for each in GENERATIONS if java in each.java]
    later = [each.first for each in fitting if _number(each.first) > _number(kernel)]
    return later[0] if later else fitting[-1].last


def _number(kernel: str) -> _Number:
    return tuple(int(part) for part in kernel.split("."))


def _place(each: Generation) -> _Number:
    return _number(each.first)
