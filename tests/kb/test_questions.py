"""Which question comes next for a report: the most useful that the words have not answered, and never too many."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.questions import UNKNOWN, Kind, Library, Question, shipped
from kb.words import Words, load
from kb.working_time import CITY_TIME

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=CITY_TIME)
COLD, LAMP, NOISY_SHOP, UNLISTED = "210101", "410101", "630201", "740201"


@pytest.fixture(scope="module")
def library() -> Library:
    return shipped()


@pytest.fixture(scope="module")
def words() -> Words:
    return load()


def asked(library: Library, code: str, said: str, answers: dict[str, str] | None = None, **facts: object) -> str | None:
    found = library.next(code, said, answers or {}, now=NOW, **facts)  # type: ignore[arg-type]
    return found.id if found else None


@pytest.mark.parametrize(
    ("code", "said", "question"),
    [
        (COLD, "暖气不热", "room_temperature"),
        (COLD, "暖气不热，才15度", "heat_scope"),
        (COLD, "暖气不热，才十五度，整栋楼都冷", "heating_company"),
        (LAMP, "路灯不亮", "lamp_count"),
        (LAMP, "有一盏路灯不亮", "lamp_since"),
        (NOISY_SHOP, "商店放喇叭太吵", "noise_hours"),
        (NOISY_SHOP, "每天早上六点就放喇叭", "noise_shop"),
        (NOISY_SHOP, "半夜还放喇叭", "noise_shop"),
        ("530102", "电梯停了", "lift_people"),
        ("610201", "楼顶加盖房子", "building_now"),
        ("320101", "垃圾没人收", "rubbish_since"),
        (UNLISTED, "有件事", None),
    ],
)
def test_the_most_useful_thing_that_was_not_said_is_asked(
    library: Library, code: str, said: str, question: str | None
) -> None:
    assert asked(library, code, said) == question


def test_no_more_than_the_content_allows(library: Library) -> None:
    answers: dict[str, str] = {}
    while (one := library.next(COLD, "不热", answers, now=NOW)) is not None:
        answers[one.id] = "说了"
    assert len(answers) == library.settings.at_most == 2


def test_a_second_question_is_asked_only_where_it_is_of_much_use(library: Library) -> None:
    assert asked(library, LAMP, "路灯不亮", {"lamp_count": "一两盏"}) is None
    assert asked(library, COLD, "不热", {"room_temperature": "15度"}) == "heat_scope"


def test_who_does_not_know_is_not_asked_for_something_else(library: Library) -> None:
    assert asked(library, COLD, "不热", {"room_temperature": UNKNOWN}) is None


def test_who_told_much_is_asked_only_what_matters_most_and_once(library: Library) -> None:
    told = "孩子刚满月，家里冷得像冰窖一样，暖气片摸着一点都不热，物业也不管"
    assert asked(library, COLD, told) == "room_temperature"
    assert asked(library, COLD, told, {"room_temperature": "15度"}) is None
    assert asked(library, LAMP, "路口那边黑灯瞎火的，晚上老人孩子出来都看不见路，快来人看看") == "lamp_count"
    assert asked(library, "320101", "门口那个垃圾桶味道大得很，苍蝇蚊子到处飞，夏天更受不了") is None


def test_what_the_citys_own_layers_know_is_not_asked(library: Library) -> None:
    said = "才15度，整栋楼都冷"
    assert asked(library, COLD, said, known={"heating"}) is None
    assert asked(library, COLD, said, known={"grid"}) == "heating_company"


def test_since_when_is_not_asked_once_it_is_known(library: Library) -> None:
    assert asked(library, "320101", "垃圾没人收", since=True) is None


@given(st.data())
def test_a_report_is_never_asked_the_same_twice_nor_beyond_the_limit(data: st.DataObject) -> None:
    library = shipped()
    code = data.draw(st.sampled_from(sorted(library.tree.leaves)))
    said = data.draw(st.text(alphabet="路灯不亮暖气冷3度，。天半夜家楼", max_size=40))
    answers: dict[str, str] = {}
    while (one := library.next(code, said, answers, now=NOW)) is not None:
        assert one.id not in answers and one.near(code) >= 0
        answers[one.id] = data.draw(st.sampled_from(["是", UNKNOWN]))
        assert len(answers) <= library.settings.at_most


# -- the content -------------------------------------------------------------------------------------------------


def test_what_is_asked_reads_well_and_is_a_question(library: Library) -> None:
    for one in library.by_id.values():
        assert one.ask.endswith("？") and len(one.ask) <= 60, one.id
        assert one.label not in ("问题", "类别", "地点", "联系", "照片"), one.id


def test_every_industry_and_every_kind_has_questions(library: Library) -> None:
    assert {one.kind for one in library.by_id.values()} == set(Kind)
    assert all(library.industries.values()) and len(library.industries) == 7


def test_every_question_is_some_leafs(library: Library) -> None:
    used = {one.id for code in library.tree.leaves for one in library.of(code)}
    assert used == set(library.by_id)


def test_a_nearer_question_of_the_same_use_comes_first(library: Library) -> None:
    def made(name: str, *of: str) -> Question:
        return Question(id=name, of=of, ask="在哪儿呢？", label="位置", kind=Kind.WORDS, use=5)

    mixed = Library(
        library.settings,
        {"供热": (made("far"), made("near", "2101"), made("other", "25"))},
        library.tree,
        library.times,
    )
    assert [one.id for one in mixed.of(COLD)] == ["near", "far"]


def test_the_options_of_a_choice_are_read_as_themselves(library: Library) -> None:
    from kb.questions import read

    for one in library.by_id.values():
        for option in one.options:
            answer = read(library, one, option.say, NOW)
            assert answer is not None and answer.value == option.say, (one.id, option.say)
