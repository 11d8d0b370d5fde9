"""`jiesu places import | layer | history | back | use | show`, in a small city of squares."""

from __future__ import annotations

import multiprocessing
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from integrations.cli import app
from integrations.commands import places
from integrations.services.errors import Rejected
from integrations.services.keeping_places import KeepingPlaces
from kb.content_files import ContentError
from kb.kept_versions import SHIPPED, ChangedMeanwhile, NoWayBack
from kb.places import atlas
from kb.places.kept import KeptPlaces
from tests.small_places import EAST, PLACES, area, city, every_area, feature, geojson, ring

Jiesu = Callable[..., Result]
NOON = datetime(2026, 11, 21, 4, tzinfo=UTC)
HEATING = ("--id", "heating", "--title", "供热企业", "--kind", "heating", "--source", "供热办", "--date", "2026-10-01")


@pytest.fixture
def keeping(tmp_path: Path) -> KeepingPlaces:
    return keeping_in(tmp_path)


def keeping_in(folder: Path) -> KeepingPlaces:
    shipped = folder / "shipped"
    return KeepingPlaces(KeptPlaces(folder / "var", shipped if shipped.exists() else city(shipped)), clock=lambda: NOON)


@pytest.fixture
def jiesu(keeping: KeepingPlaces, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Jiesu:
    """Runs the command in a folder of the test's own, in the small city."""
    monkeypatch.setattr(places, "_keeping", lambda: keeping)
    monkeypatch.chdir(tmp_path)
    return lambda *arguments, **more: CliRunner().invoke(app, ["places", *map(str, arguments)], **more)


def given(folder: Path, text: str, name: str = "given.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def cells(output: str, what: str) -> list[str]:
    """The cells of the table's row for that kind: added, changed, gone, same."""
    (row,) = [line for line in output.splitlines() if re.match(rf"│ {what} +│", line)]
    return [cell.strip() for cell in row.strip("│").split("│")[1:]]


# -- import ----------------------------------------------------------------------------------------------------------


def test_import_prints_what_changes_and_puts_it_to_use(jiesu: Jiesu, keeping: KeepingPlaces, tmp_path: Path) -> None:
    result = jiesu("import", geojson(tmp_path / "f.geojson", every_area()))

    assert result.exit_code == 0, result.output
    assert cells(result.output, "boundaries") == ["6", "", "", ""]
    assert "6 of 6 matched" in result.output and "in use: number 1" in result.output
    assert len(atlas.load(keeping.kept.path(1)).areas) == 6


def test_a_dry_run_changes_nothing_and_says_so(jiesu: Jiesu, keeping: KeepingPlaces, tmp_path: Path) -> None:
    result = jiesu("import", geojson(tmp_path / "f.geojson", every_area()), "--dry-run")

    assert result.exit_code == 0
    assert "a dry run: nothing was changed" in result.output and cells(result.output, "boundaries")[0] == "6"
    assert not (tmp_path / "var").exists()


def test_a_file_that_cannot_be_used_is_refused_by_line_and_changes_nothing(
    jiesu: Jiesu, keeping: KeepingPlaces, tmp_path: Path
) -> None:
    result = jiesu("import", given(tmp_path, "name,kind,district\nx,castle,东山区\n"))

    assert result.exit_code == 1
    assert isinstance(result.exception, ContentError) and "given.csv:2: kind" in str(result.exception)
    assert keeping.kept.history() == []


def test_conflicts_are_told_by_line_and_nothing_changes(jiesu: Jiesu, keeping: KeepingPlaces, tmp_path: Path) -> None:
    twice = given(tmp_path, "name,kind,district\n[/x],park,东山区\n[/x],park,东山区\n")

    result = jiesu("import", twice, "--yes")

    assert result.exit_code == 1
    assert "given.csv:3: kind park, name [/x], district 东山区: stands also at" in result.output
    assert "refused: 1 conflict; nothing was changed" in result.output
    assert keeping.kept.history() == []
    with pytest.raises(Rejected, match="nothing was changed"):
        keeping.put(keeping.prepare([twice]))


@pytest.mark.parametrize(("answer", "number"), [("n\n", SHIPPED), ("", SHIPPED), ("y\n", 1)])
def test_when_more_than_half_goes_it_asks_first(
    jiesu: Jiesu, keeping: KeepingPlaces, tmp_path: Path, answer: str, number: int
) -> None:
    result = jiesu("import", given(tmp_path, "name,kind,district\n新公园,park,东山区\n"), input=answer)

    assert "more than half goes of places: 3 of 3. Go on?" in result.output
    assert (result.exit_code, keeping.kept.in_use()) == (0 if number else 1, number)


@pytest.mark.parametrize("option", ["--yes", "--merge"])
def test_it_does_not_ask_when_told_so_or_when_nothing_goes(
    jiesu: Jiesu, keeping: KeepingPlaces, tmp_path: Path, option: str
) -> None:
    result = jiesu("import", given(tmp_path, "name,kind,district\n新公园,park,东山区\n"), option)

    assert (result.exit_code, keeping.kept.in_use()) == (0, 1)
    assert "Go on?" not in result.output


def test_the_same_again_is_not_put_to_use(jiesu: Jiesu, keeping: KeepingPlaces, tmp_path: Path) -> None:
    result = jiesu("import", given(tmp_path, PLACES))

    assert result.exit_code == 0 and "nothing is different" in result.output
    assert keeping.kept.history() == []


def test_the_first_20_are_shown_and_all_with_all(jiesu: Jiesu, tmp_path: Path) -> None:
    rows = "".join(f"公园{n},park,东山区\n" for n in range(30))
    path = given(tmp_path, f"name,kind,district\n{rows}")

    few, everything = (jiesu("import", path, "--merge", "--dry-run", *more).output for more in ((), ("--all",)))

    assert "公园19" in few and "公园20" not in few and "and 10 more; --all shows them" in few
    assert "公园29" in everything


@pytest.mark.parametrize("crs", ["gcj02", "GCJ-02"])
def test_the_system_of_coordinates_can_be_named(jiesu: Jiesu, keeping: KeepingPlaces, tmp_path: Path, crs: str) -> None:
    row = "name,kind,district,lat,lon\n新公园,park,东山区,36.1,120.1\n"

    assert jiesu("import", given(tmp_path, row), "--merge", "--crs", crs).exit_code == 0

    (park,) = [one for one in atlas.load(keeping.kept.path(1)).gazetteer.places if one.name == "新公园"]
    assert park.lon is not None and 0.003 < 120.1 - park.lon < 0.007


def test_an_unknown_system_is_refused(jiesu: Jiesu, tmp_path: Path) -> None:
    result = jiesu("import", given(tmp_path, PLACES), "--crs", "Beijing54")

    assert result.exit_code == 2 and "unknown coordinate system" in result.output


def test_a_whole_that_does_not_fit_together_is_refused(
    jiesu: Jiesu, keeping: KeepingPlaces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A layer that names a street which the new divisions do not have any more."""
    layer = given(tmp_path, "value,district,street\n西热公司,西河区,河口街道\n", "heat.csv")
    assert jiesu("layer", layer, *HEATING).exit_code == 0
    fewer = (tmp_path / "shipped/divisions.csv").read_text(encoding="utf-8").replace("河口街道", "河头街道")

    result = jiesu("import", given(tmp_path, fewer))

    assert isinstance(result.exception, ContentError)
    assert str(result.exception).startswith("taken together with what is there: layers/heating.csv:2: street: ")
    assert keeping.kept.in_use() == 1


def _import(folder: Path, name: str, ready: Any) -> None:
    """Imports on what is in use now, once the other has come as far."""
    keeping = keeping_in(folder)
    prepared = keeping.prepare([given(folder, f"name,kind,district\n{name},park,东山区\n", f"{name}.csv")], merge=True)
    ready.wait(20)
    try:
        keeping.put(prepared)
    except ChangedMeanwhile:
        raise SystemExit(7) from None


def test_of_two_imports_at_once_the_second_is_refused_and_loses_nothing(keeping: KeepingPlaces, tmp_path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    ready = fork.Barrier(2)
    children = [fork.Process(target=_import, args=(tmp_path, name, ready)) for name in ("甲公园", "乙公园")]
    for child in children:
        child.start()
    for child in children:
        child.join(30)

    assert sorted(child.exitcode or 0 for child in children) == [0, 7]
    (line,) = keeping.kept.history()
    assert line.places == 4


# -- layers ----------------------------------------------------------------------------------------------------------


def test_a_layer_is_added_replaced_shown_and_removed(jiesu: Jiesu, keeping: KeepingPlaces, tmp_path: Path) -> None:
    drawn = feature({"type": "Polygon", "coordinates": [ring(*EAST)]}, value="东热公司")
    added = jiesu("layer", geojson(tmp_path / "h.geojson", [drawn]), *HEATING, "--tell")
    assert "layer heating (供热企业, heating): 1 polygons, added" in added.output, added.exception
    assert "供热企业: 东热公司" in jiesu("show", "36.1,120.1").output

    replaced = jiesu("layer", given(tmp_path, "value,district\n西热公司,西河区\n"), *HEATING)
    assert "1 lines, replaced" in replaced.output and "in use: number 2" in replaced.output
    assert "西热公司" in jiesu("show", "幸福小区").output
    assert "东热公司" not in jiesu("show", "36.1,120.1").output

    assert "layer heating: removed" in jiesu("layer", "--remove", "heating").output
    assert "供热" not in jiesu("show", "幸福小区").output
    assert [line.layers for line in keeping.kept.history()] == [1, 1, 0]
    assert jiesu("back").exit_code == 0
    assert "西热公司" in jiesu("show", "幸福小区").output


def test_a_layers_dry_run_changes_nothing(jiesu: Jiesu, keeping: KeepingPlaces, tmp_path: Path) -> None:
    result = jiesu("layer", given(tmp_path, "value,district\n西热公司,西河区\n"), *HEATING, "--dry-run")

    assert "1 lines, would be added" in result.output and "nothing was changed" in result.output
    assert keeping.kept.history() == []


def test_a_layer_that_is_not_there_cannot_be_removed(jiesu: Jiesu, keeping: KeepingPlaces) -> None:
    result = jiesu("layer", "--remove", "gas")

    assert isinstance(result.exception, Rejected) and "no layer 'gas'; there is none" in str(result.exception)
    assert keeping.kept.history() == []


@pytest.mark.parametrize(
    "arguments", [(), ("given.csv",), ("given.csv", "--remove", "x"), ("given.csv", *HEATING[:4]), ("--dry-run",)]
)
def test_a_layer_needs_its_options(jiesu: Jiesu, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    given(tmp_path, "value,district\n西热公司,西河区\n")

    assert jiesu("layer", *arguments).exit_code == 2


# -- history and the way back ----------------------------------------------------------------------------------------


def test_back_after_three_imports_returns_step_by_step(jiesu: Jiesu, keeping: KeepingPlaces, tmp_path: Path) -> None:
    for name in ("甲公园", "乙公园", "丙公园"):
        jiesu("import", given(tmp_path, f"name,kind,district\n{name},park,东山区\n", f"{name}.csv"), "--merge")

    seen = []
    for _ in range(3):
        assert jiesu("back").exit_code == 0
        seen.append(len(atlas.load(keeping.kept.path(keeping.kept.in_use())).gazetteer.places))

    assert seen == [5, 4, 3]
    assert isinstance(jiesu("back").exception, NoWayBack)
    shown = jiesu("history").output
    assert [shown.count(f"{name}.csv") for name in ("甲公园", "乙公园", "丙公园")] == [2, 2, 1]
    assert re.search(r"the one that ships .* back .*← in use", shown)


def test_back_to_places_that_are_damaged_is_refused(jiesu: Jiesu, keeping: KeepingPlaces, tmp_path: Path) -> None:
    for name in ("甲公园", "乙公园"):
        jiesu("import", given(tmp_path, f"name,kind,district\n{name},park,东山区\n"), "--merge")
    (keeping.kept.path(1) / "places.csv").write_text("?", encoding="utf-8")

    assert "places.csv:1" in str(jiesu("back").exception)
    assert keeping.kept.in_use() == 2
    assert jiesu("use", "--shipped").exit_code == 0
    assert keeping.kept.in_use() == SHIPPED


def test_use_needs_shipped(jiesu: Jiesu) -> None:
    assert jiesu("use").exit_code == 2


def test_history_before_anything_was_brought_says_what_is_in_use(jiesu: Jiesu) -> None:
    assert re.search(r"the one that ships .*← in use", jiesu("history").output)


# -- show ------------------------------------------------------------------------------------------------------------


def test_show_tells_the_chain_aliases_and_coordinates(jiesu: Jiesu, tmp_path: Path) -> None:
    jiesu("import", geojson(tmp_path / "f.geojson", every_area()))

    community, former, park = (jiesu("show", what).output for what in ("990101001001", "石桥乡", "五月的风"))
    point = jiesu("show", "36.15, 119.95").output

    assert "东山区 990101 > 和平路街道 990101001 > 和平路社区居民委员会 990101001001" in community
    assert "former street: 2001年并入" in former and "东山区 990101" in former
    assert "五四广场" in park and "36.05, 120.05" in park and "和平路街道" in park
    assert "西河区 990102 > 河口街道 990102002" in point and "by its boundary" in point


def test_show_gives_every_entry_of_a_name(jiesu: Jiesu) -> None:
    output = jiesu("show", "和平路街道").output

    assert "990101001" in output and "990102001" in output


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("五四广", "'五四广' is no name, code or point that is known; perhaps 五四广场"),
        ("119.95,36.15", "seem to be swapped"),
        ("999999", "is no name, code or point"),
        ("", "is no name, code or point"),
    ],
)
def test_show_of_what_is_not_known_suggests_or_says_why(jiesu: Jiesu, what: str, told: str) -> None:
    assert told in str(jiesu("show", what).exception)


def test_the_commands_use_the_data_folder_and_the_places_that_ship(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("JIESU_DATA_DIR", str(tmp_path))
    shinan = geojson(tmp_path / "f.geojson", [area("990101", name="青岛西海岸新区（黄岛区）", admin_level=6)])

    result = CliRunner().invoke(app, ["places", "import", str(shinan)])

    assert result.exit_code == 0, result.exception
    assert (tmp_path / "places/places-kept/1/areas.geojson").read_text(encoding="utf-8").count('"370211"') == 1
