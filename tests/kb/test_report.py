"""A complaint while it is being told."""

import json
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.places import Place
from kb.report import ASK_AT_MOST, MAX_DESCRIPTION, MOST_PHOTOS, Ask, Contact, Draft, next_ask
from kb.times import Precision, When
from kb.working_time import CITY_TIME

TOLD = Draft(
    id="d1",
    description="路灯坏了",
    category="410101",
    place=Place("金水路", road="金水路"),
    contact=Contact.ANONYMOUS,
)


def test_questions_come_in_the_order_in_which_they_matter() -> None:
    draft = Draft(
        id="d1",
        refer_to="police",
        unclear=True,
        category_options=("410101", "410102"),
        known_issue="KI-1",
        similar=("i1",),
        more="room_temperature",
    )
    answers = {
        Ask.DESCRIPTION: {"description": "路灯坏了"},
        Ask.REFERRAL: {"insisted": True},
        Ask.DETAIL: {"unclear": False},
        Ask.CATEGORY: {"category_options": (), "category": "410101"},
        Ask.PLACE: {"place": Place("金水路", road="金水路")},
        Ask.KNOWN_ISSUE: {"known_issue_answered": True},
        Ask.SIMILAR: {"similar_answered": True},
        Ask.MORE: {"more": None},
        Ask.CONTACT: {"contact": Contact.ANONYMOUS},
    }
    asked = []
    for _ in answers:
        ask = next_ask(draft)
        assert ask is not None
        asked.append(ask)
        draft = replace(draft, **answers[ask])
    # since when is asked only where the citizen changes it
    assert asked == list(answers) == [ask for ask in Ask if ask not in (Ask.SINCE, Ask.CONFIRMATION)]
    assert next_ask(draft) is Ask.CONFIRMATION


def test_what_is_known_is_not_asked() -> None:
    assert next_ask(TOLD) is Ask.CONFIRMATION
    assert next_ask(Draft(id="d1", description="路灯坏了")) is Ask.PLACE


def test_a_district_alone_is_not_enough() -> None:
    assert next_ask(replace(TOLD, place=Place("李沧区", district="李沧区"))) is Ask.PLACE
    assert next_ask(replace(TOLD, place=Place("地图上的定位", lat=36.1, lon=120.4))) is Ask.CONFIRMATION


@pytest.mark.parametrize("ask", [Ask.PLACE, Ask.CATEGORY])
def test_the_same_thing_is_asked_at_most_twice(ask: Ask) -> None:
    draft = replace(TOLD, place=None) if ask is Ask.PLACE else replace(TOLD, category_options=("410101", "410102"))
    for _ in range(ASK_AT_MOST):
        assert next_ask(draft) is ask
        draft = draft.counted(ask)
    assert next_ask(draft) is Ask.CONFIRMATION


def test_what_is_told_is_added_once_and_cut_at_the_limit() -> None:
    draft = Draft(id="d1").told(" 路灯坏了 ")
    assert draft.description == "路灯坏了"
    assert draft.told("路灯坏了") is draft
    assert draft.told("  ") is draft
    assert draft.told("三天了").description == "路灯坏了\n三天了"
    assert len(draft.told("长" * 5000).description) == MAX_DESCRIPTION
    full = Draft(id="d1", description="长" * MAX_DESCRIPTION)
    assert len(full.told("再说一句").description) == MAX_DESCRIPTION


@given(st.lists(st.text(max_size=900), max_size=6))
def test_a_description_never_grows_beyond_the_limit(said: list[str]) -> None:
    draft = Draft(id="d1")
    for text in said:
        draft = draft.told(text)
    assert len(draft.description) <= MAX_DESCRIPTION


text = st.text(max_size=12)
maybe = st.none() | text
places = st.builds(
    Place,
    text=text,
    district=maybe,
    street=maybe,
    road=maybe,
    spot=maybe,
    lat=st.none() | st.floats(-90, 90),
    lon=st.none() | st.floats(-180, 180),
    crs=maybe,
    confidence=st.floats(0, 1),
)
whens = st.builds(
    When,
    words=text,
    begin=st.none() | st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(CITY_TIME)),
    precision=st.sampled_from(Precision),
    about=st.booleans(),
    part=text,
    every=text,
    habit=text,
).map(lambda one: replace(one, begin=one.begin and one.begin.replace(second=0, microsecond=0)))
drafts = st.builds(
    Draft,
    id=st.uuids().map(lambda one: one.hex),
    description=text,
    category=maybe,
    category_confidence=st.floats(0, 1),
    category_options=st.lists(text, max_size=2).map(tuple),
    place=st.none() | places,
    since=st.none() | whens,
    contact=st.none() | st.sampled_from(Contact),
    phone=maybe,
    other_phone=maybe,
    confidential=st.booleans(),
    more=maybe,
    answers=st.dictionaries(text, text, max_size=3),
    photos=st.lists(text, max_size=3).map(tuple),
    known_issue=maybe,
    known_issue_answered=st.booleans(),
    similar=st.lists(text, max_size=5).map(tuple),
    similar_answered=st.booleans(),
    join=maybe,
    editing=st.none() | st.sampled_from([ask.value for ask in Ask]),
    advice_given=st.booleans(),
    asked=st.dictionaries(st.sampled_from(Ask), st.integers(0, 3), max_size=3),
)


@given(drafts)
def test_a_draft_comes_back_from_the_conversations_memory_as_it_was(draft: Draft) -> None:
    kept = json.loads(json.dumps(draft.as_dict(), ensure_ascii=False))
    assert Draft.from_dict(kept) == draft


def test_a_key_of_another_version_is_passed_over() -> None:
    assert Draft.from_dict({**TOLD.as_dict(), "mood": "angry"}) == TOLD


@pytest.mark.parametrize("value", [{}, {"description": "路灯坏了"}])
def test_what_is_no_draft_is_refused(value: dict[str, object]) -> None:
    with pytest.raises((TypeError, KeyError)):
        Draft.from_dict(value)


def test_a_draft_is_never_changed_in_place() -> None:
    counted = TOLD.counted(Ask.PLACE)
    assert TOLD.asked == {}
    assert counted.asked == {"report_place": 1}


def test_a_draft_of_before_that_kept_the_words_alone_is_read() -> None:
    draft = Draft.from_dict({"id": "d1", "since": "三天了"})
    assert draft.since is not None
    assert (draft.since.words, draft.since.begin) == ("三天了", None)


def test_pictures_stand_in_a_draft_once_in_their_order_and_not_without_end() -> None:
    draft = Draft(id="d1").with_photos(["a", "b"]).with_photos(["b", "c"])
    assert draft.photos == ("a", "b", "c")
    assert draft.with_photos(()) is draft
    assert len(Draft(id="d1").with_photos([str(number) for number in range(50)]).photos) == MOST_PHOTOS


def test_an_answer_ends_its_question() -> None:
    draft = replace(TOLD, more="room_temperature")
    assert next_ask(draft) is Ask.MORE
    answered = draft.answered("room_temperature", "")
    assert answered.answers == {"room_temperature": ""}
    assert next_ask(answered) is Ask.CONFIRMATION


def test_a_question_that_is_passed_on_is_asked_nothing_of_its_kind() -> None:
    assert next_ask(replace(TOLD, more="room_temperature", question=True)) is Ask.CONFIRMATION
