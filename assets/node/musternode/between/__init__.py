"""TLS between the two nodes of an H2 pair: outside the gates, which read what passes as before."""
