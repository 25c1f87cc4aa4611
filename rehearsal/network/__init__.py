"""The wires of a rehearsed VPC: links, security groups, DNS, the AWS endpoints and the visitor."""

from rehearsal.network.endpoints import ServerCertificate
from rehearsal.network.names import Resolve, names_of
from rehearsal.network.network import Network, Visitor
from rehearsal.network.policy import InterfacePolicy, Permission, PolicyError, SecurityGroup, security_group

__all__ = [
    "InterfacePolicy",
    "Network",
    "Permission",
    "PolicyError",
    "Resolve",
    "SecurityGroup",
    "ServerCertificate",
    "Visitor",
    "names_of",
    "security_group",
]
