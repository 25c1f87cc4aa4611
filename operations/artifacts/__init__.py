"""`muster artifacts`: the backups of the repository that a cluster makes for its artifacts, and the way back to one."""
