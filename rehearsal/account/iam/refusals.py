"""How each service says no: status, code, wording, shape."""

import json
from xml.sax.saxutils import escape

from rehearsal.account.iam.policy import Ask, Verdict

JSON_SERVICES = {"cloudtrail", "dynamodb", "kms", "logs", "secretsmanager", "ssm"}

CODES = {
    "missing": ("MissingAuthenticationToken", "AccessDenied", "MissingAuthenticationTokenException", "AuthFailure"),
    "incomplete": (
        "IncompleteSignature",
        "AuthorizationHeaderMalformed",
        "IncompleteSignatureException",
        "AuthFailure",
    ),
    "mismatch": ("SignatureDoesNotMatch", "SignatureDoesNotMatch", "InvalidSignatureException", "AuthFailure"),
    "skewed": ("SignatureDoesNotMatch", "RequestTimeTooSkewed", "InvalidSignatureException", "RequestExpired"),
    "key": ("InvalidClientTokenId", "InvalidAccessKeyId", "UnrecognizedClientException", "AuthFailure"),
    "token": ("InvalidClientTokenId", "InvalidToken", "UnrecognizedClientException", "AuthFailure"),
    "expired": ("ExpiredToken", "ExpiredToken", "ExpiredTokenException", "RequestExpired"),
    "denied": ("AccessDenied", "AccessDenied", "AccessDeniedException", "UnauthorizedOperation"),
    "invalid": ("ValidationError", "InvalidRequest", "ValidationException", "InvalidParameterValue"),
    "undecidable": ("InternalFailure", "InternalError", "InternalServerError", "InternalError"),
}
"""Kind of refusal -> error code of query services, S3, JSON services, EC2."""

STATUS = {
    "undecidable": "501 Not Implemented",
    "incomplete": "400 Bad Request",
    "invalid": "400 Bad Request",
}

NOT_VALIDATED = "AWS was not able to validate the provided access credentials"
"""What EC2 says of each key, token or signature that is not right."""


def render(service: str, kind: str, message: str, by_target: bool = False) -> tuple[str, str, str]:
    """Return HTTP status, content type and body of a refusal in the service's own shape.

    `by_target`: the request named its operation in a header, as JSON protocols do; CloudWatch speaks JSON and query.
    """
    query, s3, json_, ec2 = CODES[kind]
    status, text = STATUS.get(kind, "403 Forbidden"), escape(message)
    if service in JSON_SERVICES or by_target:
        status = "400 Bad Request" if status.startswith("403") else status
        body = json.dumps({"__type": f"com.amazon.coral.service#{json_}", "message": message})
        return status, f"application/x-amz-json-{'1.0' if service == 'dynamodb' else '1.1'}", body
    if service == "s3":
        skewed = kind == "skewed"
        text = "The difference between the request time and the current time is too large." if skewed else text
        return (
            status,
            "application/xml",
            f"<?xml version='1.0'?><Error><Code>{s3}</Code><Message>{text}</Message></Error>",
        )
    if service == "ec2":
        status = "401 Unauthorized" if ec2 == "AuthFailure" else status
        text = NOT_VALIDATED if kind in ("key", "token", "mismatch") else text
        inner = f"<Error><Code>{ec2}</Code><Message>{text}</Message></Error>"
        return status, "text/xml", f"<Response><Errors>{inner}</Errors><RequestID>0</RequestID></Response>"
    inner = f"<Error><Type>Sender</Type><Code>{query}</Code><Message>{text}</Message></Error>"
    return status, "text/xml", f"<ErrorResponse>{inner}<RequestId>0</RequestId></ErrorResponse>"


def denial(service: str, principal: str, ask: Ask, verdict: Verdict) -> str:
    """Return the sentence with which AWS denies: caller, action, resource and why, which STS keeps to itself."""
    if ask.action == "sts:AssumeRole":
        return f"User: {principal} is not authorized to perform: {ask.action} on resource: {ask.resource}"
    resource = f'"{ask.resource}"' if service == "s3" else ask.resource
    on = "" if service == "ec2" else f" on resource: {resource}"
    why = {
        "ExplicitDeny": " with an explicit deny in an identity-based policy",
        "NoEndpointPolicy": f" because no VPC endpoint policy allows the {ask.action} action",
        "NoBoundary": f" because no permissions boundary allows the {ask.action} action",
    }.get(verdict.outcome, f" because no identity-based policy allows the {ask.action} action")
    sentence = f"User: {principal} is not authorized to perform: {ask.action}{on}{why}"
    return f"You are not authorized to perform this operation. {sentence}" if service == "ec2" else sentence
