"""Comparisons as they are asked for: both sides synthesized, reviewed, and put into reports."""

import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from muster.spec import SpecError, load
from operations import ROOT
from operations.aws import OtherAccount
from operations.errors import Failure
from operations.review.artifacts import gather
from operations.review.deployed import deployed_template
from operations.review.framing import Frame
from operations.review.report import Report
from operations.review.supposing import without_refusals
from operations.review.synthesis import Side, SynthesisError, same_pins, synthesize
from operations.review.trees import cluster_files, unpack
from rehearsal.progress import Progress

DEPLOYED: Final = "what is deployed"
AT_ONCE: Final = 2
"""Syntheses at the same time: each takes a processor for some seconds."""


@dataclass(frozen=True)
class Wanted:
    """What to compare with: a commit or another cluster file, and what is deployed."""

    ref: str | None = None
    old: Path | None = None
    deployed: bool = False


@dataclass(frozen=True)
class Before:
    """The old side: what it is called, the tree that synthesizes it, and its one file if it is not of a commit."""

    called: str
    tree: Path
    file: Path | None = None

    def of(self, file: Path) -> Path:
        """Return what `file` was; it may not be there. Raises `Failure` for a file that no commit can have."""
        if self.file is not None:
            return self.file.resolve()
        try:
            return self.tree / file.resolve().relative_to(ROOT)
        except ValueError:
            how = "compare with --old FILE or --deployed"
            raise Failure(f"{file} lies outside of {ROOT}, so no commit of it has the file; {how}", code=2) from None


class Comparing:
    """Compares cluster files with what they were, in a folder of its own; `comparing` makes one."""

    def __init__(self, wanted: Wanted, folder: Path, progress: Progress, pool: ThreadPoolExecutor) -> None:
        self._wanted = wanted
        self._folder = folder
        self._progress = progress
        self._pool = pool

    def reports(self, files: Sequence[Path]) -> list[Report]:
        """Return the reports of `files`, else of all in clusters/, here or before; a file may be gone.

        Raises `Failure` for what ends them all.
        """
        before = self._before()
        reports = []
        for number, file in enumerate(files or _all_files(before)):
            folder = self._folder / str(number)
            folder.mkdir()
            with self._progress.phase(str(number), f"compared {file}"):
                reports += self._compare(file, before, folder)
        return reports

    def _before(self) -> Before | None:
        if self._wanted.old is not None:
            return Before(str(self._wanted.old), ROOT, self._wanted.old)
        if (ref := self._wanted.ref) is None:
            return None
        tree = self._folder / "tree"
        commit = unpack(ref, tree)
        if not same_pins(tree):
            self._progress.say(f"{ref} has other pinned packages; its own launcher sets them up (a minute or two)")
        return Before(commit if ref.startswith(commit) else f"{ref} ({commit})", tree)

    def _compare(self, file: Path, before: Before | None, folder: Path) -> list[Report]:
        was = before.of(file) if before else None
        if faults := _faults(file):
            return [Frame(file, folder, faults=faults, bad_input=True).unable(before.called if before else DEPLOYED)]
        missing = gather([file, *([was] if was else [])], folder / "artifacts")
        notes = tuple(f"{name} is not here: an empty stand-in is synthesized in its place" for name in missing)
        old = self._begin(before.tree, was, folder / "old") if before and was and was.is_file() else None
        frame, new = self._new(Frame(file, folder, notes))
        if frame.faults and new is None:
            return [frame.unable(before.called if before else DEPLOYED)]
        reports = [_against(before.called, old, new, frame)] if before else []
        return [*reports, *([self._with_deployed(new, frame)] if self._wanted.deployed and new else [])]

    def _with_deployed(self, new: Side, frame: Frame) -> Report:
        self._progress.say(f"reading the deployed template of {new.stack}")
        try:
            return frame.report(DEPLOYED, deployed_template(new), new)
        except OtherAccount as other:
            return frame.skipped(DEPLOYED, str(other))

    def _new(self, frame: Frame) -> tuple[Frame, Side | None]:
        """Return the new side, if the file is there and can be synthesized, and the frame with the faults found."""
        if not frame.file.is_file():
            return frame, None
        try:
            return frame, self._begin(ROOT, frame.file.resolve(), frame.folder / "new").result()
        except SynthesisError as error:
            new = self._supposed(frame) if error.bad_input else None
            return frame.with_faults(error.lines, bad_input=error.bad_input), new

    def _begin(self, tree: Path, file: Path, assembly: Path) -> "Future[Side]":
        self._progress.say(f"synthesizing {file.name} as it {'is' if assembly.name == 'new' else 'was'}")
        return self._pool.submit(synthesize, tree, file, assembly, assembly.parent / "artifacts")

    def _supposed(self, frame: Frame) -> Side | None:
        """Return the stack that the lock file refuses to synthesize, or None where no lock file is the reason."""
        copy = without_refusals(frame.file, frame.folder / "supposed")
        if copy is None:
            return None
        self._progress.say(f"the lock file refuses {frame.file.name}; what a deploy would do without it:")
        try:
            return self._begin(ROOT, copy, frame.folder / "new").result()
        except SynthesisError:
            return None


def _faults(file: Path) -> tuple[str, ...]:
    """Return what is wrong with a cluster file that is there, as `muster check` tells it, before any synthesis.

    What its lock file refuses is not meant: that can be compared all the same.
    """
    if not file.is_file():
        return ()
    try:
        load(file)
    except SpecError as error:
        return tuple(str(error).splitlines())
    return ()


def _all_files(before: Before | None) -> list[Path]:
    """Return the cluster files of both sides, by their paths from the working directory where that is the checkout."""
    found = {*cluster_files(ROOT), *(cluster_files(before.tree) if before and before.file is None else [])}
    return [each if Path.cwd() == ROOT else ROOT / each for each in sorted(found)]


@contextmanager
def comparing(wanted: Wanted, progress: Progress) -> Iterator[Comparing]:
    """Give what compares, with a folder that is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="muster-diff-") as folder, ThreadPoolExecutor(AT_ONCE) as pool:
        yield Comparing(wanted, Path(folder), progress, pool)


def _against(called: str, before: "Future[Side] | None", new: Side | None, frame: Frame) -> Report:
    try:
        old = before.result() if before else None
    except SynthesisError as error:
        return frame.with_faults([f"{called}: {line}" for line in error.lines], bad_input=True).unable(called)
    if new is None:
        return _gone(called, old, frame)
    if old is not None and old.stack != new.stack:
        stays = f"the cluster has another name: {old.stack} stays deployed beside it until it is destroyed"
        return frame.report(called, None, new, stays)
    return frame.report(called, old.template if old else None, new)


def _gone(called: str, old: Side | None, frame: Frame) -> Report:
    if old is None:
        return frame.with_faults([f"{frame.file}: no such file, here or in {called}"], bad_input=True).unable(called)
    gone = f"{frame.file} is gone, which deploys nothing: the stack stays until it is destroyed"
    return frame.report(called, old.template, None, gone)
