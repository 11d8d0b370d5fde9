"""What the city says about sameness, and how wrong files are told."""

from datetime import timedelta
from pathlib import Path

import pytest

from kb import taxonomy
from kb.content_files import ContentError
from kb.matching import policy
from kb.matching.policy import FILE, REASONS, Reach, load, shipped

PLAIN = FILE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("period: until closed\n  reach: thing", "period: a while\n  reach: thing", "'12 hours', '10 days'"),
        ("reach: thing\n  recurs_days", "reach: street\n  recurs_days", "street"),
        ("radius_m: 250\n", "radius_m: -3\n", "-3"),
        ("  constant:", "  konstant:", "'constant' is missing"),
        ("  suggest: 0.", "  suggest: 0.99", "above bars.same"),
        ("  people: 已有{count}人反映", "  people: 很多人反映", "has no {count}"),
        ("  today: 今天有人反映\n", "", "'today' is missing"),
        ('"74": all', '"74": ["741"]', "two digits of another branch would do"),
        ('"71": ["72"]', '"71": ["71"]', "two digits of another branch would do"),
        ('"11": {radius_m: 200', '"1": {radius_m: 200', "pattern"),
        ('"11": {radius_m: 200', '"11": {radios: 200', "radios"),
    ],
)
def test_a_wrong_file_is_told_with_line_and_value(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert PLAIN.count(old) >= 1
    path = tmp_path / "matching.yml"
    path.write_text(PLAIN.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ContentError, match=r"matching\.yml:\d+: ") as wrong:
        load(path)
    assert told in str(wrong.value)


def test_a_longer_code_says_what_it_says_and_a_shorter_one_the_rest() -> None:
    covers, branch = shipped().of("710302"), shipped().of("7103")
    assert covers.period == timedelta(days=3) and branch.period is None
    assert covers.radius == branch.radius == 200


@pytest.mark.parametrize(
    ("code", "days"), [("430201", None), ("630202", 10), ("640201", 2), ("620101", 21), ("990101", None)]
)
def test_noise_and_smoke_pass_and_a_missing_cover_stays_until_it_is_closed(code: str, days: int | None) -> None:
    assert shipped().of(code).period == (timedelta(days=days) if days else None)


def test_a_bill_is_ones_own_and_an_outage_everybodys() -> None:
    assert shipped().of("130201").reach is Reach.HOME
    assert shipped().of("710101").reach is Reach.AREA


def test_every_code_of_the_file_is_a_category() -> None:
    known = taxonomy.load().names
    assert [code for code in shipped().file.kinds if code not in known] == []
    assert [branch for branch in shipped().near if branch not in known] == []


def test_every_reason_is_said_with_its_gap_filled() -> None:
    for reason, gap in REASONS.items():
        said = shipped().says(reason, name="合肥路", count="4")
        assert said and "{" not in said
        assert not gap or ("合肥路" in said or "4" in said)


def test_the_file_is_read_once() -> None:
    assert policy.shipped() is policy.shipped()
