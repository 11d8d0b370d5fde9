"""Models learned from tickets: what is in their folder, what is not, and changing the one in use."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import multiprocessing
import os
import pickle
import re
import threading
import time
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest

from kb import kept_versions
from kb.current import LOOK_AFTER, CurrentJudge, Models
from kb.kept_models import SHIPPED, KeptModels, NoWayBack
from kb.learned import ABOUT, HELD_OUT, MODEL, SEEN, SPACE, Learned, ModelError, read_about, read_held_out, unfit, write
from kb.learning import TooFew, cross_validate, fit, folds_of, prepare
from kb.taxonomy import Taxonomy
from kb.tickets import Kind, Ticket, learnable
from kb.training import TrainedClassifier, as_judged
from tests import small_city
from tests.conftest import wait_until
from tests.small_city import CITY, DUTIES, LAMP, NOISE, NOON, OWN, SMELL, Letters, csv_file, learning, models, rows

PHONE, IDENTITY, NAME = "13812345678", "370202199001011234", "欧阳翡翠"


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    small_city.few_examples(monkeypatch)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Model folders to read: codes, codes without vectors, own labels; and the models of an installation."""
    folder = tmp_path_factory.mktemp("models")
    with pytest.MonkeyPatch.context() as monkeypatch:
        small_city.few_examples(monkeypatch)
        personal = [(f"{NAME}反映路灯不亮，电话{PHONE}，证件{IDENTITY}", LAMP), *rows()]
        codes, own = csv_file(folder / "codes.csv", personal), csv_file(folder / "own.csv", rows(OWN))
        learn = learning(folder / "installation", Letters())
        learn.fit(codes, folder / "codes", folds=2)
        learn.fit(codes, folder / "words", folds=2, vectors=False)
        learn.fit(own, folder / "own", folds=2)
    return folder


@pytest.fixture
def city(made: Path, tmp_path: Path) -> Models:
    """An installation with the model that ships, ready to judge."""
    kept = models(made / "installation", Letters())
    return replace(kept, kept=KeptModels(tmp_path / "models"))


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy of the codes model to spoil."""
    target = tmp_path / "spoiled"
    target.mkdir()
    for path in (made / "codes").iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    return target


def put(city: Models, *folders: Path) -> list[int]:
    return [city.kept.use(one, at=NOON, command="use").number for one in folders]


# -- the folder --------------------------------------------------------------------------------------------------


def test_a_codes_model_labels_and_judges(made: Path) -> None:
    learned = Learned.load(made / "codes", Letters())

    label, probability = learned.label("东山路的路灯又不亮了")
    verdict = learned.judge(CITY, DUTIES).judge("东山路的路灯又不亮了")

    assert (learned.kind, label) == (Kind.CODES, LAMP)
    assert 0.5 < probability <= 1
    assert verdict.best.code == LAMP
    assert verdict.reasons


def test_a_vector_that_is_known_already_is_not_asked_for_again(made: Path) -> None:
    embedder = Letters()
    learned = Learned.load(made / "codes", embedder)
    vector = embedder.embed(["路灯不亮"])[0]
    asked = embedder.asked

    assert learned.label("路灯不亮", vector) == learned.label("路灯不亮")
    assert embedder.asked == asked + 1


def test_what_decides_is_labelled_without_frame_and_numbers(made: Path) -> None:
    learned = Learned.load(made / "codes", Letters())
    framed = f"您好，我是东山路的居民，路灯不亮，我的电话是{PHONE}，谢谢"

    bare = as_judged(learnable(framed))
    as_it_is = learned.model.chances(framed, None).max()

    assert learned.label(framed) == learned.label(bare)
    assert learned.model.chances(bare, None).max() != as_it_is


def test_categories_without_tickets_stay_known(made: Path) -> None:
    about = read_about(made / "codes")

    assert set(about.labels) == {LAMP, SMELL, NOISE}
    assert set(about.classes) == {LAMP, SMELL, NOISE, "duty:labour_social"}


def test_a_model_of_own_labels_knows_those_alone_and_decides_no_category(made: Path) -> None:
    learned = Learned.load(made / "own", Letters())

    assert learned.label("厨房有煤气味")[0] == "燃气"
    assert set(learned.about.classes) == set(OWN.values())
    with pytest.raises(ModelError, match=r"fit --map MAP\.csv"):
        learned.judge(CITY, DUTIES)


def test_without_its_embedder_the_words_decide_alone(made: Path) -> None:
    for embedder in (None, Letters("another")):
        assert Learned.load(made / "codes", embedder).label("路灯不亮")[0] == LAMP
    away = Letters()
    learned = Learned.load(made / "codes", away)
    away.away = True
    assert learned.label("路灯不亮")[0] == LAMP


def test_figures_and_source_are_kept(made: Path) -> None:
    about = read_about(made / "codes")

    assert (about.made, about.kind, about.rows, about.folds, about.embedder) == (NOON, Kind.CODES, 76, 2, "letters")
    assert about.source.name == "codes.csv" and len(about.source.sha256) == 64
    assert about.figures.rows == len(read_held_out(made / "codes")) == 76
    assert about.figures.unit_accuracy is not None and about.figures.unit_accuracy > 0.9
    assert about.compared and (about.compared.model, about.compared.seen, about.compared.here.rows) == (SHIPPED, 0, 76)
    assert read_about(made / "words").embedder is None and not (made / "words" / SPACE).exists()


def test_nothing_of_a_ticket_is_in_the_folder(made: Path) -> None:
    """Neither as it lies there nor after everything in it is unpacked."""
    texts = [text for text, _ in rows()]
    for name in ("codes", "own"):
        content = b"".join(_unpacked(path) for path in (made / name).iterdir())
        assert LAMP.encode() in content or "城管".encode() in content
        for secret in (PHONE, IDENTITY, NAME, *texts):
            for encoding in ("utf-8", "utf-16-le", "gb18030"):
                assert secret.encode(encoding) not in content, secret
            assert json.dumps(secret).strip('"').encode() not in content


def _unpacked(path: Path) -> bytes:
    raw = path.read_bytes()
    content = raw
    if zipfile.is_zipfile(io.BytesIO(raw)):
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            content += b"".join(packed.read(name) for name in packed.namelist())
    if path.name == MODEL:
        content += zlib.decompress(raw)
        content += pickle.dumps(joblib.load(path), protocol=2)
    return content


def test_a_model_knows_which_texts_it_has_seen(made: Path) -> None:
    learned = Learned.load(made / "codes")

    assert learned.has_seen("东山路 路灯不亮")
    assert not learned.has_seen("东山路路灯不亮了")


@pytest.mark.parametrize("name", [MODEL, SPACE, SEEN, HELD_OUT])
@pytest.mark.parametrize("spoil", ["cut", "changed", "gone"])
def test_a_damaged_file_is_named(folder: Path, name: str, spoil: str) -> None:
    raw = (folder / name).read_bytes()
    match spoil:
        case "cut":
            (folder / name).write_bytes(raw[: len(raw) // 2])
        case "changed":
            (folder / name).write_bytes(raw[:20] + bytes([raw[20] ^ 1]) + raw[21:])
        case "gone":
            (folder / name).unlink()

    with pytest.raises(ModelError, match=rf"{re.escape(str(folder))}: {re.escape(name)} is (damaged|missing)"):
        Learned.load(folder)


def test_a_model_of_another_version_says_so(folder: Path) -> None:
    """Its checksum is right, its content is not what this version reads."""
    about = json.loads((folder / ABOUT).read_text())
    for content in ((99, [], None), b"nonsense", {"a": 1}, (3,)):
        joblib.dump(content, folder / MODEL)
        about["files"][MODEL] = kept_sha(folder / MODEL)
        (folder / ABOUT).write_text(json.dumps(about))
        with pytest.raises(ModelError, match="of another version; fit it again"):
            Learned.load(folder)


def kept_sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"format": 2}', "\0"])
def test_a_folder_without_a_right_about_is_no_model(folder: Path, content: str) -> None:
    (folder / ABOUT).write_text(content)

    with pytest.raises(ModelError, match=r"about\.json is damaged or of another version"):
        Learned.load(folder)


def test_an_empty_folder_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not a model folder"):
        Learned.load(tmp_path)


@pytest.mark.parametrize(
    ("city", "said"),
    [
        (Taxonomy({code: CITY.leaves[code] for code in (LAMP, SMELL)}), rf"it knows {NOISE}"),
        (Taxonomy({**CITY.leaves, "110102": small_city._WHOLE.leaves["110102"]}), "it does not know 110102"),
    ],
    ids=["gone", "new"],
)
def test_a_model_does_not_fit_other_categories(made: Path, city: Taxonomy, said: str) -> None:
    about = read_about(made / "codes")

    assert unfit(about, CITY, DUTIES) is None
    assert said in str(unfit(about, city, DUTIES))
    with pytest.raises(ModelError, match=said):
        Learned.load(made / "codes").judge(city, DUTIES)


# -- writing it --------------------------------------------------------------------------------------------------


def rewrite(made: Path, target: Path, *, force: bool = False, model: Any = None) -> None:
    learned = Learned.load(made / "codes")
    write(target, learned.about, model or learned.model, learned.space, read_held_out(made / "codes"), [], force=force)


def test_what_is_no_model_is_never_overwritten(made: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    for target in (tmp_path, tmp_path / "mine.txt"):
        with pytest.raises(ModelError, match="is not a model folder"):
            rewrite(made, target, force=True)
    assert (tmp_path / "mine.txt").read_text() == "x"


def test_a_model_is_replaced_only_when_told_so(made: Path, folder: Path) -> None:
    before = read_about(folder)
    with pytest.raises(ModelError, match="`--force` replaces it"):
        rewrite(made, folder)
    assert read_about(folder) == before

    rewrite(made, folder, force=True)

    assert read_about(folder).salt != before.salt
    assert [path.name for path in folder.parent.iterdir() if path.name.startswith(".")] == []


def test_a_folder_that_is_there_and_empty_will_do(made: Path, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    rewrite(made, tmp_path / "new")
    assert Learned.load(tmp_path / "new").label("路灯不亮")[0] == LAMP


class Interrupted:
    """A model during whose saving somebody presses Ctrl-C."""

    def save(self, path: Path) -> None:
        path.write_bytes(b"half")
        raise KeyboardInterrupt


@pytest.mark.parametrize("there", [False, True])
def test_ctrl_c_while_writing_leaves_things_as_they_were(made: Path, folder: Path, there: bool) -> None:
    target = folder if there else folder.parent / "new"
    before = sorted(folder.parent.rglob("*"))

    with pytest.raises(KeyboardInterrupt):
        rewrite(made, target, force=True, model=Interrupted())

    assert sorted(folder.parent.rglob("*")) == before
    assert Learned.load(folder).label("路灯不亮")[0] == LAMP


class Killed:
    """A model during whose saving the process is killed."""

    def save(self, path: Path) -> None:
        path.write_bytes(b"half")
        os._exit(9)


def test_a_kill_while_writing_leaves_no_model_and_the_next_run_clears_up(made: Path, tmp_path: Path) -> None:
    target = tmp_path / "new"
    child = multiprocessing.get_context("fork").Process(target=rewrite, args=(made, target), kwargs={"model": Killed()})
    child.start()
    child.join(20)

    assert child.exitcode == 9
    assert not target.exists()
    assert [path.name[:10] for path in tmp_path.iterdir()] == [".new.part-"]
    rewrite(made, target)
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


# -- folds -------------------------------------------------------------------------------------------------------


def test_folds_spread_every_label_and_are_the_same_each_time() -> None:
    labels = ["a"] * 10 + ["b"] * 3 + ["c"] * 2

    chosen = folds_of(labels, 5)

    assert chosen == folds_of(labels, 5)
    assert [sum(fold == one for fold in chosen) for one in range(5)] == [3, 3, 3, 3, 3]
    for label, count in (("a", 5), ("b", 3), ("c", 2)):
        assert len({fold for fold, one in zip(chosen, labels, strict=True) if one == label}) == count


def test_every_row_is_judged_by_a_model_that_has_not_learned_it() -> None:
    """A text that shares nothing with the others cannot be known: only a model that has learned it gets it right."""
    every = [Ticket(0, text, label) for text, label in rows(OWN)]
    odd = Ticket(0, "甲乙丙丁戊己庚辛壬癸", "城管")
    lessons = prepare([*every, odd, replace(odd, label="燃气", text="子丑寅卯辰巳午未申酉")])

    judged = cross_validate(lessons, 3, lambda _step, _done, _all: None)
    learned = fit(lessons, range(len(lessons.rows)))

    assert [row.truth for row in judged] == [row.label for row in lessons.rows]
    assert sum(row.truth == row.guess for row in judged[:-2]) > 70
    assert learned.rank(every[0].text)[0].code == every[0].label
    assert judged[-1].guess == judged[-2].guess


def test_too_few_rows_to_learn_and_check_are_refused() -> None:
    few = [Ticket(0, text, label) for text, label in rows(OWN) if label != "城建"][:28]

    with pytest.raises(TooFew, match="at least two labels need 4 rows or more"):
        cross_validate(prepare(few), 5, lambda _step, _done, _all: None)


def test_a_sentence_that_ships_is_left_to_the_ticket_that_says_the_same() -> None:
    lessons = prepare([Ticket(0, "路灯不亮", LAMP)], units={}, always=[("路灯 不亮", SMELL), ("漏气", SMELL)])

    assert lessons.always == (("漏气", SMELL),)


# -- changing the model in use -----------------------------------------------------------------------------------


def test_at_first_the_model_that_ships_is_in_use(city: Models) -> None:
    assert city.kept.in_use() == SHIPPED
    assert isinstance(city.in_use()[1], TrainedClassifier)


def test_a_model_is_copied_in_whole_and_put_to_use(city: Models, folder: Path) -> None:
    assert put(city, folder) == [1]
    (folder / MODEL).unlink()

    number, judge, why = city.in_use()

    assert (number, why) == (1, None)
    assert judge.judge("路灯不亮").best.code == LAMP


def test_the_way_back_goes_step_by_step_to_the_beginning(city: Models, made: Path) -> None:
    put(city, made / "codes", made / "words", made / "codes")

    def back() -> int:
        return city.kept.back(at=NOON, command="use --back").number

    assert [back(), back(), back()] == [2, 1, SHIPPED]
    with pytest.raises(NoWayBack):
        back()
    assert [line.number for line in city.kept.history()] == [1, 2, 3, 2, 1, SHIPPED]


def test_after_going_back_a_new_model_has_a_number_of_its_own(city: Models, made: Path) -> None:
    put(city, made / "codes", made / "words")
    city.kept.back(at=NOON, command="use --back")

    assert put(city, made / "words") == [3]
    assert city.kept.back(at=NOON, command="use --back").number == 1


def test_the_model_that_ships_can_be_chosen_and_left_again(city: Models, made: Path) -> None:
    put(city, made / "codes")
    city.kept.use_shipped(at=NOON, command="use --shipped")

    assert city.kept.in_use() == SHIPPED
    assert city.kept.back(at=NOON, command="use --back").number == 1


def test_at_the_beginning_there_is_no_way_back(city: Models) -> None:
    with pytest.raises(NoWayBack):
        city.kept.back(at=NOON, command="use --back")


def test_a_damaged_history_is_named_and_mended_by_choosing_the_model_that_ships(city: Models, made: Path) -> None:
    put(city, made / "codes")
    city.kept.pointer.write_text(city.kept.pointer.read_text() + "nonsense\n")

    with pytest.raises(ModelError, match=r"categories-in-use\.jsonl:2: damaged"):
        city.kept.history()
    assert city.in_use()[0] == SHIPPED

    city.kept.use_shipped(at=NOON, command="use --shipped")
    assert [line.number for line in city.kept.history()] == [SHIPPED]


def test_a_copy_that_fails_changes_nothing(city: Models, made: Path, tmp_path: Path) -> None:
    put(city, made / "codes")

    with pytest.raises(ModelError, match="cannot be copied"):
        city.kept.use(tmp_path / "nowhere", at=NOON, command="use")

    assert city.kept.in_use() == 1
    assert [path.name for path in city.kept.path(1).parent.iterdir()] == ["1"]


@pytest.mark.parametrize("moment", ["copytree", "fsync"])
def test_a_kill_while_changing_leaves_the_old_model_in_use(
    city: Models, made: Path, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(city, made / "codes")
    owner = kept_versions.shutil if moment == "copytree" else kept_versions.os
    monkeypatch.setattr(owner, moment, lambda *_: os._exit(9))
    child = multiprocessing.get_context("fork").Process(target=put, args=(city, made / "words"))
    child.start()
    child.join(20)
    monkeypatch.undo()
    small_city.few_examples(monkeypatch)

    assert child.exitcode == 9
    assert city.in_use()[0] == 1
    assert city.kept.path(put(city, made / "words")[0]).is_dir()
    assert read_about(city.kept.path(city.kept.in_use())).embedder is None


def test_two_that_change_at_once_get_numbers_of_their_own(city: Models, made: Path) -> None:
    fork = multiprocessing.get_context("fork")
    children = [fork.Process(target=put, args=(city, made / name)) for name in ("codes", "words", "codes")]
    for child in children:
        child.start()
    for child in children:
        child.join(20)

    assert sorted(line.number for line in city.kept.history()) == [1, 2, 3]
    assert [line.before for line in city.kept.history()] == [0, 1, 2]


# -- while it judges ---------------------------------------------------------------------------------------------


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def judged_by(judge: CurrentJudge) -> str:
    """Which model judges: those with vectors are surer than those without."""
    inner = judge._judge
    return "ships" if isinstance(inner, TrainedClassifier) else "vectors" if inner._space is not None else "words"


def idle(judge: CurrentJudge) -> Callable[[], bool]:
    return lambda: not judge._changing.locked()


def test_another_model_is_taken_up_within_two_seconds_and_back_again(city: Models, made: Path) -> None:
    clock = Clock()
    judge = CurrentJudge(city, clock=clock)
    assert judged_by(judge) == "ships"
    for change, now in ((made / "words", "words"), (made / "codes", "vectors"), (None, "words"), (None, "ships")):
        before = judged_by(judge)
        if change:
            put(city, change)
        else:
            city.kept.back(at=NOON, command="use --back")
        judge.judge("路灯不亮")
        assert (judged_by(judge), judge._changing.locked()) == (before, False), "looked before two seconds were over"
        clock.now += LOOK_AFTER
        judge.judge("路灯不亮")
        wait_until(idle(judge))
        assert judged_by(judge) == now


def test_the_old_model_judges_while_the_new_one_is_loaded(city: Models, made: Path) -> None:
    clock, loaded = Clock(), threading.Event()

    class Slow(KeptModels):
        def load(self, number: int, embedder: Any) -> Learned:
            assert loaded.wait(10)
            return super().load(number, embedder)

    judge = CurrentJudge(replace(city, kept=Slow(city.kept.pointer.parent)), clock=clock)
    put(city, made / "words")
    clock.now += LOOK_AFTER

    assert judge.judge("路灯不亮").best.code == LAMP
    assert judged_by(judge) == "ships"
    loaded.set()
    wait_until(idle(judge))
    assert judged_by(judge) == "words"


def test_a_damaged_model_leaves_the_old_one_judging_and_logs_no_text(
    city: Models, made: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    put(city, made / "words")
    judge = CurrentJudge(city, clock=clock)
    put(city, made / "codes")
    (city.kept.path(2) / MODEL).write_bytes(b"x")
    clock.now += LOOK_AFTER

    with caplog.at_level(logging.INFO):
        judge.judge("路灯不亮")
        wait_until(idle(judge))

    assert judged_by(judge) == "words"
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "the old one goes on" in caplog.text and "路灯" not in caplog.text


def test_a_model_that_no_longer_fits_gives_way_to_the_one_that_ships(
    city: Models, made: Path, caplog: pytest.LogCaptureFixture
) -> None:
    put(city, made / "codes")
    fewer = replace(city, taxonomy=Taxonomy({code: CITY.leaves[code] for code in (LAMP, SMELL)}))

    judge = CurrentJudge(fewer)

    assert judged_by(judge) == "ships"
    assert f"it knows {NOISE}" in caplog.text


def test_a_model_whose_embedder_is_gone_gives_way_to_the_one_that_ships(city: Models, made: Path) -> None:
    put(city, made / "codes")

    number, _, why = replace(city, embedder=Letters("another")).in_use()

    assert number == SHIPPED
    assert "learned with the embedder letters" in str(why)


def test_another_process_that_judges_takes_every_change_up_and_never_fails(city: Models, made: Path) -> None:
    fork = multiprocessing.get_context("fork")
    mine, theirs = fork.Pipe()
    child = fork.Process(target=_judge_on, args=(city, theirs))
    child.start()
    try:
        seen = [mine.recv()]
        for name, wanted in (("words", "words"), ("codes", "vectors"), ("words", "words")):
            put(city, made / name)
            until = time.monotonic() + 10
            while seen[-1] != wanted and time.monotonic() < until:
                seen.append(mine.recv())
    finally:
        mine.send("stop")
        child.join(10)

    assert child.exitcode == 0
    assert [one for one, _ in groupby(seen)] == ["ships", "words", "vectors", "words"]


def _judge_on(city: Models, pipe: Any) -> None:
    """Judges until it is told to stop, a second passing with every text; says which model judged."""
    clock = Clock()
    judge = CurrentJudge(city, clock=clock)
    while not pipe.poll(0.02):
        clock.now += 1
        assert judge.judge("路灯不亮").best.code == LAMP
        pipe.send(judged_by(judge))


def test_vectors_that_are_kept_are_numbers_only(made: Path) -> None:
    with np.load(made / "codes" / SPACE, allow_pickle=False) as kept:
        assert {name: kept[name].dtype.kind for name in kept.files} == {"embedder": "U", "mean": "f", "directions": "f"}
