"""The TLS front of a node: the balancer's HTTPS, ended before a product that speaks plain HTTP."""
