"""The query protocol: a form becomes nested values, nested values become XML."""

import re
import urllib.parse
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

NAMESPACE = "http://cloudformation.amazonaws.com/doc/2010-05-15/"
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
"""Characters that XML 1.0 cannot carry at all."""


def parse_form(body: str) -> dict[str, Any]:
    """Return `Tags.member.1.Key=a` as `{"Tags": [{"Key": "a"}]}`; every leaf stays a text."""
    root: dict[str, Any] = {}
    for name, value in urllib.parse.parse_qsl(body, keep_blank_values=True):
        *path, last = [part for part in name.split(".") if part != "member"]
        node = root
        for part in path:
            node = node.setdefault(part, {})
        node[last] = value
    return {key: _lists(value) for key, value in root.items()}


def _lists(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    if node and all(key.isdigit() for key in node):
        return [_lists(node[key]) for key in sorted(node, key=int)]
    return {key: _lists(value) for key, value in node.items()}


def result(action: str, fields: dict[str, Any], request_id: str) -> str:
    """Return the XML of a successful answer."""
    inner = f"<{action}Result>{_xml(fields)}</{action}Result>"
    about = f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
    return f'<{action}Response xmlns="{NAMESPACE}">{inner}{about}</{action}Response>'


def error(code: str, message: str, request_id: str) -> str:
    """Return the XML of a refusal."""
    inner = f"<Type>Sender</Type><Code>{code}</Code><Message>{_text(message)}</Message>"
    return (
        f'<ErrorResponse xmlns="{NAMESPACE}"><Error>{inner}</Error><RequestId>{request_id}</RequestId></ErrorResponse>'
    )


def _xml(value: Any) -> str:
    if isinstance(value, dict):
        return "".join(f"<{key}>{_xml(entry)}</{key}>" for key, entry in value.items() if entry is not None)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "".join(f"<member>{_xml(entry)}</member>" for entry in value)
    if isinstance(value, bool):
        return str(value).lower()
    if hasattr(value, "strftime"):
        return f"{value.strftime('%Y-%m-%dT%H:%M:%S')}.{value.microsecond // 1000:03d}Z"
    return _text(str(value))


def _text(text: str) -> str:
    return escape(FORBIDDEN.sub("", text))
