"""The city's places in use: kept, found again, and taken up by a system that works."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kb.content_files import ContentError
from kb.following import LOOK_AFTER
from kb.kept_versions import SHIPPED, ChangedMeanwhile
from kb.places import atlas
from kb.places.current import CurrentPlaces
from kb.places.importing import versions
from kb.places.importing.versions import DIVISIONS
from kb.places.kept import KeptPlaces, PlacesError, Use
from tests.conftest import wait_until
from tests.small_places import city

NOON = datetime(2026, 11, 21, 4, tzinfo=UTC)


@pytest.fixture
def kept(tmp_path: Path) -> KeptPlaces:
    return KeptPlaces(tmp_path / "var/places", city(tmp_path / "shipped"))


def put(kept: KeptPlaces, name: str) -> Use:
    """Rename 东山区 and put that to use."""
    version = versions.read(kept.path(kept.in_use()))
    row = DIVISIONS.with_cells(version.divisions["990101",], aliases=name)
    version = version.with_table(DIVISIONS, {**version.divisions, ("990101",): row})
    lines = len(kept.history())
    return kept.use(version, at=NOON, command="import", files="f.csv", sha256="0", lines=lines)


def called(folder: Path) -> str:
    """What 东山区 is called in that folder."""
    return atlas.load(folder).gazetteer.divisions["990101"].aliases[0]


def test_version_0_is_the_folder_that_ships(kept: KeptPlaces, tmp_path: Path) -> None:
    assert (kept.in_use(), kept.path(SHIPPED)) == (SHIPPED, tmp_path / "shipped")


def test_a_version_is_kept_whole_and_the_history_says_what_is_in_it(kept: KeptPlaces, tmp_path: Path) -> None:
    line = put(kept, "新东山")

    assert (line.number, line.divisions, line.places, line.boundaries, line.layers) == (1, 8, 3, 0, 0)
    assert kept.path(1) == tmp_path / "var/places/places-kept/1"
    assert called(kept.path(1)) == "新东山"
    assert (tmp_path / "var/places/places-in-use.jsonl").read_text().count("\n") == 1


def test_layers_go_along_with_every_version(kept: KeptPlaces, tmp_path: Path) -> None:
    layers = tmp_path / "layers"
    layers.mkdir()
    (layers / "heat.csv").write_text("value,district,street,community,compound\n甲,东山区,,,\n", encoding="utf-8")
    (layers / "heat.yml").write_text("title: 供热\nkind: heating\n", encoding="utf-8")
    version = replace(versions.read(kept.path(SHIPPED)), layers=layers)
    kept.use(version, at=NOON, command="layer heat", files="heat.csv", sha256="0", lines=0)

    line = put(kept, "新东山")

    assert line.layers == 1
    assert [layer.id for layer in atlas.load(kept.path(2)).layers.all] == ["heat"]


def test_a_version_made_from_another_is_refused(kept: KeptPlaces) -> None:
    version = versions.read(kept.path(SHIPPED))
    put(kept, "新东山")

    with pytest.raises(ChangedMeanwhile, match="try again"):
        kept.use(version, at=NOON, command="import", files="f.csv", sha256="0", lines=0)
    assert called(kept.path(kept.in_use())) == "新东山"


def test_a_damaged_history_names_what_mends_it(kept: KeptPlaces) -> None:
    put(kept, "新东山")
    kept.pointer.write_text("?\n")

    with pytest.raises(PlacesError, match=r"places-in-use\.jsonl:1: damaged; `jiesu places use --shipped` mends it"):
        kept.in_use()
    kept.use_shipped(at=NOON, command="use --shipped")
    assert kept.in_use() == SHIPPED


# -- while it works --------------------------------------------------------------------------------------------------


class Clock:
    """Seconds that pass when they are told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def settle(places: CurrentPlaces[str], clock: Clock) -> str:
    """What is in use when two seconds are over and whatever was begun is done."""
    clock.now += LOOK_AFTER
    _ = places.atlas
    wait_until(lambda: not places._changing.locked())
    return places.atlas


def test_changes_are_taken_up_within_two_seconds_and_so_is_the_way_back(kept: KeptPlaces) -> None:
    clock = Clock()
    places = CurrentPlaces(kept, called, clock=clock)
    assert places.atlas == "东山"

    put(kept, "新东山")
    assert (places.atlas, places._changing.locked()) == ("东山", False), "looked before two seconds were over"
    assert settle(places, clock) == "新东山"
    kept.back(at=NOON, command="back")
    assert settle(places, clock) == "东山"


def test_the_old_places_go_on_while_the_new_ones_are_loaded(kept: KeptPlaces) -> None:
    clock, go_on = Clock(), threading.Event()

    def slow(folder: Path) -> str:
        assert folder == kept.path(SHIPPED) or go_on.wait(10)
        return called(folder)

    places = CurrentPlaces(kept, slow, clock=clock)
    put(kept, "新东山")
    clock.now += LOOK_AFTER

    assert [places.atlas for _ in range(3)] == ["东山"] * 3
    go_on.set()
    wait_until(lambda: places.atlas == "新东山")


@pytest.mark.parametrize("error", [ContentError("divisions.csv:1: wrong"), MemoryError("x")])
def test_places_that_cannot_be_loaded_leave_the_old_ones_and_are_logged(
    kept: KeptPlaces, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    def load(folder: Path) -> str:
        if folder == kept.path(2):
            raise error
        return called(folder)

    clock = Clock()
    put(kept, "新东山")
    places = CurrentPlaces(kept, load, clock=clock)
    put(kept, "又一个")

    with caplog.at_level(logging.INFO):
        assert settle(places, clock) == "新东山"
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "the old one goes on" in caplog.text
    kept.back(at=NOON, command="back")
    put(kept, "再一个")
    assert settle(places, clock) == "再一个", "the next one is taken up again"


def test_at_the_start_the_places_that_ship_take_the_place_of_damaged_ones(
    kept: KeptPlaces, caplog: pytest.LogCaptureFixture
) -> None:
    put(kept, "新东山")
    (kept.path(1) / "divisions.csv").write_text("?", encoding="utf-8")

    assert CurrentPlaces(kept, called).atlas == "东山"
    assert "those that ship take their place" in caplog.text and "divisions.csv" in caplog.text
