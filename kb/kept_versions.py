"""Numbered copies of something that an installation uses, which one is in use, and the way back.

Copies are kept in `<name>-kept/<number>/`. The file `<name>-in-use.jsonl` has one line for each time that one was put
to use; the last line is the one in use. It is replaced whole, so that copy and history change together or not at all:
a copy that no line names, left by a run that was killed, is never used, and the next change removes it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from kb.content_files import ContentError

SHIPPED = 0


class NoWayBack(ContentError):
    """There is nothing that was in use before."""


class ChangedMeanwhile(ContentError):
    """Somebody else put another version to use since this one was prepared."""


class Line(BaseModel):
    """One line of the history. `number` 0 is what ships.

    `before` is the line (from 1) that was in use when this one was put to use, 0 for the beginning: the way back.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: int
    at: datetime
    command: str
    before: int


L = TypeVar("L", bound=Line)


class KeptVersions(Generic[L]):
    """The versions of one kind that an installation keeps in `folder`.

    `what` is what one is called ("model"), `mend` the command that mends a damaged history. What cannot be read or
    written raises `error`.
    """

    def __init__(
        self, folder: Path, *, name: str, line: type[L], what: str, mend: str, error: type[ContentError]
    ) -> None:
        self._folder, self._name, self._line, self._error = folder, name, line, error
        self._what, self._mend = what, mend
        self.pointer = folder / f"{name}-in-use.jsonl"

    def path(self, number: int) -> Path:
        """The folder of a kept version."""
        return self._folder / f"{self._name}-kept" / str(number)

    def history(self) -> list[L]:
        """Every time that a version was put to use, the first first. Raises the error of this kind."""
        try:
            lines = self.pointer.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as wrong:
            raise self._error(f"{self.pointer}: cannot be read ({wrong})") from wrong
        found = []
        for number, text in enumerate(lines, 1):
            try:
                found.append(self._line.model_validate_json(text))
            except ValidationError as wrong:
                raise self._error(f"{self.pointer}:{number}: damaged; `{self._mend}` mends it") from wrong
        return found

    def in_use(self) -> int:
        """The number of the version in use, 0 for what ships. Raises the error of this kind."""
        history = self.history()
        return history[-1].number if history else SHIPPED

    def add(
        self, source: Path, fill: Callable[[Path], object], line: Callable[[int, int], L], *, lines: int | None = None
    ) -> L:
        """Keep a new version and put it to use.

        `fill` writes it into the folder that it is given, which must not exist; `source` is what to name when that
        fails. `line` makes the history's line of the new number and the line before. With `lines`, the history must
        still have so many. Raises the error of this kind, or ChangedMeanwhile; nothing has changed then.
        """
        with self._alone():
            history = self.history()
            if lines is not None and lines != len(history):
                raise ChangedMeanwhile(f"{self.pointer}: changed meanwhile by `{history[-1].command}`; try again")
            self._remove_leftovers(history)
            number = 1 + max((int(path.name) for path in self.path(1).parent.glob("[0-9]*")), default=0)
            with self._new(number):
                self._copy(source, fill, number)
                return self._put(history, line(number, len(history)))

    def put_shipped(self, line: Callable[[int], L]) -> L:
        """Put to use what ships; `line` makes the history's line of the line before. A damaged history is put aside."""
        with self._alone():
            try:
                history = self.history()
            except self._error:
                self.pointer.replace(self.pointer.with_suffix(".damaged"))
                history = []
            return self._put(history, line(len(history)))

    def before(self) -> L | None:
        """What `back` would return to; None is what ships, at the beginning.

        Raises NoWayBack, or the error of this kind.
        """
        history = self.history()
        if not history:
            raise self._no_way_back()
        return history[history[-1].before - 1] if history[-1].before else None

    def back(self, *, at: datetime, command: str) -> L:
        """Put to use what was before this one; again, the one before that. Raises NoWayBack, the error of this kind."""
        with self._alone():
            history, target = self.history(), self.before()
            if target is None:
                if history[-1].number == SHIPPED:
                    raise self._no_way_back()
                return self._put(history, self._line(number=SHIPPED, at=at, command=command, before=0))
            return self._put(history, target.model_copy(update={"at": at, "command": command}))

    def _no_way_back(self) -> NoWayBack:
        return NoWayBack(f"no {self._what} was in use before the one that ships")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One change at a time, also among processes."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = (self._folder / f"{self._name}-in-use.lock").open("w")
        except OSError as wrong:
            raise self._error(f"{self._folder}: cannot be written ({_in_words(wrong)})") from wrong
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextmanager
    def _new(self, number: int) -> Iterator[None]:
        """Marks a version as new until the history names it; one that it will not name is removed."""
        mark = self._mark(number)
        try:
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.touch()
            yield
        except OSError as wrong:
            raise self._error(f"{self._folder}: cannot be written ({_in_words(wrong)})") from wrong
        finally:
            # Asked anew: an interruption may have come after the history was replaced.
            with contextlib.suppress(OSError, self._error):
                if all(line.number != number for line in self.history()):
                    shutil.rmtree(self.path(number), ignore_errors=True)
                mark.unlink(missing_ok=True)

    def _mark(self, number: int) -> Path:
        return self.path(number).with_name(f".new-{number}")

    def _remove_leftovers(self, history: list[L]) -> None:
        """What runs left that were killed."""
        kept = self.path(1).parent
        for left in kept.glob(".part-*"):
            shutil.rmtree(left, ignore_errors=True)
        named = {line.number for line in history}
        for mark in kept.glob(".new-*"):
            number = int(mark.name.removeprefix(".new-"))
            if number not in named:
                shutil.rmtree(self.path(number), ignore_errors=True)
            mark.unlink(missing_ok=True)

    def _copy(self, source: Path, fill: Callable[[Path], object], number: int) -> None:
        target = self.path(number)
        part = target.with_name(f".part-{number}")
        try:
            fill(part)
            for path in part.rglob("*"):
                _on_disk(path)
            part.rename(target)
        except (OSError, shutil.Error) as wrong:
            raise self._error(f"{source}: cannot be copied ({_in_words(wrong)})") from wrong
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def _put(self, history: list[L], line: L) -> L:
        part = self.pointer.with_suffix(".part")
        try:
            with part.open("w", encoding="utf-8") as stream:
                stream.writelines(f"{one.model_dump_json()}\n" for one in (*history, line))
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(self.pointer)
        except OSError as wrong:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            raise self._error(f"{self.pointer}: cannot be written ({_in_words(wrong)})") from wrong
        return line


def _on_disk(path: Path) -> None:
    """Wait until a copied file is on the disk, so that the history never names one that a power cut took away."""
    if path.is_file():
        with path.open("rb") as stream:
            os.fsync(stream.fileno())


def _in_words(wrong: Exception) -> str:
    return getattr(wrong, "strerror", None) or type(wrong).__name__
