"""Certificates of moto's load balancers, corrected: whatever a template names is there.

A certificate in ACM is made before any stack and proved by its owner's DNS; the rehearsed balancer makes one of its
own for each listener, so nothing has to be in the emulated ACM.
"""

import moto.elbv2.models as elbv2


def take_any() -> None:
    """Correct moto's listeners in this process."""
    for owner, name, answer in (
        (elbv2, "register_certificate", lambda *_args, **_named: None),
        (elbv2.ELBv2Backend, "_certificate_exists", lambda _backend, certificate_arn: bool(certificate_arn)),
    ):
        setattr(owner, name, answer)
