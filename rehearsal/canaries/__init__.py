"""The search for secrets where none may lie: each value of each secret, as it stands and in the usual encodings."""
