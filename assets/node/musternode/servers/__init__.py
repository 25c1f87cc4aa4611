"""Servers that form a cluster by themselves and keep nothing of ours: what a node does alike for each such product."""
