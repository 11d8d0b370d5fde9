"""Bad lines and old browsers: what a visit loads, a slow line, a module that does not come, no scripts at all."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Browser, expect

from integrations.web.page_files import FOREVER, PageFiles
from tests.browser.conftest import NewPage
from tests.browser.stage import Stage, bubble

expect.set_options(timeout=30_000)
pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

SLOW = {"offline": False, "latency": 400, "downloadThroughput": 400_000 / 8, "uploadThroughput": 400_000 / 8}
FIRST_VISIT = 60 * 1024


def test_what_a_first_visit_loads_is_small(stage: Stage, new_page: NewPage) -> None:
    page = new_page("about:blank")
    loaded: dict[str, int] = {}
    page.on("response", lambda one: loaded.setdefault(one.url, int(one.headers.get("content-length", 0))))
    page.goto(stage.url)
    expect(page.locator("html[data-ready]")).to_be_attached()
    expect(page.get_by_role("log")).to_contain_text("接诉")
    for url, size in sorted(loaded.items()):
        print(f"{size:7} {url.removeprefix(stage.url)}")
    print(sum(loaded.values()))
    assert f"{stage.url}{PageFiles().base}/chat.js" in loaded
    assert sum(loaded.values()) <= FIRST_VISIT


def test_files_of_this_version_are_fetched_once(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    kept = page.request.get(f"{stage.url}{PageFiles().base}/chat.js").headers["cache-control"]
    assert kept == FOREVER


def test_on_a_slow_line_and_a_slow_phone_words_go_out(stage: Stage, new_page: NewPage) -> None:
    stage.listener.answers = lambda said: [bubble(f"听到了：{said.text}")]
    page = new_page("about:blank")
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    line.send("Network.emulateNetworkConditions", SLOW)
    line.send("Emulation.setCPUThrottlingRate", {"rate": 6})
    began = time.monotonic()
    page.goto(stage.url, wait_until="commit")
    expect(page.get_by_role("textbox")).to_be_visible()
    print(f"the line to write in: {time.monotonic() - began:.1f} s")
    page.get_by_role("textbox").fill("路灯坏了")
    page.locator("#send").click()
    expect(page.get_by_role("log")).to_contain_text("听到了：路灯坏了")
    print(f"the answer: {time.monotonic() - began:.1f} s")


def test_words_sent_before_the_scripts_have_come_arrive(stage: Stage, browser: Browser) -> None:
    stage.listener.answers = lambda said: [bubble(f"听到了：{said.text}")]
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    page.route("**/chat.js", lambda route: route.abort())
    page.goto(stage.url)
    expect(page.locator("#broken")).to_be_visible()
    expect(page.locator("#broken a[href='tel:12345']")).to_be_visible()
    page.unroute("**/chat.js")
    page.get_by_role("textbox").fill("路灯坏了")
    page.locator("#send").click()
    expect(page.get_by_role("log")).to_contain_text("听到了：路灯坏了")
    context.close()


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_without_scripts_the_whole_conversation_is_there(stage: Stage, browser: Browser, colours: str) -> None:
    stage.listener.answers = lambda said: [bubble(f"听到了：{said.text}", "好", "不好")]
    context = browser.new_context(
        locale="zh-CN", java_script_enabled=False, color_scheme=colours, viewport={"width": 320, "height": 640}
    )
    page = context.new_page()
    page.goto(stage.url)
    page.wait_for_url("**/plain*")
    page.get_by_role("textbox").fill("路灯坏了")
    page.get_by_role("button", name="发送").click()
    expect(page.locator("main")).to_contain_text("听到了：路灯坏了")
    page.get_by_role("button", name="好", exact=True).click()
    expect(page.locator("main")).to_contain_text("听到了：好")
    wide, high = page.locator("body").bounding_box()["width"], page.get_by_role("button", name="发送").bounding_box()  # type: ignore[index]
    assert wide <= 320 and high is not None and high["height"] >= 44
    context.close()
