"""The kernel's rules that keep the metadata service, and so the instance's credentials, from users who need neither.

Each unit that runs as such a user gives them at its start, before its program: after a boot the kernel knows none.
"""

from typing import Sequence

from . import files
from .paths import Paths

ADDRESSES = (("ip", "169.254.169.254"), ("ip6", "fd00:ec2::254"))
"""Where the metadata service is (EC2 User Guide, "Access instance metadata for an EC2 instance")."""
TABLE = "muster_metadata"
_FILE = "metadata.nft"


def rules(users: Sequence[str]) -> str:
    """Return the nftables rules that refuse the packets of `users` for the metadata service.

    The table is made anew as a whole, so that giving the rules twice changes nothing.
    """
    named = ", ".join(f'"{user}"' for user in sorted(users))
    refused = "".join(
        f"    meta skuid {{ {named} }} {family} daddr {address} reject\n" for family, address in ADDRESSES if users
    )
    return f"""\
table inet {TABLE}
delete table inet {TABLE}
table inet {TABLE} {{
  chain keep {{
    type filter hook output priority filter; policy accept;
{refused}  }}
}}
"""


def write(paths: Paths, users: Sequence[str]) -> bool:
    """Keep the rules for `users` where units find them; return whether they are others than before."""
    return files.write(paths.etc / _FILE, rules(users).encode("ascii"), mode=0o600)


def line(paths: Paths) -> str:
    """Return the line of a unit that gives the rules, as root; without them its program does not start."""
    return f"ExecStartPre=+/usr/sbin/nft -f {paths.etc / _FILE}\n"
