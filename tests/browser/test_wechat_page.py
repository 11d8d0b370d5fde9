"""The page inside WeChat in a real browser, against WeChat's side of a sign-in and a script of its kind."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.responses import RedirectResponse, Response
from playwright.sync_api import Browser, Page, expect

from integrations.bootstrap import Services
from integrations.services.records import Line, Said
from tests.browser.conftest import picture
from tests.builders import conversation
from tests.fakes import MemoryTurns
from tests.media_files import photo
from tests.servers import free_port
from tests.web.wechat_pages import INSIDE, OPENID, WECHAT, FakePageApi, Parts, change, gateway, signing_in

expect.set_options(timeout=20_000)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

OUTSIDE = INSIDE.partition(" MicroMessenger")[0]
# What WeChat's script does, as far as our pages use it.
SCRIPT = """
window.wx = {
  config(options) { window.configured = options; setTimeout(() => this.whenReady && this.whenReady()); },
  ready(what) { this.whenReady = what; },
  error() {},
  getLocation({ type, success }) { success({ latitude: "36.0661", longitude: "120.3826", type }); },
  chooseImage({ success }) { success({ localIds: ["one", "two"] }); },
  uploadImage({ localId, success }) { success({ serverId: `media-${localId}` }); },
};
"""


@dataclass
class Site:
    """Our gateway at 127.0.0.1 and WeChat at localhost: two sites for a browser."""

    services: Services
    api: FakePageApi
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def wechat(self) -> str:
        return f"http://localhost:{self.port}"

    def lines(self, address: str = OPENID, channel: str = "wechat") -> list[Line]:
        return list(self.services.conversing.history(conversation(self.services, address, channel).id))


@pytest.fixture
def turns() -> MemoryTurns:
    """One gateway; a loop of the test's own and Playwright's do not go together."""
    return MemoryTurns()


@pytest.fixture
def site(services: Services) -> Iterator[Site]:
    made = Site(services, FakePageApi(), free_port())
    made.api.kept = {"media-one": photo(), "media-two": photo("blue")}
    change(
        services,
        **WECHAT | {"public_url": made.url},
        wechat_open_url=made.wechat,
        wechat_script_url=f"{made.wechat}/fake/jweixin.js",
    )
    whole = signing_in(services, made.api, public=made.url, opened=made.wechat)
    services.wechat = Parts(made.api, whole)  # type: ignore[misc, assignment]
    app = gateway(services)
    _wechats_side(app, made.api)
    server = uvicorn.Server(uvicorn.Config(app, host="", port=made.port, log_level="warning", lifespan="off"))
    running = threading.Thread(target=server.run, daemon=True)
    running.start()
    until = time.monotonic() + 30
    while not server.started:
        assert time.monotonic() < until, "the gateway did not start"
        time.sleep(0.02)
    yield made
    server.should_exit = True
    running.join(timeout=10)


def _wechats_side(app: FastAPI, api: FakePageApi) -> None:
    @app.get("/connect/oauth2/authorize")
    def authorize(redirect_uri: str, state: str) -> RedirectResponse:
        code = f"code{len(api.asked)}"
        api.codes[code] = OPENID
        return RedirectResponse(f"{redirect_uri}?code={code}&state={quote(state)}", status_code=302)

    @app.get("/fake/jweixin.js")
    def script() -> Response:
        return Response(SCRIPT, media_type="text/javascript")


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[[str], Page]]:
    contexts = []
    errors: list[str] = []

    def make(agent: str) -> Page:
        context = browser.new_context(
            viewport={"width": 375, "height": 760},
            locale="zh-CN",
            user_agent=agent,
            geolocation={"latitude": 36.1, "longitude": 120.4},
            permissions=["geolocation"],
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()
    assert errors == []


def places(site: Site, page: Page, count: int = 1) -> list[dict[str, object]]:
    """Pins that were sent."""
    expect(page.locator(".line.citizen:not(.own)")).to_have_count(count)  # the server has them
    return [line.said.location for line in site.lines() if line.said.location]


def test_the_page_signs_in_and_goes_on_with_what_was_said_on_wechat(
    site: Site, new_page: Callable[[str], Page]
) -> None:
    own = conversation(site.services, OPENID, "wechat")
    site.services.conversing.accept(own.id, "said-on-wechat", Said("井盖一踩就响"))
    page = new_page(INSIDE)
    page.goto(f"{site.url}/")
    expect(page.get_by_role("log")).to_contain_text("井盖一踩就响")
    assert page.url.partition("#")[0] == f"{site.url}/"
    names = {cookie["name"]: cookie for cookie in page.context.cookies()}
    assert names["jiesu_session"]["httpOnly"]
    assert OPENID not in page.content() + str(page.context.cookies())
    page.reload()
    expect(page.get_by_role("log")).to_contain_text("井盖一踩就响")
    assert site.api.asked == ["openid_of"], "once"
    picture(page, "30-inside-wechat")


def send_place(page: Page) -> None:
    """By the panel."""
    page.get_by_role("button", name="位置", exact=True).click()
    page.get_by_role("button", name="用我现在的位置").click()


def test_the_place_comes_by_wechats_script(site: Site, new_page: Callable[[str], Page]) -> None:
    page = new_page(INSIDE)
    page.goto(f"{site.url}/")
    assert "jweixin" not in page.content(), "only when it is needed"
    send_place(page)
    (pin,) = places(site, page)
    assert pin == {"lat": 36.0661, "lon": 120.3826, "crs": "GCJ-02", "label": ""}
    assert page.evaluate("configured.jsApiList").count("getLocation") == 1
    assert site.api.asked.count("jsapi_ticket") == 1


def test_pictures_are_chosen_and_sent_by_wechat(site: Site, new_page: Callable[[str], Page]) -> None:
    page = new_page(INSIDE)
    page.goto(f"{site.url}/")
    page.get_by_role("button", name="照片", exact=True).click()
    panel = page.get_by_role("dialog", name="照片")
    panel.get_by_role("button", name="从相册选").click()
    expect(page.locator(".line.citizen .photo img")).to_have_count(2)
    expect(panel).to_have_count(0)
    assert len([line for line in site.lines() if line.said.photos]) == 2
    assert site.api.asked.count("media") == 2


def test_where_wechats_script_does_not_come_the_page_helps_itself(site: Site, new_page: Callable[[str], Page]) -> None:
    page = new_page(INSIDE)
    page.route("**/jweixin.js", lambda route: route.abort())
    page.goto(f"{site.url}/")
    send_place(page)
    (pin,) = places(site, page)
    assert pin["crs"] == "WGS-84"


def test_without_wechats_script_pictures_go_the_ordinary_way(site: Site, new_page: Callable[[str], Page]) -> None:
    page = new_page(INSIDE)
    page.route("**/jweixin.js", lambda route: route.abort())
    page.goto(f"{site.url}/")
    page.get_by_role("button", name="照片", exact=True).click()
    panel = page.get_by_role("dialog", name="照片")
    with page.expect_file_chooser() as chosen:
        panel.get_by_role("button", name="从相册选").click()
    chosen.value.set_files([{"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo()}])
    panel.get_by_role("button", name="发送 1 张照片").click()
    expect(page.locator(".line.assistant").last).to_contain_text("听到了")
    assert [line for line in site.lines() if line.said.photos]


def test_while_wechat_is_away_the_page_is_shown_all_the_same(site: Site, new_page: Callable[[str], Page]) -> None:
    site.api.codes = _Empty()
    page = new_page(INSIDE)
    page.goto(f"{site.url}/")
    expect(page.get_by_role("log")).to_contain_text("您好")
    assert page.url.partition("#")[0] == f"{site.url}/?nologin"
    page.get_by_role("textbox").fill("路灯不亮")
    page.get_by_role("textbox").press("Enter")
    expect(page.get_by_role("log")).to_contain_text("听到了：路灯不亮")


class _Empty(dict[str, str]):
    """Codes that are used up before they come."""

    def __contains__(self, key: object) -> bool:
        return False


def test_outside_wechat_nothing_of_it_is_asked_for(site: Site, new_page: Callable[[str], Page]) -> None:
    page = new_page(OUTSIDE)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{site.url}/")
    send_place(page)
    expect(page.locator(".line.citizen")).to_have_count(1)
    assert all(url.startswith(site.url) for url in asked)
    assert not [url for url in asked if "wechat" in url]


def test_notices_are_switched_on_by_wechats_button(site: Site, new_page: Callable[[str], Page]) -> None:
    inside, outside = new_page(INSIDE), new_page(OUTSIDE)
    inside.goto(f"{site.url}/wechat/notices?from=menu")
    tag = inside.locator("wx-open-subscribe")
    expect(tag).to_have_attribute("template", "template-1,template-2")
    assert "wx-open-subscribe" in inside.evaluate("configured.openTagList")
    tag.dispatch_event("error")
    expect(inside.get_by_role("status")).to_contain_text("过一会儿再来")
    outside.goto(f"{site.url}/wechat/notices")
    expect(outside.get_by_role("status")).to_contain_text("请在微信里打开")
    picture(outside, "31-notices")


def test_with_no_notices_set_up_the_page_says_so(site: Site, new_page: Callable[[str], Page]) -> None:
    site.services.wechat.notice_templates = ()  # type: ignore[misc]
    page = new_page(INSIDE)
    page.goto(f"{site.url}/wechat/notices")
    expect(page.get_by_role("status")).to_contain_text("没有要开通的通知")
    assert page.locator("wx-open-subscribe").count() == 0
