"""Numbered copies, the one in use, and the way back: also when runs are killed, collide or find the disk full."""

from __future__ import annotations

import errno
import multiprocessing
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kb import kept_versions
from kb.content_files import ContentError
from kb.kept_versions import SHIPPED, ChangedMeanwhile, KeptVersions, Line, NoWayBack

NOON = datetime(2026, 11, 21, 4, tzinfo=UTC)


class Wrong(ContentError):
    """What the kind of these tests raises."""


def kept(folder: Path) -> KeptVersions[Line]:
    return KeptVersions(folder, name="things", line=Line, what="thing", mend="jiesu mend", error=Wrong)


def add(things: KeptVersions[Line], text: str, *, lines: int | None = None, fill: Any = None) -> Line:
    def write(part: Path) -> None:
        part.mkdir()
        (part / "text").write_text(text)

    def line(number: int, before: int) -> Line:
        return Line(number=number, at=NOON, command=text, before=before)

    return things.add(Path("given"), fill or write, line, lines=lines)


def in_use(things: KeptVersions[Line]) -> str:
    return (things.path(things.in_use()) / "text").read_text()


def every_file(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.name != "things-in-use.lock"}


@pytest.fixture
def things(tmp_path: Path) -> KeptVersions[Line]:
    made = kept(tmp_path / "var")
    add(made, "one")
    return made


def test_at_the_beginning_what_ships_is_in_use_and_there_is_no_way_back(tmp_path: Path) -> None:
    made = kept(tmp_path / "var")

    assert (made.in_use(), made.history()) == (SHIPPED, [])
    with pytest.raises(NoWayBack, match="no thing was in use before"):
        made.back(at=NOON, command="back")
    assert not (tmp_path / "var/things-in-use.jsonl").exists()


def test_back_after_three_goes_step_by_step_to_the_beginning(things: KeptVersions[Line]) -> None:
    add(things, "two")
    add(things, "three")

    numbers = [things.back(at=NOON, command="back").number for _ in range(3)]

    assert numbers == [2, 1, SHIPPED]
    with pytest.raises(NoWayBack):
        things.back(at=NOON, command="back")
    assert add(things, "four").number == 4, "a number is never given twice"


def test_a_version_is_only_put_to_use_on_the_one_it_was_made_from(things: KeptVersions[Line]) -> None:
    add(things, "two", lines=1)

    with pytest.raises(ChangedMeanwhile, match="changed meanwhile by `two`"):
        add(things, "three", lines=1)
    assert in_use(things) == "two"
    assert not things.path(3).exists()


def _fail(error: BaseException) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    return fail


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("moment", ["filling", "fsync", "rename", "replace", "touch"])
def test_whatever_fails_nothing_changes_and_nothing_is_left(
    things: KeptVersions[Line], tmp_path: Path, moment: str, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = every_file(tmp_path)
    with monkeypatch.context() as patched:
        if moment == "fsync":
            patched.setattr(kept_versions.os, moment, _fail(error))
        elif moment != "filling":
            patched.setattr(Path, moment, _fail(error))

        def half(part: Path) -> None:
            part.mkdir()
            (part / "text").write_text("ha")
            raise error

        with pytest.raises(Wrong if isinstance(error, OSError) else KeyboardInterrupt, match=r"space left|^$"):
            add(things, "two", fill=half if moment == "filling" else None)

    assert in_use(things) == "one"
    assert every_file(tmp_path) - {"var/things-in-use.part"} == before
    assert add(things, "three").number == 2


def test_ctrl_c_after_the_switch_leaves_the_new_version_in_use(
    things: KeptVersions[Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = Path.replace

    def late(self: Path, target: Path) -> Any:
        replace(self, target)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", late)
        with pytest.raises(KeyboardInterrupt):
            add(things, "two")

    assert in_use(things) == "two"


def _killed(folder: Path, moment: str) -> None:
    """Adds a version and dies at that moment, as by a power cut."""
    things = kept(folder)
    fill = None
    if moment == "filling":

        def half(part: Path) -> None:
            part.mkdir()
            (part / "text").write_text("ha")
            os._exit(9)

        fill = half
    elif moment == "before the switch":
        Path.replace = lambda *_: os._exit(9)  # type: ignore[assignment, method-assign]
    elif moment == "after the switch":
        Path.unlink = lambda *_, **__: os._exit(9)  # type: ignore[assignment, method-assign]
    add(things, "two", fill=fill)


@pytest.mark.parametrize(
    ("moment", "then"), [("filling", "one"), ("before the switch", "one"), ("after the switch", "two")]
)
def test_a_kill_never_leaves_half_a_version_in_use_and_the_next_change_clears_up(
    things: KeptVersions[Line], tmp_path: Path, moment: str, then: str
) -> None:
    child = multiprocessing.get_context("fork").Process(target=_killed, args=(tmp_path / "var", moment))
    child.start()
    child.join(20)

    assert child.exitcode == 9
    assert in_use(things) == then
    third = add(things, "three")
    assert in_use(things) == "three"
    names = {path.name for path in things.path(1).parent.iterdir()}
    assert names == {"1", str(third.number)} | ({"2"} if then == "two" else set())


def _add(folder: Path, text: str) -> None:
    add(kept(folder), text)


def test_two_at_once_both_get_in_one_after_the_other(things: KeptVersions[Line], tmp_path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    children = [fork.Process(target=_add, args=(tmp_path / "var", text)) for text in ("two", "three")]
    for child in children:
        child.start()
    for child in children:
        child.join(20)

    assert sorted(line.number for line in things.history()) == [1, 2, 3]
    assert [line.before for line in things.history()] == [0, 1, 2]


def test_a_damaged_history_names_file_line_and_what_mends_it(things: KeptVersions[Line]) -> None:
    things.pointer.write_text(things.pointer.read_text() + '{"number": "x"}\n')

    with pytest.raises(Wrong, match=r"things-in-use\.jsonl:2: damaged; `jiesu mend` mends it"):
        things.in_use()
    things.put_shipped(lambda before: Line(number=SHIPPED, at=NOON, command="mend", before=before))

    assert things.in_use() == SHIPPED
    assert things.pointer.with_suffix(".damaged").exists() and things.path(1).exists()
    assert add(things, "two").number == 2
    assert things.path(1).exists(), "versions that the damaged history named are not cleared away"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file where the folder should be")

    with pytest.raises(Wrong, match="cannot be written"):
        add(kept(tmp_path / "var"), "one")
