"""WSO2 Carbon: servers whose Hazelcast members find each other by the EC2 API, behind a balancer."""

from typing import TYPE_CHECKING, Annotated, Any, Final

from muster.checking import checked, matching, one_of
from muster.fields import Block
from muster.products import wso2_members as members
from muster.products.product import Port, Product
from muster.products.wso2_kernels import KERNEL, VERSIONS, fault, generation, kernel_of
from muster.products.wso2_members import Wso2Members, engine, known

if TYPE_CHECKING:
    from collections.abc import Mapping

    from muster.spec.model import Cluster

__all__ = ["DEFAULT_JAVA", "PRODUCT", "Wso2Carbon", "engine", "known"]

DEFAULT_JAVA: Final = 17
"""Taken where the kernel runs with it, else the newest that it runs with."""


class Wso2Kernel(Block):
    """By what the kernel is known; a block of its own, so that these fields come first."""

    kernel: Annotated[str, checked(fault, KERNEL)] | None = None
    """The number of the product's Carbon kernel, in place of `name` and `version`."""
    name: Annotated[str, one_of(*VERSIONS)] | None = None
    """The product by its short name, if Muster knows the kernel of its version."""
    version: Annotated[str, matching(r"\d{1,3}(\.\d{1,4}){1,3}", "a version such as 5.3.0")] | None = None
    """The product's version."""


class Wso2Carbon(Wso2Members, Wso2Kernel):
    """Which WSO2 Carbon this is, and how its members find each other."""

    @property
    def kernel_number(self) -> str | None:
        """The number of the product's Carbon kernel, None where the block does not tell it."""
        return self.kernel or kernel_of(self.name or "", self.version or "")


def _defaults(values: "Mapping[str, Any]") -> "Mapping[str, Any]":
    return {
        "instance": {"java": _default_java(values.get("wso2"))},
        "balancer": {"stickiness": {"cookie": "JSESSIONID"}},
    }


def _default_java(block: Any) -> int:
    """Return the Java for what stands in the file as the product's block, whatever that is."""
    texts = {name: each for name, each in block.items() if isinstance(each, str)} if isinstance(block, dict) else {}
    number = texts.get("kernel") or kernel_of(texts.get("name", ""), texts.get("version", ""))
    if not number or fault(number):
        return DEFAULT_JAVA
    java = generation(number).java
    return DEFAULT_JAVA if DEFAULT_JAVA in java else max(java)


def _ports(cluster: "Cluster") -> tuple[Port, ...]:
    return members.ports(cluster, users=cluster.about.served(cluster))


def _start(region: str) -> "Mapping[str, Any]":
    return {"kernel": "4.10.126", **({} if members.asks_by_name(region) else {"membership": "wka"})}


PRODUCT = Product(
    name="wso2-carbon",
    title="WSO2 Carbon",
    field="wso2",
    block=Wso2Carbon,
    nodes=range(2, 17),
    java=members.java,
    defaults=_defaults,
    discovery=members.discovery,
    serving="http",
    secured="https",
    readiness="readiness",
    secrets=(),
    ports=_ports,
    settings=members.settings,
    ways_out=members.ways_out,
    trust=lambda cluster: cluster.block(Wso2Carbon).trust,
    memory=2,  # the product's own start script asks for a heap of 256 MiB to 1 GiB, and Java needs as much beside it
    example="artifacts/wso2-carbon-4.10.126.zip",
    archive=".zip",
    start=_start,
    examples={
        "domain": "wso2.carbon.domain",
        "member_port": 5701,
        "outside": [389],
        "proxy": {"host": "proxy.example.org", "port": 3128},
        "trust": "artifacts/ca.pem",
    },
)
