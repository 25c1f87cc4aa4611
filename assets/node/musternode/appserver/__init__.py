"""WSO2 Application Server on a node: management and workers of one cluster, whose artifacts come from a repository."""
