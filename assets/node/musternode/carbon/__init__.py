"""A WSO2 Carbon server as one member of its Hazelcast cluster."""
