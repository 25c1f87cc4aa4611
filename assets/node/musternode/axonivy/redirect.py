"""The kernel's rules by which an engine with one HTTP connector is reached on several ports.

An engine knows one connector for HTTP (docs/axonivy.md). A heavier node stands in the balancer's target group with
several ports: whoever comes to one of the others is led to the connector. Connections of one client that differ by that
port alone do not get mixed up: the kernel gives the later one another source port.
"""

from typing import Sequence

TABLE = "muster_ivy"
FILE = "axonivy.nft"
"""The name of the file that holds the rules for the engine's own connector."""


def rules(address: str, connectors: Sequence[int], table: str = TABLE) -> str:
    """Return the nftables rules for the node at `address`: all but the first of `connectors` lead to that first one.

    The table is made anew as a whole, so that giving the rules twice changes nothing. Connections that stand live on,
    also if their port is led no more. Without a rule that asks for their state the kernel would forget them all.
    """
    first, others = connectors[0], connectors[1:]
    ports = ", ".join(map(str, others))
    lead = f"    ip daddr {address} tcp dport {{ {ports} }} dnat to {address}:{first}\n" if others else ""
    return f"""\
table ip {table}
delete table ip {table}
table ip {table} {{
  chain arriving {{
    type nat hook prerouting priority -100; policy accept;
    ct state != new accept
{lead}  }}
  chain own {{
    type nat hook output priority -100; policy accept;
{lead}  }}
}}
"""
