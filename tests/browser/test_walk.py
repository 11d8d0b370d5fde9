"""The whole loop in a real browser: 受理 → 派单 → 处置 → 反馈 → 评价, citizen on one side, clerk on the other."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import picture
from tests.system import RunningSystem

# A busy machine is no fault of the page.
expect.set_options(timeout=20_000)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


def say(page: Page, text: str) -> None:
    page.get_by_role("textbox").fill(text)
    page.get_by_role("textbox").press("Enter")


def tap(page: Page, title: str) -> None:
    page.get_by_role("button", name=title, exact=False).last.click()


def lines(page: Page) -> str:
    return page.get_by_role("log").inner_text()


def to_the_card(page: Page) -> None:
    """Whatever detail is asked before the card is not known."""
    last = page.locator(".line:not(.citizen)").last
    for _ in range(150):
        if last.get_by_role("button", name="确认提交").count():
            return
        unknown = last.get_by_role("button", name="不知道", exact=True)
        if unknown.count() and unknown.is_enabled():
            unknown.click()
        page.wait_for_timeout(200)
    raise AssertionError(f"no card: {lines(page)[-200:]}")


def file_a_complaint(page: Page, text: str) -> str:
    say(page, text)
    to_the_card(page)
    tap(page, "确认提交（不留电话）")
    expect(page.get_by_role("log")).to_contain_text("编号是")
    found = re.search(r"编号是 (\d{4}\s\d{4}\s\d{4})", lines(page))
    assert found
    return found.group(1)


def clerk_step(clerk: Page, step: str, text: str | None = None) -> None:
    form = clerk.locator("details").filter(has=clerk.locator("summary", has_text=step))
    if form.get_attribute("open") is None:
        form.locator("summary").click()
    if text:
        form.locator("input[name=text], textarea").fill(text)
    form.locator("button[type=submit]").click()
    clerk.wait_for_load_state()


def test_a_citizen_files_the_department_closes_and_the_citizen_rates(
    phone: Page, browser: Browser, system: RunningSystem
) -> None:
    expect(phone.get_by_role("log")).to_contain_text("您好")
    picture(phone, "1-welcome")
    say(phone, "李沧区书院路和京口路路口的路灯坏了三天了，晚上黑得吓人")
    to_the_card(phone)
    expect(phone.get_by_role("log")).to_contain_text("手机号")
    say(phone, "13812345678")
    expect(phone.get_by_role("log")).to_contain_text("请您核对")
    expect(phone.get_by_role("log")).to_contain_text("138****5678")
    picture(phone, "2-card")
    tap(phone, "确认提交")
    expect(phone.get_by_role("log")).to_contain_text("编号是")
    picture(phone, "3-ticket")

    clerk = browser.new_page(viewport={"width": 375, "height": 760}, device_scale_factor=2)
    for _ in range(40):  # the worker brings it within a second or so; the clerk looks again until it is there
        clerk.goto(f"{system.url}/department/")
        if clerk.get_by_text("书院路").count():
            break
        clerk.wait_for_timeout(500)
    picture(clerk, "4-department")
    clerk.get_by_role("link").filter(has_text=re.compile("书院路|DC-")).first.click()
    clerk_step(clerk, "签收")
    expect(phone.get_by_role("log")).to_contain_text("已经签收", timeout=20_000)
    clerk_step(clerk, "派", "路灯三班")
    clerk_step(clerk, "答复", "已查明是电缆接头烧坏，今晚更换。")
    clerk_step(clerk, "办结", "接头已更换，夜里复查灯亮了。")
    picture(clerk, "5-closed")
    expect(phone.get_by_role("log")).to_contain_text("问题真的解决了吗", timeout=20_000)
    picture(phone, "6-notice")
    tap(phone, "解决了")
    expect(phone.get_by_role("log")).to_contain_text("您满意吗")
    phone.get_by_role("button", name="满意", exact=True).last.click()
    expect(phone.get_by_role("log")).to_contain_text("联系过吗")
    phone.get_by_role("button", name="联系过", exact=True).last.click()
    expect(phone.get_by_role("log")).to_contain_text("评价记好了")
    picture(phone, "7-rated")
    say(phone, "我的单子办得怎么样了")
    expect(phone.get_by_role("log")).to_contain_text("已办结，您已评价")
    picture(phone, "8-progress")


def test_a_reload_shows_the_same_conversation_and_goes_on(phone: Page) -> None:
    say(phone, "市北区台东三路11号的垃圾桶满了没人收")
    to_the_card(phone)
    phone.reload()
    expect(phone.get_by_role("log")).to_contain_text("台东三路")
    tap(phone, "确认提交（不留电话）")
    expect(phone.get_by_role("log")).to_contain_text("编号是")


def test_what_a_citizen_writes_is_never_run(phone: Page) -> None:
    say(phone, "李沧区书院路路灯坏了，<b>粗</b><img src=x onerror=document.title='hacked'>")
    expect(phone.get_by_role("log")).to_contain_text("<b>粗</b>")
    expect(phone.locator(".line.assistant")).not_to_have_count(1)
    assert phone.title() != "hacked"
    assert phone.locator("main img").count() == 0


def test_danger_is_answered_with_advice_and_a_number_to_call(phone: Page) -> None:
    say(phone, "我家厨房煤气泄漏了，味道很大")
    expect(phone.get_by_role("log")).to_contain_text("119")
    assert phone.locator("a[href='tel:119']").count() >= 1
    picture(phone, "9-danger")


def test_a_message_sent_without_a_line_is_kept_and_sent_later(phone: Page) -> None:
    expect(phone.get_by_role("log")).to_contain_text("您好")
    phone.context.set_offline(True)
    say(phone, "城阳区正阳路8号门口的井盖响")
    phone.wait_for_timeout(1500)
    phone.context.set_offline(False)
    expect(phone.locator(".line.citizen")).to_contain_text("正阳路8号")
    to_the_card(phone)
    assert lines(phone).count("城阳区正阳路8号门口的井盖响") >= 1
