"""How the wires tell the account by which way a request came."""

CAME_THROUGH = "muster.endpoint"
"""Key of a request's WSGI environment that holds the id of the VPC endpoint through which it came, if it did."""
