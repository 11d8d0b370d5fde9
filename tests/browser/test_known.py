"""What the city knows already, in a real browser: an outage told before the form, a duplicate joined or refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.announcing import announce
from tests.browser.conftest import picture
from tests.browser.test_walk import file_a_complaint, lines, say, tap, to_the_card
from tests.system import RunningSystem

expect.set_options(timeout=20_000)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

OUTAGE = {
    "id": "WALK-WATER",
    "title": "永平路换阀停水",
    "category": "7101",
    "districts": ["李沧区"],
    "places": ["永平路"],
    "lead_unit": "供水企业",
    "say": "这一片在换老阀门，分楼停水，换好就来水，刚来的水可能发黄。",
    "source": "供水企业计划停水通知",
    "advice": "请提前存点水。",
}


@pytest.fixture
def neighbour(browser: Browser, system: RunningSystem) -> Iterator[Page]:
    """Another citizen's phone."""
    context = browser.new_context(viewport={"width": 375, "height": 760}, locale="zh-CN", device_scale_factor=2)
    page = context.new_page()
    page.goto(system.url)
    yield page
    context.close()


def test_a_known_outage_is_answered_before_the_form(phone: Page, system: RunningSystem) -> None:
    announce(system, OUTAGE)
    say(phone, "李沧区永平路怎么没水了，做不了饭")
    expect(phone.get_by_role("log")).to_contain_text("换老阀门")
    expect(phone.get_by_role("log")).to_contain_text("供水企业计划停水通知")
    picture(phone, "10-known-outage")
    tap(phone, "知道了，不用再报")
    expect(phone.get_by_role("log")).to_contain_text("不另外登记")
    assert "手机号" not in lines(phone)


def test_a_duplicate_is_joined_with_one_tap_and_a_false_one_refused(phone: Page, neighbour: Page) -> None:
    first = file_a_complaint(phone, "市南区闽江路58号门口的井盖一踩就响，晚上吵得睡不着")
    say(neighbour, "市南区闽江路58号门口有个井盖松了，车一过咣当响")
    expect(neighbour.get_by_role("log")).to_contain_text("是不是同一件")
    expect(neighbour.get_by_role("log")).to_contain_text("已有1人反映")
    picture(neighbour, "11-similar")
    tap(neighbour, "是同一个问题，我也要反映")
    expect(neighbour.get_by_role("log")).to_contain_text("您自己的编号是")
    picture(neighbour, "12-joined")
    assert first not in lines(neighbour)

    say(neighbour, "市南区闽江路58号门口另一个井盖也一踩就响，吵得睡不着")
    expect(neighbour.get_by_role("button", name="不是，继续提交")).to_have_count(2)
    expect(neighbour.get_by_role("log")).to_contain_text("您报过")
    picture(neighbour, "13-another")
    tap(neighbour, "不是，继续提交")
    to_the_card(neighbour)
    expect(neighbour.get_by_role("log")).to_contain_text("手机号")
    picture(neighbour, "14-refused")
