"""Bad lines and old browsers: what a visit loads, a slow line, a module that does not come, no scripts at all."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from integrations.web.page_files import FOREVER, PageFiles
from tests.browser.conftest import NewPage
from tests.browser.stage import Stage, bubble
from tests.browser.states import PANELS, STATES

expect.set_options(timeout=30_000)
pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

SLOW = {"offline": False, "latency": 400, "downloadThroughput": 400_000 / 8, "uploadThroughput": 400_000 / 8}
# All that is loaded before the map, every panel opened once.
ALL_BUT_THE_MAP = 60 * 1024
# Seconds to the first view on that line: reckoned, for what a busy machine takes says nothing of a phone.
FIRST_VIEW = 2.0
# To connect, for the page, for what it needs before anything is drawn.
JOURNEYS = 3


def loads(page: Page, url: str) -> dict[str, int]:
    """What is fetched from now on, in bytes as they go over the line."""
    loaded: dict[str, int] = {}

    def note(response: Response) -> None:
        path = response.url.removeprefix(url)
        if not response.from_service_worker and path.startswith("/"):
            loaded.setdefault(path, int(response.headers.get("content-length", 0)))

    page.on("response", note)
    return loaded


def opened(stage: Stage, page: Page) -> None:
    page.goto(stage.url)
    expect(page.locator("html[data-ready]")).to_be_attached()
    expect(page.get_by_role("log")).to_contain_text("接诉")


def test_what_is_loaded_before_the_map_is_small(stage: Stage, new_page: NewPage) -> None:
    page = new_page("about:blank")
    loaded = loads(page, stage.url)
    opened(stage, page)
    first = sum(loaded.values())
    assert f"{PageFiles().base}/chat.js" in loaded
    for name in PANELS:
        STATES[f"panel-{name}"](stage, page)
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
    for path, size in sorted(loaded.items()):
        print(f"{size:7} {path}")
    print(f"the first visit: {first}; with every panel but the map: {sum(loaded.values())}")
    assert not [path for path in loaded if "leaflet" in path]
    assert sum(loaded.values()) <= ALL_BUT_THE_MAP


def test_a_second_visit_asks_for_the_page_and_the_conversation_only(stage: Stage, new_page: NewPage) -> None:
    page = new_page("about:blank")
    opened(stage, page)
    page.goto("about:blank")
    opened(stage, page)
    kept = page.request.get(f"{stage.url}{PageFiles().base}/chat.js").headers["cache-control"]
    assert kept == FOREVER
    fetched = page.evaluate(
        "performance.getEntriesByType('resource').filter((one) => one.transferSize > 300).map((one) => one.name)"
    )
    assert fetched
    assert [url for url in fetched if "/page/v-" in url] == []


def test_the_first_view_comes_soon_on_a_slow_line(stage: Stage, new_page: NewPage) -> None:
    page = new_page("about:blank")
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    line.send("Network.emulateNetworkConditions", SLOW)
    line.send("Emulation.setCPUThrottlingRate", {"rate": 6})
    opened(stage, page)
    blocking = page.evaluate(
        "performance.getEntriesByType('resource').filter((one) => one.renderBlockingStatus === 'blocking')"
        ".map((one) => [new URL(one.name).pathname, one.encodedBodySize])"
    )
    waited_for = {path.rpartition("/")[2]: size for path, size in blocking}
    assert set(waited_for) == {"chat.css", "look.js"}
    whole = page.evaluate("performance.getEntriesByType('navigation')[0].encodedBodySize") + sum(waited_for.values())
    seconds = JOURNEYS * SLOW["latency"] / 1000 + whole / SLOW["downloadThroughput"]
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    print(f"before the first view: {whole} bytes, {seconds:.1f} s on this line; here it took {paint / 1000:.1f} s")
    assert whole > 10_000 and seconds <= FIRST_VIEW


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
