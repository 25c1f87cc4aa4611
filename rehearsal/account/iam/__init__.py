"""IAM for the hosts of the emulated account: who calls, what it means, whether it is allowed.

Strict: a condition operator, condition key, policy variable or action that is not known here is refused by its name.
"""
