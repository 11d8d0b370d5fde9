"""`jiesu classifier fit | evaluate | use | history | report`, in a small city with an embedder that counts letters."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from rich.console import Console
from typer.testing import CliRunner

from integrations import bootstrap
from integrations.bootstrap import Services
from integrations.cli import app
from integrations.commands import progress
from integrations.running import doctor
from integrations.services.errors import Rejected, TryLater
from integrations.settings import Settings
from kb.content_files import ContentError
from kb.current import CurrentJudge
from kb.kept_models import NoWayBack
from kb.learned import ABOUT, HELD_OUT, MODEL, About, ModelError, read_about
from kb.taxonomy import Taxonomy
from kb.tickets import Kind
from tests import small_city
from tests.conftest import PROJECT, wait_until
from tests.small_city import CITY, DUTIES, LAMP, NOISE, NOON, OWN, SMELL, Letters, csv_file, rows

Jiesu = Callable[..., Result]


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    small_city.few_examples(monkeypatch)


def small(folder: Path, embedder: Letters | None = None, city: Taxonomy = CITY) -> Services:
    chosen = Settings(_env_file=None, data_dir=folder)
    return bootstrap.build(chosen, taxonomy=city, duties=DUTIES, embedder=embedder, clock=lambda: NOON)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the model that ships, and beside it models that `fit` wrote: `codes` and `own`."""
    folder = tmp_path_factory.mktemp("city")
    with pytest.MonkeyPatch.context() as monkeypatch:
        small_city.few_examples(monkeypatch)
        learning = small(folder / "var").learning_categories
        learning.fit(csv_file(folder / "codes.csv", rows()), folder / "codes", folds=2)
        learning.fit(csv_file(folder / "own.csv", rows(OWN)), folder / "own", folds=2)
    return folder


@pytest.fixture
def city(fitted: Path, tmp_path: Path) -> Services:
    """An installation in a data folder of its own, the model that ships learned already."""
    data = tmp_path / "var"
    (data / "models").mkdir(parents=True)
    for path in (fitted / "var" / "models").glob("*.joblib"):
        (data / "models" / path.name).write_bytes(path.read_bytes())
    return small(data)


@pytest.fixture
def jiesu(city: Services, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Jiesu:
    """Runs the command in a folder of the test's own, in the small city."""
    monkeypatch.setattr(bootstrap, "build", lambda _settings: city)
    monkeypatch.setenv("JIESU_DATA_DIR", str(city.settings.data_dir))
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app, ["classifier", *map(str, arguments)])


def worsened(folder: Path, target: Path, points: float) -> Path:
    """A copy of a model that was measured to be so many points worse at the unit than the model in use."""
    target.mkdir()
    for path in folder.iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    about = json.loads((target / ABOUT).read_text())
    about["compared"]["there"]["unit_accuracy"] = about["compared"]["here"]["unit_accuracy"] + points / 100
    (target / ABOUT).write_text(json.dumps(about))
    return target


# -- fit ---------------------------------------------------------------------------------------------------------


def test_fit_prints_the_figures_beside_those_of_the_model_in_use_and_writes_the_folder(
    jiesu: Jiesu, tmp_path: Path
) -> None:
    data = csv_file(tmp_path / "F.csv", rows())

    result = jiesu("fit", "--data", data, "--out", "new", "--folds", "2")

    assert result.exit_code == 0, result.output
    for said in ("right unit", "macro-F1", "calibration error", LAMP, "precision", "coverage", "difference", "in use"):
        assert said in result.output
    about = read_about(tmp_path / "new")
    assert (about.kind, about.rows, about.source.name, about.folds) == (Kind.CODES, 75, "F.csv", 2)
    assert about.made == NOON
    assert about.compared and about.compared.there.rows == 75


def test_fit_learns_the_citys_own_labels_and_compares_them_with_nothing(jiesu: Jiesu, tmp_path: Path) -> None:
    data = csv_file(tmp_path / "F.csv", rows(OWN))

    result = jiesu("fit", "--data", data, "--out", "new", "--folds", "2", "--no-vectors")

    assert result.exit_code == 0, result.output
    assert "城管" in result.output and "difference" not in result.output
    assert read_about(tmp_path / "new").compared is None


def test_labels_and_folders_with_brackets_are_shown_as_they_are(jiesu: Jiesu, tmp_path: Path) -> None:
    names = {**OWN, LAMP: "[/灯]"}

    result = jiesu("fit", "--data", csv_file(tmp_path / "F.csv", rows(names)), "--out", "[/b]", "--folds", "2")

    assert result.exit_code == 0, result.exception
    assert "[/灯]" in result.output and "[/b]: 75 rows" in result.output


def test_fit_with_a_map_makes_a_model_of_our_codes(jiesu: Jiesu, tmp_path: Path) -> None:
    data = csv_file(tmp_path / "F.csv", [*rows(OWN), ("说不清的事", "杂项")])
    pairs = [*((label, code) for code, label in OWN.items()), ("杂项", "")]
    mapping = csv_file(tmp_path / "MAP.csv", pairs, ("label", "code"))

    result = jiesu("fit", "--data", data, "--out", "new", "--map", mapping, "--folds", "2")

    assert result.exit_code == 0, result.output
    assert "1 rows left out: mapped to no code" in result.output
    about = read_about(tmp_path / "new")
    assert about.kind is Kind.CODES and about.map and about.map.name == "MAP.csv"


def test_fit_without_an_embedder_says_so(jiesu: Jiesu, tmp_path: Path) -> None:
    result = jiesu("fit", "--data", csv_file(tmp_path / "F.csv", rows(OWN)), "--out", "new", "--folds", "2")

    assert "no embedder on this machine: learned from words alone" in result.output
    assert read_about(tmp_path / "new").notes


def test_fit_needs_an_answer_of_the_embedding_service(tmp_path: Path) -> None:
    embedder = Letters()
    embedder.away = True
    learning = small(tmp_path / "var", embedder).learning_categories

    with pytest.raises(TryLater, match="`--no-vectors` learns from words alone"):
        learning.fit(csv_file(tmp_path / "F.csv", rows(OWN)), tmp_path / "new", folds=2)
    assert not (tmp_path / "new").exists()


def test_a_later_model_is_compared_on_rows_that_the_one_in_use_has_not_seen(
    city: Services, fitted: Path, tmp_path: Path
) -> None:
    city.learning_categories.use(fitted / "codes")
    later = [(f"{text}，请尽快处理", code) for text, code in rows()][:40]
    said: list[str] = []

    def fit(name: str, lines: list[tuple[str, str]]) -> About:
        data = csv_file(tmp_path / f"{name}.csv", lines)
        return city.learning_categories.fit(data, tmp_path / name, folds=2, say=said.append)

    both, same = fit("both", [*rows(), *later]), fit("same", rows())

    assert both.compared and (both.compared.model, both.compared.seen, both.compared.here.rows) == (1, 75, 40)
    assert same.compared is None
    assert "not compared: the model in use has learned from all but 0 of these rows" in said
    assert same.notes[-1] == said[-1]


def test_bad_rows_are_told_one_line_each_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "F.csv").write_text("text,label\n,城建\n路灯不亮,\n漏气,燃气,x\n", encoding="utf-8")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("JIESU_")}

    result = subprocess.run(
        [sys.executable, "-m", "integrations.cli", "classifier", "fit", "--data", "F.csv", "--out", "new"],
        cwd=tmp_path,
        env={**clean, "JIESU_DATA_DIR": str(tmp_path / "var"), "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        "jiesu: F.csv cannot be used as it is:",
        "F.csv:2: text: empty",
        "F.csv:3: label: empty",
        "F.csv:4: 3 cells, the first line has 2",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["F.csv"]


@pytest.mark.parametrize("options", [["--folds", "1"], ["--folds", "x"], []])
def test_a_call_of_fit_that_makes_no_sense_is_refused(jiesu: Jiesu, options: list[str]) -> None:
    assert jiesu("fit", "--out", "new", *options).exit_code == 2


def test_a_folder_that_holds_something_else_is_refused_before_the_work(jiesu: Jiesu, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "x").touch()

    result = jiesu("fit", "--data", "nothing.csv", "--out", "mine", "--force")

    assert isinstance(result.exception, ModelError)
    assert "is not a model folder" in str(result.exception)


def test_ctrl_c_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    """A real process, interrupted while it learns."""
    data = csv_file(
        tmp_path / "F.csv", [(f"{text}{number}次了", label) for text, label in rows(OWN) for number in range(20)]
    )
    clean = {name: value for name, value in os.environ.items() if not name.startswith("JIESU_")}
    command = [sys.executable, "-m", "integrations.cli", "classifier", "fit", "--data", str(data), "--out", "new"]
    with subprocess.Popen(
        [*command, "--no-vectors", "--folds", "20"],
        cwd=tmp_path,
        env={**clean, "JIESU_DATA_DIR": str(tmp_path / "var"), "PYTHONPATH": str(PROJECT)},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        # a shell that runs the tests in the background has them ignore it, and what they start too
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stderr
        first = process.stderr.readline()
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()

    assert "held-out folds: 0 of 20" in first
    assert process.returncode in (130, -signal.SIGINT), rest
    assert "Traceback" not in rest
    assert [path.name for path in tmp_path.iterdir()] == ["F.csv"]


# -- evaluate ----------------------------------------------------------------------------------------------------


def test_evaluate_measures_the_model_in_use(jiesu: Jiesu, tmp_path: Path) -> None:
    result = jiesu("evaluate", "--data", csv_file(tmp_path / "T.csv", [("整条街路灯都灭了", LAMP)], ("text", "code")))

    assert result.exit_code == 0, result.output
    assert "on 1 rows" in result.output and "right unit" in result.output and "100.0 %" in result.output


def test_evaluate_measures_a_model_of_own_labels_and_counts_strange_ones_as_wrong(
    city: Services, fitted: Path, tmp_path: Path
) -> None:
    data = csv_file(tmp_path / "T.csv", [("南边的路灯不亮", "城管"), ("灶台漏气", "燃气"), ("买菜缺斤少两", "市监")])

    found = city.learning_categories.evaluate(data, model=fitted / "own")

    assert (found.figures.rows, found.units) == (3, None)
    assert found.figures.accuracy == pytest.approx(2 / 3)
    assert "1 rows count as wrong: the model does not know 市监" in found.notes


def test_evaluate_says_when_the_model_has_learned_from_the_rows(city: Services, fitted: Path) -> None:
    found = city.learning_categories.evaluate(fitted / "codes.csv", model=fitted / "codes")

    assert any("has learned from 75 of these rows" in note for note in found.notes)


@pytest.mark.parametrize(
    ("model", "labels", "said"),
    [
        (None, OWN, "has the city's own labels, the model has our category codes: give `--map MAP.csv`"),
        ("codes", OWN, "has the city's own labels, the model has our category codes: give `--map MAP.csv`"),
        ("own", None, "has our category codes, the model has the city's own labels: give another file"),
        ("own", dict.fromkeys(OWN, "别的"), "none of its labels is known to the model"),
    ],
)
def test_evaluate_refuses_labels_of_another_kind(
    city: Services, fitted: Path, tmp_path: Path, model: str | None, labels: dict[str, str] | None, said: str
) -> None:
    data = csv_file(tmp_path / "T.csv", rows(labels))

    with pytest.raises(Rejected) as refused:
        city.learning_categories.evaluate(data, model=fitted / model if model else None)
    assert said in str(refused.value)


# -- use, history ------------------------------------------------------------------------------------------------


def test_a_model_is_put_to_use_and_given_up_again(jiesu: Jiesu, fitted: Path) -> None:
    assert "in use: number 1" in jiesu("use", fitted / "codes").output
    assert "in use: the one that ships" in jiesu("use", "--back").output
    assert "in use: number 2" in jiesu("use", fitted / "codes").output
    assert "in use: the one that ships" in jiesu("use", "--shipped").output


def test_the_history_names_every_change_and_marks_what_is_in_use(jiesu: Jiesu, fitted: Path) -> None:
    assert "the one that ships" in jiesu("history").output
    jiesu("use", fitted / "codes")
    jiesu("use", fitted / "codes")
    jiesu("use", "--back")

    lines = [line for line in jiesu("history").output.splitlines() if "number" in line]

    assert [("in use" in line, line.split("│")[1].strip()) for line in lines] == [
        (False, "number 1"), (False, "number 2"), (True, "number 1"),
    ]  # fmt: skip
    assert "2026-11-21 04:00" in lines[0] and " 75 " in lines[0] and "use --back" in lines[2]


@pytest.mark.parametrize("arguments", [[], ["x", "--back"], ["--back", "--shipped"], ["x", "y"]])
def test_a_call_of_use_that_makes_no_sense_is_refused(jiesu: Jiesu, arguments: list[str]) -> None:
    assert jiesu("use", *arguments).exit_code == 2


def test_there_is_no_way_back_from_the_beginning(jiesu: Jiesu) -> None:
    assert isinstance(jiesu("use", "--back").exception, NoWayBack)


def test_a_model_of_own_labels_is_refused_with_the_way_out(jiesu: Jiesu, fitted: Path) -> None:
    result = jiesu("use", fitted / "own")

    assert isinstance(result.exception, ModelError)
    assert "fit --map MAP.csv" in str(result.exception)


def test_a_model_of_another_embedder_is_refused(fitted: Path, tmp_path: Path, city: Services) -> None:
    with_vectors = small(city.settings.data_dir, Letters("another"))
    with_vectors.learning_categories.fit(fitted / "codes.csv", tmp_path / "new", folds=2)

    with pytest.raises(Rejected, match="learned with the embedder another; this installation has none"):
        city.learning_categories.use(tmp_path / "new")
    assert city.models.kept.in_use() == 0


@pytest.mark.parametrize(("points", "refused"), [(0.9, False), (1.1, True)])
def test_a_model_more_than_a_point_worse_is_refused_unless_it_shall_be_used_anyway(
    city: Services, fitted: Path, tmp_path: Path, points: float, refused: bool
) -> None:
    folder = worsened(fitted / "codes", tmp_path / "worse", points)
    if refused:
        with pytest.raises(Rejected, match="`--anyway` uses it all the same"):
            city.learning_categories.use(folder)
        assert city.models.kept.in_use() == 0

    assert city.learning_categories.use(folder, anyway=refused).number == 1


def test_the_way_back_to_a_damaged_model_is_refused(city: Services, fitted: Path) -> None:
    for _ in range(2):
        city.learning_categories.use(fitted / "codes")
    (city.models.kept.path(1) / MODEL).write_bytes(b"x")

    with pytest.raises(ModelError, match="is damaged"):
        city.learning_categories.back()
    assert city.models.kept.in_use() == 2


def test_the_running_services_take_the_model_up(city: Services, fitted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = city.classifier
    assert isinstance(judge, CurrentJudge)
    before = judge._judge
    city.learning_categories.use(fitted / "codes")
    monkeypatch.setattr(judge, "_clock", lambda: time.monotonic() + 5)

    judge.judge("路灯不亮")

    wait_until(lambda: judge._judge is not before)


# -- report, doctor ----------------------------------------------------------------------------------------------


def test_the_report_shows_curve_bars_mix_ups_honesty_and_industries(jiesu: Jiesu, tmp_path: Path) -> None:
    result = jiesu("report", "--out", "pictures")

    assert result.exit_code == 0, result.output
    for said in (
        "files or refers",
        "file at once",
        "most often mixed up",
        "calibration error",
        "市容景观",
        "other authorities",
        "refer",
    ):
        assert said in result.output
    pictures = sorted((tmp_path / "pictures").iterdir())
    assert [path.name for path in pictures] == ["confusions.png", "curve.png", "industries.png", "reliability.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in pictures)


def test_the_report_of_the_model_that_ships_is_computed_once(city: Services) -> None:
    steps: list[str] = []
    first = city.learning_categories.report(lambda step, _done, _all: steps.append(step))
    counted = len(steps)

    again = city.learning_categories.report(lambda step, _done, _all: steps.append(step))

    assert counted > 0 and len(steps) == counted
    assert again.figures == first.figures
    assert {row.truth for row in first.judged} == {LAMP, SMELL, NOISE, "duty:labour_social"}


def test_the_report_of_a_learned_model_is_about_its_held_out_tickets(city: Services, fitted: Path) -> None:
    city.learning_categories.use(fitted / "codes")

    found = city.learning_categories.report()

    assert "model 1" in found.about
    assert found.figures == read_about(fitted / "codes").figures


def test_the_report_can_judge_a_file(jiesu: Jiesu, fitted: Path) -> None:
    assert "on 75 rows" in jiesu("report", "--data", fitted / "codes.csv").output


def test_pictures_that_cannot_be_written_are_one_sentence(jiesu: Jiesu, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert isinstance(jiesu("report", "--out", "file/pictures").exception, ContentError)


def test_the_doctor_says_which_model_is_in_use_and_why_not(city: Services, fitted: Path) -> None:
    def found(services: Services) -> doctor.Check:
        return doctor._model_in_use(services)

    assert (found(city).state, found(city).found) == ("ok", "the one that ships")
    city.learning_categories.use(fitted / "codes")
    assert (found(city).state, found(city).found) == ("ok", "number 1, learned from 75 tickets on 2026-11-21")

    fewer = small(city.settings.data_dir, city=Taxonomy({code: CITY.leaves[code] for code in (LAMP, SMELL)}))
    changed = found(fewer)
    assert changed.state == "warn" and f"it knows {NOISE}" in changed.found and "fit it again" in changed.found

    (city.models.kept.path(1) / HELD_OUT).unlink()
    assert (found(city).state, "is missing" in found(city).found) == ("warn", True)


def test_the_doctor_says_when_the_examples_have_changed_since(
    city: Services, fitted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    city.learning_categories.use(fitted / "codes")
    monkeypatch.setitem(small_city.SHIPS, LAMP, ("新的一句", *small_city.SHIPS[LAMP]))
    small_city.few_examples(monkeypatch)

    check = doctor._model_in_use(city)

    assert check.state == "ok" and "the examples have changed" in check.do


# -- progress ----------------------------------------------------------------------------------------------------


def test_elsewhere_than_on_a_terminal_progress_is_plain_lines_and_not_too_many() -> None:
    out = io.StringIO()
    with progress.steps(Console(file=out, width=80)) as step:
        for done in range(101):
            step("embedding", done, 100)

    lines = out.getvalue().splitlines()
    assert [line.split(" (")[0] for line in lines] == [f"embedding: {done} of 100" for done in (0, 25, 50, 75, 100)]


def test_on_a_terminal_a_bar_is_drawn() -> None:
    out = io.StringIO()
    with progress.steps(Console(file=out, width=80, force_terminal=True)) as step:
        step("embedding", 1, 2)
        step("embedding", 2, 2)

    assert "2/2" in out.getvalue() and "━" in out.getvalue()
