"""Putting a report right in words and by tap, before it is filed: each line, several at once, at any question."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.bootstrap import Services
from integrations.services.intake import Heard, Outcome, Stance, Utterance, new_draft
from kb.report import Ask, Contact, Draft, next_ask
from tests.builders import PHONE, told
from tests.often import often

OTHER = "13987654321"
AT_BUILDING_3 = "市北区合肥路688号翠湖小区3号楼的路灯坏了，三天了"


def hear(services: Services, draft: Draft, text: str, stance: Stance = Stance.OTHER) -> Heard:
    return services.intake.hear(draft, services.intake.next_question(draft), Utterance(text, stance=stance))


def tap(services: Services, draft: Draft, option: str) -> Heard:
    return services.intake.hear(draft, services.intake.next_question(draft), Utterance(option=option))


def first(services: Services, text: str) -> Draft:
    return services.intake.hear(new_draft(), Ask.DESCRIPTION, Utterance(text)).draft


def place(draft: Draft) -> str:
    assert draft.place is not None
    return draft.place.full


def began(draft: Draft) -> str:
    assert draft.since is not None
    return draft.since.began


# -- at the card -------------------------------------------------------------------------------------------------


def test_a_building_is_put_right_and_the_rest_of_the_place_stays(services: Services) -> None:
    draft = hear(services, told(services, AT_BUILDING_3), "不是3号楼，是5号楼").draft
    assert "5号楼" in place(draft) and "合肥路688号" in place(draft) and "3号楼" not in place(draft)
    assert "5号楼" in draft.description and "3号楼" not in draft.description
    assert draft.place is not None and draft.place.district == "市北区"


def test_another_road_replaces_the_place(services: Services) -> None:
    draft = hear(services, told(services), "地址写错了，是崂山区海尔路61号").draft
    assert draft.place is not None and draft.place.road == "海尔路"
    assert "合肥路" not in place(draft)


@pytest.mark.parametrize(
    ("said", "begin"),
    [("时间不对，昨天开始的", "2026-11-20"), ("是上周三晚上", "2026-11-11"), ("时间改成10月初", "2026-10-01")],
)
def test_the_time_is_put_right(services: Services, said: str, begin: str) -> None:
    draft = hear(services, told(services), said).draft
    assert began(draft) == begin
    assert draft.description == told(services).description, "a time alone is no part of the problem"


def test_a_time_to_come_is_refused_and_asked_for(services: Services) -> None:
    heard = hear(services, told(services), "时间不对，是下周三")
    assert heard.remarks == ("report.time_is_ahead",)
    assert services.intake.next_question(heard.draft) is Ask.SINCE
    again = hear(services, heard.draft, "那就是昨天")
    assert (began(again.draft), services.intake.next_question(again.draft)) == ("2026-11-20", Ask.CONFIRMATION)


def test_the_telephone_is_exchanged_and_a_wrong_one_is_asked_for_again(services: Services) -> None:
    assert hear(services, told(services), f"电话换成{OTHER}").draft.phone == OTHER
    wrong = hear(services, told(services), "电话换成1398765432")
    assert wrong.remarks == ("report.phone_looks_wrong",)
    assert services.intake.next_question(wrong.draft) is Ask.CONTACT
    assert wrong.draft.phone == PHONE, "the old one stays until there is a right one"


def test_what_is_broken_is_put_right_and_heard_anew(services: Services) -> None:
    draft = hear(services, told(services), "不是路灯，是垃圾桶").draft
    assert "路灯" not in draft.description and "垃圾桶" in draft.description
    assert draft.category == "310101"


def test_a_chosen_category_gives_way_to_a_correction(services: Services) -> None:
    chosen = replace(told(services), category="410101", category_confidence=1.0)
    assert hear(services, chosen, "不是路灯，是垃圾没人收").draft.category == "310101"


def test_several_at_once(services: Services) -> None:
    heard = hear(
        services, told(services, AT_BUILDING_3), f"不是3号楼，是5号楼，时间也不对，前天开始的，电话换成{OTHER}"
    )
    assert "5号楼" in place(heard.draft)
    assert (began(heard.draft), heard.draft.phone) == ("2026-11-19", OTHER)
    assert services.intake.next_question(heard.draft) is Ask.CONFIRMATION


@pytest.mark.parametrize(
    ("said", "ask"),
    [
        ("时间不对", Ask.SINCE),
        ("地址写错了", Ask.PLACE),
        ("电话错了", Ask.CONTACT),
        ("类别不对", Ask.CATEGORY),
        ("问题写错了", Ask.DESCRIPTION),
    ],
)
def test_a_line_that_is_only_called_wrong_is_asked_for(services: Services, said: str, ask: Ask) -> None:
    assert services.intake.next_question(hear(services, told(services), said).draft) is ask


def test_something_is_wrong_asks_what(services: Services) -> None:
    heard = hear(services, told(services), "刚才说的不对")
    assert heard.remarks == ("report.say_what_is_wrong",)
    assert heard.draft == told(services, draft_id=heard.draft.id)


def test_more_about_the_problem_is_no_correction(services: Services) -> None:
    draft = hear(services, told(services), "灯杆上还贴满了小广告").draft
    assert draft.description.endswith("灯杆上还贴满了小广告")


def test_an_answer_on_the_card_is_put_right(services: Services) -> None:
    from kb import questions

    services.replacements["questions"] = questions.shipped()
    draft = replace(told(services), category="210101", more=None, answers={"room_temperature": "15度"})
    assert hear(services, draft, "不是15度，是12度").draft.answers == {"room_temperature": "12度"}
    assert hear(services, draft, "室温不对，是十二度").draft.answers == {"room_temperature": "12度"}


@pytest.mark.parametrize("said", ["不对，是昨天", "不，是昨天开始的", "不对，是5号楼"])
def test_a_short_correction_of_the_card_is_no_mere_no(services: Services, said: str) -> None:
    heard = hear(services, told(services, AT_BUILDING_3), said, Stance.NO)
    assert began(heard.draft) == "2026-11-20" or "5号楼" in place(heard.draft)
    assert heard.remarks == ()


# -- by tap ------------------------------------------------------------------------------------------------------


def test_the_time_line_can_be_changed_by_tap(services: Services) -> None:
    draft = tap(services, told(services), "edit:report_since").draft
    assert services.intake.next_question(draft) is Ask.SINCE
    changed = hear(services, draft, "大概上个月底").draft
    assert (began(changed), next_ask(changed)) == ("2026-10-21", Ask.CONFIRMATION)
    assert changed.editing is None


@pytest.mark.parametrize(("said", "stance"), [("不知道", Stance.UNSURE), ("不改了", Stance.NO)])
@pytest.mark.parametrize("line", ["report_since", "report_category", "report_description"])
def test_who_does_not_change_a_line_after_all_is_back_at_the_card(
    services: Services, line: str, said: str, stance: Stance
) -> None:
    before = told(services)
    draft = tap(services, before, f"edit:{line}").draft
    after = hear(services, draft, said, stance).draft
    assert services.intake.next_question(after) is Ask.CONFIRMATION
    assert (after.since, after.category, after.description) == (before.since, before.category, before.description)


def test_a_time_nobody_can_date_is_kept_in_its_words(services: Services) -> None:
    draft = tap(services, told(services), "edit:report_since").draft
    changed = hear(services, draft, "从我奶奶那时候起").draft
    assert changed.since is not None
    assert (changed.since.words, changed.since.begin) == ("从我奶奶那时候起", None)


def test_the_category_line_offers_others_and_takes_words(services: Services) -> None:
    draft = tap(services, told(services), "edit:report_category").draft
    assert services.intake.next_question(draft) is Ask.CATEGORY
    assert draft.category_options and draft.category not in draft.category_options
    chosen = tap(services, draft, f"category:{draft.category_options[0]}").draft
    assert services.intake.next_question(chosen) is Ask.CONFIRMATION
    named = hear(services, draft, "是垃圾没人收").draft
    assert (named.category, services.intake.next_question(named)) == ("310101", Ask.CONFIRMATION)
    back = tap(services, draft, "edit:back").draft
    assert (back.category, services.intake.next_question(back)) == (told(services).category, Ask.CONFIRMATION)


def test_none_of_the_offered_categories_is_for_a_person(services: Services) -> None:
    draft = tap(services, told(services), "edit:report_category").draft
    after = tap(services, draft, "category:none").draft
    assert services.intake.next_question(after) is Ask.CONFIRMATION


# -- at any question before --------------------------------------------------------------------------------------


def test_a_correction_while_something_else_is_asked_is_heard_and_the_question_stays(services: Services) -> None:
    draft = first(services, AT_BUILDING_3)
    assert next_ask(draft) is Ask.CONTACT
    heard = hear(services, draft, "不是3号楼，是5号楼")
    assert "5号楼" in place(heard.draft)
    assert heard.remarks == ("report.changed",)
    assert next_ask(heard.draft) is Ask.CONTACT


@pytest.mark.parametrize(
    "said", ["不对，是昨天开始的", "不对，昨天才开始的", "不对是昨天开始的", "不对啊，是昨天", "不，是昨天开始的"]
)
@pytest.mark.parametrize("stance", [Stance.NO, Stance.OTHER])
def test_a_time_is_put_right_while_the_telephone_is_asked_for(services: Services, said: str, stance: Stance) -> None:
    draft = first(services, AT_BUILDING_3)
    heard = hear(services, draft, said, stance)
    assert began(heard.draft) == "2026-11-20"
    assert (heard.draft.contact, heard.remarks) == (None, ("report.changed",))
    assert next_ask(heard.draft) is Ask.CONTACT
    assert heard.draft.description == draft.description


@pytest.mark.parametrize(
    ("said", "part"),
    [
        *(("不对，是5号楼", "5号楼"), ("不是，是5号楼", "5号楼"), ("不是的，是5号楼", "5号楼")),
        *(("不是，地点是海尔路182号", "海尔路182号"), ("错了，是海尔路182号", "海尔路182号")),
    ],
)
@pytest.mark.parametrize("stance", [Stance.NO, Stance.OTHER])
def test_a_place_is_put_right_while_the_telephone_is_asked_for(
    services: Services, said: str, part: str, stance: Stance
) -> None:
    draft = first(services, AT_BUILDING_3)
    heard = hear(services, draft, said, stance)
    assert part in place(heard.draft)
    assert (heard.draft.contact, heard.remarks) == (None, ("report.changed",))
    assert next_ask(heard.draft) is Ask.CONTACT
    assert "不是" not in heard.draft.description


def test_a_building_that_was_not_told_joins_the_place(services: Services) -> None:
    draft = first(services, "市北区合肥路688号的路灯坏了")
    heard = hear(services, draft, "不对，是5号楼", Stance.NO)
    assert "合肥路688号" in place(heard.draft) and "5号楼" in place(heard.draft)
    assert (heard.draft.contact, next_ask(heard.draft)) == (None, Ask.CONTACT)


def test_what_is_broken_is_put_right_while_the_telephone_is_asked_for(services: Services) -> None:
    heard = hear(services, first(services, AT_BUILDING_3), "不对，是垃圾没人收", Stance.NO)
    assert "垃圾没人收" in heard.draft.description
    assert (heard.draft.contact, next_ask(heard.draft)) == (None, Ask.CONTACT)


@pytest.mark.parametrize("said", ["不对，是昨天开始的", "不对，是5号楼"])
def test_a_number_is_not_lost_to_a_correction_while_another_is_asked_for(services: Services, said: str) -> None:
    draft = tap(services, told(services, AT_BUILDING_3), "edit:report_contact").draft
    assert services.intake.next_question(draft) is Ask.CONTACT
    heard = hear(services, draft, said, Stance.NO)
    assert (heard.draft.contact, heard.draft.phone) == (Contact.PHONE, PHONE)
    assert services.intake.next_question(heard.draft) is Ask.CONTACT
    assert began(heard.draft) == "2026-11-20" or "5号楼" in place(heard.draft)


@pytest.mark.parametrize("said", ["不对，是昨天开始的", "不对，是5号楼"])
def test_a_correction_is_one_whatever_the_message_sounds_like(services: Services, said: str) -> None:
    assert services.intake.puts_right(said)


@pytest.mark.parametrize(
    "said", ["不对", "不用", "不方便", "不对，我要转人工", "不对，别报了", "不对，海尔路那个单子办得怎么样了"]
)
def test_a_plain_no_puts_nothing_right(services: Services, said: str) -> None:
    assert not services.intake.puts_right(said)


def test_a_time_is_put_right_while_the_place_is_asked(services: Services) -> None:
    heard = hear(services, first(services, "路灯坏了，昨天开始的"), "时间不对，前天开始的")
    assert began(heard.draft) == "2026-11-19"
    assert next_ask(heard.draft) is Ask.PLACE


def test_what_it_is_not_is_no_place(services: Services) -> None:
    draft = hear(services, first(services, "路灯坏了"), "不是翠湖小区，是李沧区书院路29号").draft
    assert "书院路" in place(draft) and "翠湖" not in place(draft)


def test_the_first_message_is_no_correction(services: Services) -> None:
    draft = first(services, "不是我家，是邻居家门口的路灯坏了")
    assert "不是我家" in draft.description


SAID = st.lists(
    st.sampled_from(
        [
            "不是3号楼",
            "是5号楼",
            "时间不对",
            "昨天",
            "电话",
            OTHER,
            "换成",
            "错了",
            "地址",
            "匿名",
            "海尔路61号",
            "对",
            "改",
        ]
    ),
    min_size=1,
    max_size=6,
).map("，".join)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=often(60), deadline=None)
@given(said=SAID | st.text(max_size=40))
def test_whatever_is_said_to_the_card_the_draft_stays_whole(services: Services, said: str) -> None:
    heard = hear(services, told(services, AT_BUILDING_3), said)
    assert heard.outcome in (Outcome.ASK, Outcome.FILE)
    assert heard.draft.category in services.taxonomy.leaves
    assert heard.draft.description
    assert Draft.from_dict(json.loads(json.dumps(heard.draft.as_dict()))) == heard.draft
    assert (heard.draft.contact is Contact.PHONE) == bool(heard.draft.phone)


def test_a_kind_that_is_named_stays_though_the_former_words_speak_against_it(services: Services) -> None:
    draft = first(services, "李沧区书院路29号门口垃圾没人收，垃圾堆成了小山")
    draft = tap(services, draft, "contact:anonymous").draft
    before = draft.category
    heard = hear(services, draft, "类别不对，是门口的两盏路灯坏了，垃圾桶那儿漆黑")
    assert heard.draft.category not in (before, None)
    assert "灯" in services.taxonomy.leaf(heard.draft.category or "").name
    assert "门口的两盏路灯坏" in heard.draft.description
