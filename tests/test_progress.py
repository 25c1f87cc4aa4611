"""What a person sees while a rehearsal works, without a terminal."""

import io
import time

import pytest
from rich.console import Console

from rehearsal import progress as module
from rehearsal.progress import Progress


def plain() -> tuple[Progress, io.StringIO]:
    text = io.StringIO()
    return Progress(Console(file=text, highlight=False, soft_wrap=True)), text


def test_a_phase_is_told_with_its_seconds_and_kept() -> None:
    progress, text = plain()
    with progress.phase("synth", "stack synthesized"):
        pass
    assert "stack synthesized (0.0 s)" in text.getvalue()
    assert list(progress.phases) == ["synth"]


def test_a_long_phase_says_what_it_waits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HEARTBEAT", 0.4)
    progress, text = plain()
    with progress.phase("deploy", "deploy"):
        progress.detail("deploy", "9/40 Vpc")
        time.sleep(1.2)
    assert "deploy ... 9/40 Vpc" in text.getvalue()


def test_a_failed_phase_is_not_told_as_done() -> None:
    progress, text = plain()
    with pytest.raises(LookupError), progress.phase("deploy", "cluster formed"):
        raise LookupError
    assert "cluster formed" not in text.getvalue()


def test_what_looks_like_markup_is_printed_as_it_is() -> None:
    progress, text = plain()
    progress.say("GET [/actuator/health] of [a]")
    progress.verdict("valid", "[/x] [b]")
    assert "GET [/actuator/health] of [a]" in text.getvalue()
    assert "valid    [/x] [b]" in text.getvalue()
