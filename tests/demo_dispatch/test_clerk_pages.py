"""The clerk's desk in a browser."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient

from integrations.demo_dispatch.app import create_app
from integrations.demo_dispatch.settings import Settings

from .conftest import KEY, Citizen, StillClock


def test_an_empty_desk_says_so(citizen: Citizen) -> None:
    assert "还没有工单" in citizen.client.get("/").text
    assert "没有已办结的工单" in citizen.client.get("/?state=closed").text
    assert "没有找到“DC-1”" in citizen.client.get("/?q=DC-1").text


def test_the_list_filters_by_state_and_finds_numbers_and_references(citizen: Citizen) -> None:
    first = citizen.file(**{"attribute[REFERENCE]": "QD-A"})
    second = citizen.file(**{"attribute[REFERENCE]": "QD-B"})
    citizen.step(first, "accepted")

    def listed(query: str) -> list[str]:
        page = citizen.client.get(f"/{query}").text
        return re.findall(r'href="requests/(DC-\d+-\d+)"', page)

    assert listed("") == [second, first]
    assert listed("?state=accepted") == [first]
    assert listed("?state=received") == [second]
    assert listed("?q=0002") == [second]
    assert listed("?q=qd-a") == [first]
    assert listed("?q=%25") == []
    assert listed("?state=nonsense&page=nonsense") == [second, first]


def test_a_long_list_has_pages(citizen: Citizen) -> None:
    for _ in range(31):
        citizen.file()

    assert 'href="?page=2"' in citizen.client.get("/").text
    last = citizen.client.get("/?page=2").text
    assert last.count('class="case"') == 1
    assert citizen.client.get("/?page=99").text == last


def test_what_a_citizen_wrote_is_never_markup(citizen: Citizen) -> None:
    attack = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'
    number = citizen.file(
        description=attack,
        address_string=attack,
        first_name=attack,
        phone='"onclick=',
        **{"attribute[CATEGORY]": attack},
    )
    citizen.step(number, "accepted")
    citizen.step(number, "assigned", '<b>"班组"')

    for path in ("/", f"/requests/{number}", "/?q=<script>"):
        answer = citizen.client.get(path)
        assert "<script" not in answer.text
        assert "<img" not in answer.text
        assert "<b>&#34;" not in answer.text
        assert '"onclick' not in answer.text
        assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "&lt;script&gt;" in citizen.client.get(f"/requests/{number}").text


def test_only_the_next_possible_steps_are_offered(citizen: Citizen) -> None:
    number = citizen.file()

    def offered() -> list[str]:
        page = citizen.client.get(f"/requests/{number}").text
        return re.findall(r'name="step" value="(\w+)"', page)

    assert offered() == ["accepted", "returned"]
    citizen.step(number, "accepted")
    assert offered() == ["assigned", "extended", "returned"]
    citizen.step(number, "assigned", "二班")
    assert offered() == ["answered", "closed", "co_assigned", "extended", "returned"]
    citizen.step(number, "closed", "已修复")
    assert offered() == []
    assert "没有后续操作" in citizen.client.get(f"/requests/{number}").text


def test_what_was_returned_is_given_to_another_team_and_worked_on(citizen: Citizen) -> None:
    number = citizen.file()
    citizen.step(number, "accepted")
    citizen.step(number, "assigned", "二班")
    citizen.step(number, "returned", "归道路养护")

    page = citizen.client.get(f"/requests/{number}").text
    assert re.findall(r'name="step" value="(\w+)"', page) == ["assigned"]
    assert "请按退回原因改派" in page
    assert "承办班组" not in page
    citizen.step(number, "assigned", "道路养护一班")

    page = citizen.client.get(f"/requests/{number}").text
    assert "<dt>承办班组</dt><dd>道路养护一班</dd>" in page
    assert "请按退回原因改派" not in page
    assert citizen.read(number)["status"] == "open"


def test_an_illegal_step_is_explained_and_changes_nothing(citizen: Citizen) -> None:
    number = citizen.file()

    answer = citizen.send(number, citizen.form(number, "closed", "没修就结"))

    assert answer.status_code == 409
    assert "工单现在是“待签收”，不能办结" in answer.text
    assert citizen.states(number) == []


def test_a_result_is_required_to_close(citizen: Citizen) -> None:
    number = citizen.file()
    citizen.step(number, "accepted")
    citizen.step(number, "assigned", "二班")

    answer = citizen.send(number, citizen.form(number, "closed", "  "))

    assert answer.status_code == 409
    assert "请填写办理结果" in answer.text
    assert citizen.states(number) == ["accepted", "assigned"]


def test_the_same_form_sent_twice_acts_once_and_both_taps_succeed(citizen: Citizen) -> None:
    number = citizen.file()
    citizen.step(number, "accepted")
    citizen.step(number, "assigned", "二班")
    form = citizen.form(number, "answered", "今天到场")

    answers = [citizen.send(number, form) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert citizen.states(number) == ["accepted", "assigned", "answered"]


def test_many_taps_at_the_same_moment_act_once(citizen: Citizen) -> None:
    number = citizen.file()
    form = citizen.form(number, "accepted")

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: citizen.send(number, form).status_code, range(8)))

    assert citizen.states(number) == ["accepted"]
    assert statuses == [303] * 8


def test_a_form_from_before_a_colleagues_step_is_refused_and_keeps_its_text(
    citizen: Citizen,
) -> None:
    number = citizen.file()
    citizen.step(number, "accepted")
    old = citizen.form(number, "returned", "应转燃气公司")
    citizen.step(number, "assigned", "二班")

    answer = citizen.send(number, old)

    assert answer.status_code == 409
    assert "刚刚有了新的进展" in answer.text
    assert "应转燃气公司" in answer.text
    assert citizen.states(number) == ["accepted", "assigned"]


@pytest.mark.parametrize("token", ["", "0" * 64, "错"])
def test_a_form_without_this_browsers_token_is_refused(citizen: Citizen, token: str) -> None:
    number = citizen.file()
    form = citizen.form(number, "accepted") | {"token": token}

    assert citizen.send(number, form).status_code == 403
    assert citizen.states(number) == []


def test_a_token_is_worth_nothing_without_its_cookie_or_for_another_request(
    citizen: Citizen,
) -> None:
    number, other = citizen.file(), citizen.file()
    form = citizen.form(number, "accepted")

    assert citizen.send(other, form).status_code == 403
    citizen.client.cookies.clear()
    assert citizen.send(number, form).status_code == 403


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(citizen: Citizen) -> None:
    cookie = citizen.client.get(f"/requests/{citizen.file()}").headers["set-cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


@pytest.mark.parametrize("changes", [{"step": "received"}, {"step": "x"}, {"seen": ""}, {"seen": "-1"}, {"seen": "²"}])
def test_a_form_that_makes_no_sense_changes_nothing(citizen: Citizen, changes: dict[str, str]) -> None:
    number = citizen.file()

    assert citizen.send(number, citizen.form(number, "accepted") | changes).status_code == 400
    assert citizen.states(number) == []


def test_an_unknown_number_or_page_gets_a_chinese_page(citizen: Citizen) -> None:
    unknown = citizen.client.get("/requests/DC-1")
    nowhere = citizen.client.get("/nowhere")

    assert (unknown.status_code, nowhere.status_code) == (404, 404)
    assert "没有这个编号的工单" in unknown.text
    assert 'href="../department.css"' in unknown.text
    assert "没有这个页面" in nowhere.text


def test_after_a_step_the_browser_is_sent_to_the_same_page_by_a_relative_way(
    citizen: Citizen,
) -> None:
    number = citizen.file()

    answer = citizen.send(number, citizen.form(number, "accepted"))

    assert answer.headers["location"] == f"{number}?done=accepted"


@pytest.mark.parametrize("path", ["", "/department"])
def test_it_works_under_a_prefix_whether_the_proxy_cuts_it_off_or_not(
    settings: Settings, clock: StillClock, path: str
) -> None:
    under = Settings(settings.database, KEY, public_base="/department")
    with TestClient(create_app(under, clock=clock)) as client:
        assert "还没有工单" in client.get(f"{path}/").text
        assert client.get(f"{path}/department.css").status_code == 200
        problem = client.get(f"{path}/requests/DC-1").text
        assert 'href="../department.css"' in problem
        discovery = client.get(f"{path}/open311/v2/discovery.json").json()
        assert discovery["endpoints"][0]["url"] == "http://testserver/department/open311/v2"
        assert client.get(f"{path}/open311/v2/nothing.json").json()[0]["code"] == 404
        assert client.get("/department", follow_redirects=True).url.path == "/department/"


def test_no_template_needs_a_script_or_an_inline_style(citizen: Citizen) -> None:
    number = citizen.file(media_url="https://example.org/a.jpg")

    for path in ("/", f"/requests/{number}"):
        page = citizen.client.get(path).text
        assert not re.search(r"<script|<style| style=| on\w+=|javascript:", page)
