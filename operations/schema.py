"""`muster schema`: the JSON Schema of cluster files, as the repository holds it."""

import json

from muster.spec.schema import json_schema


def schema_text() -> str:
    """Return the JSON Schema as text with two blanks of indent."""
    return json.dumps(json_schema(), indent=2) + "\n"
