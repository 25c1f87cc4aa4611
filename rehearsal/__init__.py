"""The rehearsal: an AWS account emulated on this machine whose instances are real Linux hosts."""
