"""The wires of a rehearsed VPC: links, security groups, DNS, the AWS endpoints and the visitor."""

from rehearsal.network.acl import NetworkAcl, network_acl
from rehearsal.network.endpoints import ServerCertificate
from rehearsal.network.names import Resolve, names_of
from rehearsal.network.network import Network, Visitor
from rehearsal.network.policy import InterfacePolicy, Permission, PolicyError, SecurityGroup, Subnet, security_group

__all__ = [
    "InterfacePolicy",
    "Network",
    "NetworkAcl",
    "Permission",
    "PolicyError",
    "Resolve",
    "SecurityGroup",
    "ServerCertificate",
    "Subnet",
    "Visitor",
    "names_of",
    "network_acl",
    "security_group",
]
