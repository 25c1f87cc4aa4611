"""CloudFormation for the emulated account; it provisions through the account's own public API.

Strict on purpose: a type, property, intrinsic function, attribute or API action that is not known here is refused by
its name; nothing is ever dropped.
"""
