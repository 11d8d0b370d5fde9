"""Which model of categories is in use: the one that ships, or one of those learned from the city's own tickets.

Learned models are copied into `categories-kept/<number>/`. The file `categories-in-use.jsonl` has one line for each
time that a model was put to use; the last line is the one in use. It is replaced whole, so that model and history
change together or not at all.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from kb.content_files import ContentError
from kb.learned import About, Learned, ModelError, read_about
from kb.vectors import Embedder

SHIPPED = 0


class NoWayBack(ContentError):
    """There is no model that was in use before."""


class Use(BaseModel):
    """One line of the history. `number` 0 is the model that ships.

    `before` is the line (from 1) that was in use when this one was put to use, 0 for the beginning: the way back.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: int
    at: datetime
    command: str
    before: int
    fitted: datetime | None = None
    rows: int | None = None
    unit_accuracy: float | None = None


class KeptModels:
    """The learned models of one installation. `folder` is where it keeps its models."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.pointer = folder / "categories-in-use.jsonl"

    def path(self, number: int) -> Path:
        """The folder of a learned model."""
        return self._folder / "categories-kept" / str(number)

    def history(self) -> list[Use]:
        """Every time that a model was put to use, the first first. Raises ModelError naming file and line."""
        try:
            lines = self.pointer.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as wrong:
            raise ModelError(f"{self.pointer}: cannot be read ({wrong})") from wrong
        found = []
        for line, text in enumerate(lines, 1):
            try:
                found.append(Use.model_validate_json(text))
            except ValidationError as wrong:
                raise ModelError(
                    f"{self.pointer}:{line}: damaged; `jiesu classifier use --shipped` mends it"
                ) from wrong
        return found

    def in_use(self) -> int:
        """The number of the model in use, 0 for the one that ships. Raises ModelError."""
        history = self.history()
        return history[-1].number if history else SHIPPED

    def load(self, number: int, embedder: Embedder | None) -> Learned:
        """A learned model. Raises ModelError."""
        return Learned.load(self.path(number), embedder)

    def use(self, folder: Path, *, at: datetime, command: str) -> Use:
        """Copy a model folder in and put it to use. The caller has checked that it may be. Raises ModelError."""
        with self._alone():
            history = self.history()
            number = 1 + max((int(path.name) for path in self.path(1).parent.glob("[0-9]*")), default=0)
            self._copy(folder, number)
            return self._put(history, _line(number, read_about(self.path(number)), at, command, len(history)))

    def use_shipped(self, *, at: datetime, command: str) -> Use:
        """Put the model that ships to use. A damaged history is put aside."""
        with self._alone():
            try:
                history = self.history()
            except ModelError:
                self.pointer.replace(self.pointer.with_suffix(".damaged"))
                history = []
            return self._put(history, Use(number=SHIPPED, at=at, command=command, before=len(history)))

    def before(self) -> Use | None:
        """What `back` would return to; None is the model that ships, at the beginning.

        Raises NoWayBack, or ModelError.
        """
        history = self.history()
        if not history:
            raise NoWayBack("no model was in use before the one that ships")
        return history[history[-1].before - 1] if history[-1].before else None

    def back(self, *, at: datetime, command: str) -> Use:
        """Put the model to use that was before this one; again, the one before that. Raises NoWayBack, ModelError."""
        with self._alone():
            history, target = self.history(), self.before()
            if target is None:
                if history[-1].number == SHIPPED:
                    raise NoWayBack("no model was in use before the one that ships")
                return self._put(history, Use(number=SHIPPED, at=at, command=command, before=0))
            return self._put(history, target.model_copy(update={"at": at, "command": command}))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One change at a time, also among processes."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "categories-in-use.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _copy(self, folder: Path, number: int) -> None:
        target = self.path(number)
        target.parent.mkdir(parents=True, exist_ok=True)
        for left in target.parent.glob(".part-*"):  # of a run that was killed
            shutil.rmtree(left, ignore_errors=True)
        part = target.with_name(f".part-{number}")
        try:
            shutil.copytree(folder, part)
            part.rename(target)
        except (OSError, shutil.Error) as wrong:
            raise ModelError(f"{folder}: cannot be copied ({type(wrong).__name__})") from wrong
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def _put(self, history: list[Use], line: Use) -> Use:
        part = self.pointer.with_suffix(".part")
        with part.open("w", encoding="utf-8") as stream:
            stream.writelines(f"{one.model_dump_json()}\n" for one in (*history, line))
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(self.pointer)
        return line


def _line(number: int, about: About, at: datetime, command: str, before: int) -> Use:
    return Use(
        number=number,
        at=at,
        command=command,
        before=before,
        fitted=about.made,
        rows=about.rows,
        unit_accuracy=about.figures.unit_accuracy,
    )
