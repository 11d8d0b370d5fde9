"""What a clerk does with a request beyond the plain way: extensions, helpers, withdrawals, re-checks, signatures."""

import re

import pytest

from .conftest import ALL_CHECKS, Citizen, StillClock

FOUR = ALL_CHECKS[:4]


def assigned(citizen: Citizen) -> str:
    number = citizen.file()
    citizen.step(number, "accepted")
    citizen.step(number, "assigned", "二班")
    return number


def page(citizen: Citizen, number: str) -> str:
    return citizen.client.get(f"/requests/{number}").text


def offered(citizen: Citizen, number: str) -> list[str]:
    return re.findall(r'name="step" value="(\w+)"', page(citizen, number))


def wanted_again(citizen: Citizen) -> str:
    """A request that was closed by 王敏, with which the citizen is not content."""
    number = citizen.closed(by="王敏")
    assert citizen.tell(number, "recheck", text="灯还是不亮").status_code == 200
    return number


# -- helpers and extensions --------------------------------------------------------------------------------------


def test_a_unit_that_helps_is_told_and_the_main_one_stays(citizen: Citizen) -> None:
    number = assigned(citizen)

    citizen.step(number, "co_assigned", "道路一班")
    citizen.step(number, "answered", "一起到场")

    assert [(one["event"], one["unit"]) for one in citizen.history(number)[1:]] == [
        ("assigned", "二班"),
        ("co_assigned", "道路一班"),
        ("answered", "二班"),
    ]
    assert citizen.read(number)["agency_responsible"] == "二班"
    assert re.search(r"协办单位</dt><dd>道路一班", page(citizen, number))


def test_an_extension_has_a_date_and_a_reason(citizen: Citizen) -> None:
    number = assigned(citizen)

    citizen.step(number, "extended", "等电缆到货", due="2026-11-27T17:30")

    told = citizen.history(number)[-1]
    assert (told["event"], told["due_at"], told["note"]) == ("extended", "2026-11-27T17:30:00+08:00", "等电缆到货")
    assert citizen.read(number)["expected_datetime"] == "2026-11-27T17:30:00+08:00"
    assert citizen.read(number)["extended_attributes"]["state"] == "assigned"
    assert "2026-11-27 17:30 到期" in citizen.client.get("/").text


@pytest.mark.parametrize(
    ("due", "words"),
    [
        ("", "请选择新的办理期限"),
        ("明天", "请选择新的办理期限"),
        ("2026-11-21T09:30", "要晚于 2026-11-21 09:30"),
        ("2027-11-21T09:30", "最多延后 90 天"),
        ("9999-12-31T23:59", "最多延后 90 天"),
        ("0001-01-01T00:00", "要晚于"),
    ],
)
def test_a_date_that_cannot_be_is_explained_and_the_reason_kept(citizen: Citizen, due: str, words: str) -> None:
    number = assigned(citizen)

    answer = citizen.send(number, citizen.form(number, "extended", "等电缆到货", due=due))

    assert answer.status_code == 409
    assert words in answer.text
    assert "等电缆到货" in answer.text
    assert citizen.states(number) == ["accepted", "assigned"]


def test_a_due_date_of_the_sender_is_shown_and_marked_when_it_is_past(citizen: Citizen, clock: StillClock) -> None:
    number = citizen.file(**{"attribute[DUE]": "2026-11-21T12:00:00+08:00"})

    assert citizen.read(number)["expected_datetime"] == "2026-11-21T12:00:00+08:00"
    assert 'class="late"' not in citizen.client.get("/").text
    clock.move(hours=3)
    assert 'class="late"' in citizen.client.get("/").text
    citizen.step(number, "returned", "不归我们")
    assert "到期" not in citizen.client.get("/").text


def test_a_date_that_was_put_off_stands_alone(citizen: Citizen) -> None:
    number = citizen.file(**{"attribute[DUE]": "2026-11-23T17:30:00+08:00"})
    assert "2026-11-23 17:30" in page(citizen, number)

    citizen.step(number, "accepted")
    citizen.step(number, "extended", "等材料", due="2026-11-25T17:30")

    dates = page(citizen, number).partition("下一步")[0]
    assert "2026-11-25 17:30" in dates
    assert "2026-11-23" not in dates


# -- who signs ---------------------------------------------------------------------------------------------------


def test_a_browser_remembers_who_signed(citizen: Citizen) -> None:
    number = citizen.file()
    assert "<option selected>" not in page(citizen, number).replace("<option selected>王敏", "")

    citizen.step(number, "accepted", clerk="赵倩")

    assert "<option selected>赵倩" in page(citizen, number)
    assert "赵倩 ·" in page(citizen, number)


@pytest.mark.parametrize("cookie", ["99", "-1", "x", "²", ""])
def test_a_cookie_that_names_nobody_is_the_first_clerk(citizen: Citizen, cookie: str) -> None:
    number = citizen.file()

    answer = citizen.client.get(f"/requests/{number}", headers={"Cookie": f"department_clerk={cookie}".encode()})

    assert "<option selected>王敏" in answer.text


def test_nobody_signs_with_a_name_that_is_not_on_the_list(citizen: Citizen) -> None:
    number = citizen.file()

    assert citizen.send(number, citizen.form(number, "accepted", clerk="路人")).status_code == 400
    assert citizen.states(number) == []


def test_the_names_of_clerks_are_told_only_where_two_must_differ(citizen: Citizen) -> None:
    number = citizen.file()
    citizen.step(number, "accepted", clerk="赵倩")
    citizen.step(number, "assigned", "二班", clerk="赵倩")
    citizen.step(number, "closed", "已修复", clerk="王敏")
    citizen.tell(number, "recheck")
    citizen.step(number, "rechecked", "已修好", clerk="李强", solved="yes", checks=ALL_CHECKS)

    assert [one["by"] for one in citizen.history(number)] == [None, None, "王敏", "李强"]


# -- withdrawals -------------------------------------------------------------------------------------------------


def test_what_was_withdrawn_is_marked_and_can_be_closed_at_once(citizen: Citizen) -> None:
    number = citizen.file()
    citizen.tell(number, "withdraw", text="邻居已经修好了")

    assert "已撤诉" in citizen.client.get("/").text
    assert "市民已经撤诉" in page(citizen, number)
    assert offered(citizen, number) == ["closed", "accepted", "returned"]
    citizen.step(number, "closed", "市民撤诉，不再办理")
    assert citizen.read(number)["status"] == "closed"


def test_a_withdrawal_does_not_undo_a_form_that_was_open(citizen: Citizen) -> None:
    number = citizen.file()
    form = citizen.form(number, "accepted")
    citizen.tell(number, "withdraw")

    assert citizen.send(number, form).status_code == 303


# -- re-checks ---------------------------------------------------------------------------------------------------


def test_a_wish_for_a_recheck_opens_what_was_closed(citizen: Citizen) -> None:
    number = citizen.closed()
    assert offered(citizen, number) == []

    citizen.tell(number, "recheck", text="灯还是不亮")

    assert citizen.read(number)["extended_attributes"]["state"] == "rechecking"
    assert citizen.read(number)["status"] == "open"
    assert offered(citizen, number) == ["rechecked"]
    assert "灯还是不亮" in page(citizen, number)
    assert number in citizen.client.get("/?state=rechecking").text
    assert citizen.numbers(status="open") == [number]


def test_a_confirmed_closing_is_closed_again(citizen: Citizen) -> None:
    number = wanted_again(citizen)

    citizen.step(number, "rechecked", "夜里看过，灯亮了", clerk="李强", solved="yes", checks=ALL_CHECKS)

    told = citizen.history(number)[-1]
    assert (told["event"], told["solved"], told["note"]) == ("rechecked", True, "夜里看过，灯亮了")
    assert citizen.read(number)["status"] == "closed"
    assert offered(citizen, number) == []
    assert page(citizen, number).count("✓") == 10


def test_who_checks_reads_why_the_citizen_is_not_content(citizen: Citizen) -> None:
    number = wanted_again(citizen)

    steps = page(citizen, number).partition("下一步")[2].partition("办理记录")[0]

    assert "市民对办理结果不满意，要求复核：灯还是不亮。办结人是王敏" in steps


def test_what_is_not_solved_is_worked_on_again_to_a_second_closing_and_a_second_recheck(citizen: Citizen) -> None:
    number = wanted_again(citizen)

    citizen.step(number, "rechecked", "确实不亮", clerk="李强", solved="no", checks=FOUR)
    assert citizen.history(number)[-1]["solved"] is False
    assert citizen.read(number)["extended_attributes"]["state"] == "assigned"
    citizen.step(number, "closed", "这次换了整灯", clerk="李强")
    citizen.tell(number, "recheck", key="recheck:2")

    same = citizen.send(
        number, citizen.form(number, "rechecked", "好了", clerk="李强", solved="yes", checks=ALL_CHECKS)
    )
    assert same.status_code == 409
    assert "由李强办结" in same.text
    citizen.step(number, "rechecked", "好了", clerk="王敏", solved="yes", checks=ALL_CHECKS)
    assert citizen.read(number)["status"] == "closed"


def test_the_form_of_a_recheck_does_not_offer_who_closed(citizen: Citizen) -> None:
    number = wanted_again(citizen)

    assert re.findall(r"<option[^>]*>([^<]+)</option>", page(citizen, number)) == ["请选择", "李强", "赵倩"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"clerk": "王敏"}, "这张工单由王敏办结，复核要换一名工作人员"),
        ({"clerk": ""}, "请选择由谁复核"),
        ({"solved": ""}, "请选择复核结论"),
        ({"checks": FOUR}, "还有没核实的：有登记、有派单、有办理、有反馈、有回访、有归档"),
        ({"checks": ALL_CHECKS[1:], "solved": "no"}, "还有没核实的：核实诉求事项"),
        ({"text": " "}, "请填写复核结论"),
    ],
)
def test_a_recheck_that_is_not_complete_is_explained_and_kept(
    citizen: Citizen, fields: dict[str, object], words: str
) -> None:
    number = wanted_again(citizen)
    good = {"text": "夜里看过", "clerk": "李强", "solved": "yes", "checks": ALL_CHECKS}

    answer = citizen.send(number, citizen.form(number, "rechecked") | good | fields)

    assert answer.status_code == 409
    assert words in answer.text
    ticked = len(re.findall(r'name="checks" value="\w+" checked', answer.text))
    assert ticked == len((good | fields)["checks"])  # type: ignore[arg-type]
    assert citizen.states(number)[-1] == "closed"
    assert citizen.read(number)["extended_attributes"]["state"] == "rechecking"


def test_a_recheck_that_nobody_asked_for_is_not_taken(citizen: Citizen) -> None:
    number = assigned(citizen)
    form = citizen.form(number, "rechecked", "好", clerk="李强", solved="yes", checks=ALL_CHECKS) | {"seen": "3"}
    citizen.step(number, "closed", "已修复", clerk="王敏")

    answer = citizen.send(number, form)

    assert answer.status_code == 409
    assert "不能复核" in answer.text


@pytest.mark.parametrize("changes", [{"solved": "maybe"}, {"step": "rechecking"}, {"seen": "x"}])
def test_a_form_that_no_page_sends_changes_nothing(citizen: Citizen, changes: dict[str, str]) -> None:
    number = wanted_again(citizen)
    good = {"text": "好", "clerk": "李强", "solved": "yes", "checks": ALL_CHECKS}

    assert citizen.send(number, citizen.form(number, "rechecked") | good | changes).status_code == 400
    assert citizen.states(number)[-1] == "closed"


def test_a_second_wish_while_a_recheck_goes_on_is_only_heard(citizen: Citizen) -> None:
    number = wanted_again(citizen)
    citizen.tell(number, "recheck", key="another", text="还有一盏")

    citizen.step(number, "rechecked", "好了", clerk="李强", solved="yes", checks=ALL_CHECKS)

    assert citizen.read(number)["status"] == "closed"


def test_who_ended_a_recheck_well_may_not_make_the_next_one(citizen: Citizen) -> None:
    number = wanted_again(citizen)
    citizen.step(number, "rechecked", "好了", clerk="李强", solved="yes", checks=ALL_CHECKS)
    citizen.tell(number, "recheck", key="once more")
    again = citizen.form(number, "rechecked", "还是好的", clerk="李强", solved="yes", checks=ALL_CHECKS)

    assert citizen.send(number, again).status_code == 409
    citizen.step(number, "rechecked", "确实好了", clerk="赵倩", solved="yes", checks=ALL_CHECKS)


def test_what_was_just_done_is_said_until_something_else_happens(citizen: Citizen) -> None:
    number = assigned(citizen)
    after = f"/requests/{number}?done=assigned"
    assert 'role="status"' in citizen.client.get(after).text
    assert 'role="status"' not in citizen.client.get(f"/requests/{number}?done=closed").text

    citizen.tell(number, "urge")

    assert 'role="status"' not in citizen.client.get(after).text


# -- the record --------------------------------------------------------------------------------------------------


def test_the_record_has_steps_and_the_citizens_words_as_they_came_even_in_one_second(citizen: Citizen) -> None:
    number = citizen.file()
    citizen.tell(number, "urge", text="快点")
    citizen.step(number, "accepted")
    citizen.tell(number, "supplement", key="k-2", text="在北门", at="2026-11-20T09:30:00+08:00")
    citizen.tell(number, "urge", key="k-3")
    citizen.step(number, "returned", "不归我们")

    record = page(citizen, number).partition("办理记录")[2]

    assert re.findall(r"<p><b>([^<]+)</b>", record) == ["退回", "市民催办", "市民补充", "签收", "市民催办", "收到"]


def test_every_field_of_every_form_has_a_label(citizen: Citizen) -> None:
    for number in (citizen.file(), assigned(citizen), wanted_again(citizen)):
        shown = page(citizen, number)
        fields = set(re.findall(r'<(?:input|textarea|select)[^>]* id="([\w-]+)"', shown))
        assert fields == set(re.findall(r'<label for="([\w-]+)"', shown))
        inputs = [one for one in re.findall(r"<(?:input|textarea|select)[^>]*>", shown) if " id=" not in one]
        assert all(re.search('type="(?:hidden|checkbox|radio)"', one) for one in inputs), inputs
