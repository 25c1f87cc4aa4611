"""The hosts of a rehearsal: every EC2 instance of the emulated account becomes a systemd-nspawn machine."""
