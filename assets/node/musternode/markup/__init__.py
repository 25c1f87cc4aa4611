"""XML files edited in place: what is in them, where it stands, and how their lines change."""
