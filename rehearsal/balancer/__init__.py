"""Application load balancers of the rehearsed account, each a haproxy on the VPC."""

from rehearsal.balancer.balancer import Balancer, balancer_address
from rehearsal.balancer.describe import describe
from rehearsal.balancer.model import BalancerError, LoadBalancer, TargetHealth

__all__ = ["Balancer", "BalancerError", "LoadBalancer", "TargetHealth", "balancer_address", "describe"]
