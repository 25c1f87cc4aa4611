"""Signature Version 4, by header or by query, checked as AWS checks it.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import datetime
import hashlib
import hmac
import re
import urllib.parse
from dataclasses import dataclass

from rehearsal.account.iam.call import Call
from rehearsal.account.iam.faults import SignatureError, UndecidableError

MOST_SKEW = datetime.timedelta(minutes=15)
ALGORITHM = "AWS4-HMAC-SHA256"
HEADER = re.compile(rf"{ALGORITHM} +Credential=([^, ]+), *SignedHeaders=([^, ]+), *Signature=([0-9a-f]+)")
UNHASHED = {"UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}
HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Signature:
    """What a request says about who signed it, and how."""

    access_key: str
    day: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    value: str
    date: str
    token: str
    presigned: bool
    expires: int

    @property
    def scope(self) -> str:
        """The credential scope."""
        return f"{self.day}/{self.region}/{self.service}/aws4_request"


def read(call: Call) -> Signature:
    """Return the signature of a request. Raises `SignatureError` if there is none or it is no signature."""
    if "X-Amz-Signature" in call.parameters:
        names = ("Credential", "SignedHeaders", "Signature", "Date", "Security-Token")
        credential, signed, value, date, token = (call.parameters.get(f"X-Amz-{name}", "") for name in names)
        return _signature(credential, signed, value, date, token, expires=_life(call, credential))
    if "authorization" not in call.headers:
        raise SignatureError("missing", "Request is missing Authentication Token")
    found = HEADER.fullmatch(call.headers["authorization"].strip())
    if not found:
        raise SignatureError("incomplete", "Authorization header is not a Signature Version 4 header")
    token = call.headers.get("x-amz-security-token", "")
    return _signature(found[1], found[2], found[3], call.headers.get("x-amz-date", ""), token)


def _life(call: Call, credential: str) -> int:
    """Return the seconds that a signature in the query lives; all services but S3 go without being told."""
    expires = call.parameters.get("X-Amz-Expires", "" if "/s3/" in credential else str(int(MOST_SKEW.total_seconds())))
    return int(expires) if expires.isdecimal() else 0


def _signature(
    credential: str, signed: str, value: str, date: str, token: str, *, expires: int | None = None
) -> Signature:
    parts = credential.split("/")
    if len(parts) != 5 or parts[4] != "aws4_request":
        raise SignatureError("incomplete", f"'{credential}' is not a credential of Signature Version 4")
    return Signature(
        access_key=parts[0],
        day=parts[1],
        region=parts[2],
        service=parts[3],
        signed_headers=tuple(signed.split(";")),
        value=value,
        date=date,
        token=token,
        presigned=expires is not None,
        expires=expires or 0,
    )


def check(call: Call, signature: Signature, secret: str, now: datetime.datetime) -> None:
    """Raise `SignatureError` unless the request was signed with `secret`, lately, and as it now is."""
    _check_time(signature, now)
    if "host" not in signature.signed_headers:
        raise SignatureError("mismatch", "The host header must be signed")
    payload = _payload(call, signature)
    expected = sign(call, signature, secret, payload)
    if not hmac.compare_digest(expected, signature.value):
        text = "The request signature we calculated does not match the signature you provided."
        raise SignatureError("mismatch", f"{text} Check your AWS Secret Access Key and signing method.")


def _check_time(signature: Signature, now: datetime.datetime) -> None:
    try:
        at = datetime.datetime.strptime(signature.date, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.UTC)
    except ValueError:
        raise SignatureError("incomplete", f"'{signature.date}' is not a valid X-Amz-Date") from None
    if signature.date[:8] != signature.day:
        raise SignatureError(
            "mismatch", "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date"
        )
    latest = at + (datetime.timedelta(seconds=signature.expires) if signature.presigned else MOST_SKEW)
    if now > latest or at > now + MOST_SKEW:
        text = f"Signature expired: {signature.date} is now more than 15 min. away from {now:%Y%m%dT%H%M%SZ}"
        raise SignatureError("skewed", text)


def _payload(call: Call, signature: Signature) -> str:
    real = hashlib.sha256(call.body).hexdigest()
    said = call.headers.get("x-amz-content-sha256")
    if signature.presigned and signature.service == "s3":
        return said or "UNSIGNED-PAYLOAD"
    if said is None or signature.presigned:
        return real
    if said in UNHASHED:
        return said
    if not HASH.fullmatch(said):
        raise UndecidableError(f"x-amz-content-sha256: {said} is not supported by this emulated account")
    if said != real:
        raise SignatureError("mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.")
    return said


def sign(call: Call, signature: Signature, secret: str, payload: str) -> str:
    """Return the signature that the request should bear."""
    canonical = "\n".join(
        [
            call.method,
            call.path if signature.service == "s3" else urllib.parse.quote(call.path or "/", safe="/-_.~"),
            _canonical_query(call),
            *(f"{name}:{' '.join(call.headers.get(name, '').split())}" for name in signature.signed_headers),
            "",
            ";".join(signature.signed_headers),
            payload,
        ]
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"{ALGORITHM}\n{signature.date}\n{signature.scope}\n{digest}"
    key = f"AWS4{secret}".encode()
    for part in (signature.day, signature.region, signature.service, "aws4_request", text):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key.hex()


def _canonical_query(call: Call) -> str:
    def encoded(text: str) -> str:
        return urllib.parse.quote(text, safe="-_.~")

    pairs = sorted((encoded(name), encoded(value)) for name, value in call.pairs if name != "X-Amz-Signature")
    return "&".join(f"{name}={value}" for name, value in pairs)
