"""An edit of a cluster file that leaves every other byte as it was: comments, order, quotes, line ends."""

import json
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml import events as yaml_events


class EditError(Exception):
    """The text is not written in a way that can be edited; the text says how."""


def with_scalar(text: str, key: str, value: str, *, after: str) -> str:
    """Return `text` with the top-level field `key` set to `value`; a new field gets a line after the field `after`.

    `text` is a valid cluster file. Raises `EditError` where it has no field `after`.
    """
    start, fields = _top_level(text)
    if found := fields.get(key):
        begin, end = found[1].start_mark.index, found[1].end_mark.index
        return text[:begin] + value + text[end:]
    if start.flow_style:
        at = start.end_mark.index
        return f"{text[:at]}{json.dumps(key)}: {json.dumps(value)}, {text[at:]}"
    if after not in fields:
        raise EditError(f"has no field {after}")
    name, end = fields[after]
    return _with_line(text, end.end_mark.index, f"{' ' * name.start_mark.column}{key}: {value}")


def _with_line(text: str, at: int, line: str) -> str:
    """Return `text` with `line` after the line in which the character `at` stands."""
    newline = "\r\n" if "\r\n" in text else "\n"
    close = text.find("\n", at)
    if close < 0:
        return f"{text}{newline}{line}{newline}"
    return f"{text[: close + 1]}{line}{newline}{text[close + 1 :]}"


def _top_level(text: str) -> tuple[Any, dict[str, tuple[Any, Any]]]:
    """Return the event that opens the file's mapping, and of each of its fields the events of key and value."""
    events = iter(YAML(typ="safe", pure=True).parse(text))
    start = next(event for event in events if isinstance(event, yaml_events.MappingStartEvent))
    fields: dict[str, tuple[Any, Any]] = {}
    while isinstance(key := next(events), yaml_events.ScalarEvent):
        value = next(events)
        fields[key.value] = (key, value)
        depth = int(isinstance(value, yaml_events.CollectionStartEvent))
        while depth:
            inner = next(events)
            depth += isinstance(inner, yaml_events.CollectionStartEvent)
            depth -= isinstance(inner, yaml_events.CollectionEndEvent)
    return start, fields
