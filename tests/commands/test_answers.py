"""`jiesu answers check | ask`."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import Result
from typer.testing import CliRunner

from integrations.bootstrap import Services
from integrations.cli import app
from integrations.commands import answers as command
from integrations.services.errors import Rejected
from kb.answers import Answer, load, weights
from kb.answers.finding import Answers
from tests.kb.test_answers import DOG, GAS, HEAT, entry

Jiesu = Callable[..., Result]
WEIGHTS = weights.load()


@pytest.fixture
def jiesu(services: Services, monkeypatch: pytest.MonkeyPatch) -> Callable[[tuple[Answer, ...]], Jiesu]:
    """Runs the command over these entries."""

    def over(entries: tuple[Answer, ...]) -> Jiesu:
        services.replacements["answers"] = Answers(entries, WEIGHTS)
        monkeypatch.setattr(command, "_services", lambda: services)
        return lambda *arguments: CliRunner().invoke(app, ["answers", *map(str, arguments)])

    return over


FRESH = tuple(one.model_copy(update={"checked": "2026-11"}) for one in (DOG, HEAT))


@pytest.mark.parametrize("months", ["0", "-3", "viele"])
def test_months_that_are_none_are_refused(jiesu: Callable[..., Jiesu], months: str) -> None:
    assert jiesu(FRESH)("check", "--months", months).exit_code == 2


@pytest.mark.parametrize("text", ["", "   "])
def test_asking_nothing_is_refused(jiesu: Callable[..., Jiesu], text: str) -> None:
    assert isinstance(jiesu(FRESH)("ask", text).exception, Rejected)


def test_a_stale_entry_is_shown_and_fails(jiesu: Callable[..., Jiesu]) -> None:
    run = jiesu((DOG, HEAT))
    done = run("check", "--months", "24")
    assert done.exit_code == 1
    assert "heat" in done.stdout and "2014-09" in done.stdout
    assert "2 entries: overlaps 0, misleads 0, stale 1, confirm 0" in done.stdout
    assert run("check", "--months", "1200").exit_code == 0


def test_an_unconfirmed_entry_is_shown_and_fails_only_when_strict(jiesu: Callable[..., Jiesu]) -> None:
    run = jiesu((*FRESH, GAS))
    done = run("check")
    assert done.exit_code == 0 and "gas" in done.stdout and "confirm 1" in done.stdout
    assert run("check", "--strict").exit_code == 1


def test_overlapping_entries_are_shown_with_both(jiesu: Callable[..., Jiesu], services: Services) -> None:
    again = entry("again", "被狗咬了应该咋办？", "请问被狗咬了怎么办", "狗咬人", "让狗啃了")
    done = jiesu((*load(services.taxonomy), again))("check", "--all")
    assert done.exit_code == 1
    assert any("overlaps" in line and "dog-bite" in line and "again" in line for line in done.stdout.splitlines())


def test_nothing_to_mend_is_no_table(jiesu: Callable[..., Jiesu]) -> None:
    done = jiesu(FRESH)("check", "--strict")
    assert (done.exit_code, done.stdout.strip()) == (0, "2 entries: overlaps 0, misleads 0, stale 0, confirm 0")


def test_many_are_cut_short_unless_all_are_wanted(jiesu: Callable[..., Jiesu]) -> None:
    many = tuple(
        entry(f"e{n}", f"{c * 3}？", f"{c}甲", f"{c}乙", f"{c}丙", date="2001-01")
        for n, c in enumerate("江河湖海山川日月星辰风雨雷电")
    )
    run = jiesu(many)
    assert "stale │ … 2 more" in " ".join(run("check").stdout.split())
    assert "more" not in run("check", "--all").stdout and "e13" in run("check", "--all").stdout


def test_a_question_is_answered_with_source_date_and_chance(jiesu: Callable[..., Jiesu]) -> None:
    done = jiesu((DOG, HEAT, GAS))("ask", "暖气几号开吗？")
    assert done.exit_code == 0
    assert done.stdout.startswith("heat的回答\n依据：条例（2014-09）")
    assert "by words alone" in done.stdout and "养狗要办证吗？" in done.stdout


def test_a_complaint_is_not_answered(jiesu: Callable[..., Jiesu]) -> None:
    done = jiesu((DOG, HEAT, GAS))("ask", "楼下烧烤油烟太大")
    assert done.exit_code == 0
    assert done.stdout.startswith("not sure enough to answer") and "依据" not in done.stdout
