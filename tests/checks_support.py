"""Members that answer as scripted, for checks that ask each of them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from rehearsal.checks.scene import Member, Scene
from rehearsal.visitor import Answer, CookieJar

Answers = Callable[[str, str, "CookieJar | None"], Any]
"""From a member's name, a path and a user's cookies to a code, a JSON document, or an exception to raise."""


@dataclass
class ScriptedClient:
    """As much of a client as checks use."""

    answer: Callable[[str], Any]

    def request(self, _method: str, path: str) -> Answer:
        """Return what is scripted for `path`."""
        given = self.answer(path)
        if isinstance(given, Exception):
            raise given
        return Answer(given, {}, b"") if isinstance(given, int) else Answer(200, {}, json.dumps(given).encode())

    def __enter__(self) -> "ScriptedClient":
        return self

    def __exit__(self, *_: object) -> None:
        return


@dataclass
class ScriptedScene:
    """Three members, unless other ones are given, and what each of them answers."""

    answers: Answers
    addresses: Mapping[str, str] = field(
        default_factory=lambda: {"a": "10.64.0.10", "b": "10.64.1.11", "c": "10.64.0.12"}
    )

    @property
    def members(self) -> list[Member]:
        """Return the members."""
        return [Member(name, address, f"i-{name}", f"mu-{name}") for name, address in self.addresses.items()]

    def direct(self, member: Member, jar: CookieJar | None = None) -> ScriptedClient:
        """Return a client of one member."""
        return ScriptedClient(lambda path: self.answers(member.name, path, jar))

    def peer(self, member: Member) -> ScriptedClient:
        """Return a client of one member's peer port."""
        return ScriptedClient(lambda path: self.answers(member.name, path, None))


def scene(answers: Answers) -> Scene:
    """Return three members that answer as scripted."""
    return cast("Scene", ScriptedScene(answers))
