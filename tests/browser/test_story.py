"""One story on the real system, from a citizen's first look to the verdict; and how long telling takes a slow hand.

No slow hand was timed. It is reckoned by a keystroke-level model of a seventy-year-old on a phone: 1.5 s for each
character typed or erased, 4 s for each tap, the choosing of a picture in the phone's own album being two, 6 s for
reading each bubble and each card of the assistant; and to all that the time that the system took in this very run,
from the first request to the ticket number, counted whole although nobody reads or taps faster for it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, StorageState, expect

from tests.browser.test_casework import a_photo_of_the_lamp, hears, open_case, take
from tests.browser.test_walk import lines, say, tap
from tests.system import RunningSystem

expect.set_options(timeout=20_000)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

CHARACTER, TAP, BUBBLE = 1.5, 4.0, 6.0
SLOWEST, SLOWEST_WITH_PHOTO_AND_MAP = 120.0, 240.0
NUMBER = re.compile(r"编号是 (\d{4}\s\d{4}\s\d{4})")


@dataclass
class Hand:
    """A citizen's hand on a page: what it taps and types is counted."""

    page: Page
    taps: int = 0
    typed: int = 0
    begun: float = field(default_factory=time.monotonic)

    def tap(self, what: Locator) -> None:
        what.click()
        self.taps += 1

    def button(self, name: str | re.Pattern[str]) -> None:
        """Tap the last button of that name, as soon as it can be tapped."""
        found = self.page.get_by_role("button", name=name).last
        expect(found).to_be_enabled()
        self.tap(found)

    def write(self, where: Locator, text: str) -> None:
        """What stands there already is erased first, character by character."""
        self.tap(where)
        self.typed += len(text) + len(where.input_value())
        where.fill(text)

    def to_the_card(self) -> None:
        """What is asked before the card is not known."""
        last = self.page.locator(".line:not(.citizen)").last
        for _ in range(200):
            if last.get_by_role("button", name="确认提交").count():
                return
            unknown = last.get_by_role("button", name="不知道", exact=True)
            if unknown.count() and unknown.is_enabled():
                self.tap(unknown)
            self.page.wait_for_timeout(100)
        raise AssertionError(f"no card: {lines(self.page)[-200:]}")

    def number(self) -> str:
        """The ticket number that is told."""
        expect(self.page.get_by_role("log")).to_contain_text("编号是")
        found = NUMBER.search(lines(self.page))
        assert found
        return found.group(1)

    def seconds(self, name: str) -> float:
        """What it takes until now by the model; the figures are printed."""
        waited = time.monotonic() - self.begun
        read = self.page.locator(".line:not(.citizen)").count() + self.page.locator(".line .card").count()
        whole = self.typed * CHARACTER + self.taps * TAP + read * BUBBLE + waited
        print(
            f"\n{name}: {self.taps} taps, {self.typed} characters, {read} bubbles and cards to read, "
            f"{waited:.1f} s of the system: {whole:.0f} s by the model"
        )
        return whole


NewCitizen = Callable[..., Page]


@pytest.fixture
def new_citizen(browser: Browser, system: RunningSystem) -> Iterator[NewCitizen]:
    """A citizen's phone at the page, with what it kept if it was there before; a script error fails the test."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def make(kept: StorageState | None = None) -> Page:
        context = browser.new_context(
            viewport={"width": 375, "height": 760}, locale="zh-CN", device_scale_factor=2, storage_state=kept
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(system.url)
        return page

    yield make
    for context in contexts:
        context.close()
    assert errors == []


def tell_with_a_photo(hand: Hand, text: str) -> None:
    page = hand.page
    hand.tap(page.get_by_role("button", name="照片", exact=True))
    with page.expect_file_chooser() as chosen:
        hand.button("从相册选")
    chosen.value.set_files([a_photo_of_the_lamp()])
    hand.taps += 2  # in the phone's own album
    hand.write(page.get_by_label("想说两句吗"), text)
    hand.button("发送 1 张照片")
    expect(page.locator(".line.citizen .photo img")).to_have_count(1)


def choose_on_the_map(hand: Hand, name: str) -> None:
    page = hand.page
    hand.tap(page.locator(".tools [data-panel=place]"))
    hand.button("在地图上选")
    hand.write(page.get_by_role("combobox", name="找地名"), name)
    hand.tap(page.get_by_role("option").filter(has=page.locator("b", has_text=re.compile(f"^{name}$"))).first)
    expect(page.locator(".map-spot")).to_contain_text(name)
    hand.button("用这个位置")
    expect(page.get_by_role("dialog")).to_have_count(0)


def correct(hand: Hand, line: str, text: str) -> None:
    card = hand.page.locator(".card.confirm").last
    hand.tap(card.get_by_role("button", name=f"改“{line}”"))
    hand.write(card.get_by_role("textbox"), text)
    hand.tap(card.get_by_role("button", name="改好了"))


def open_ticket(page: Page, number: str) -> Locator:
    """The ticket of that number in 我的诉求."""
    page.get_by_role("group", name="可以发的东西").get_by_role("button", name="我的诉求").click()
    page.get_by_role("dialog", name="我的诉求").get_by_role("button", name=re.compile("路灯")).click()
    opened = page.get_by_role("dialog", name="诉求详情")
    expect(opened.locator(".number")).to_contain_text(number)
    return opened


def close_panels(page: Page) -> None:
    while (opened := page.get_by_role("dialog")).count():
        before = opened.count()
        page.keyboard.press("Escape")
        expect(opened).to_have_count(before - 1)


def test_one_sentence_is_enough(new_citizen: NewCitizen) -> None:
    begun = time.monotonic()
    phone = new_citizen()
    hand = Hand(phone, begun=begun)
    hand.write(phone.get_by_role("textbox"), "市北区合肥路688号门口的路灯坏了三天")
    hand.button("发送")
    hand.to_the_card()
    hand.button("确认提交（不留电话）")
    hand.number()
    assert hand.seconds("one sentence, to the ticket number") < SLOWEST


def test_a_whole_story(new_citizen: NewCitizen, desk: Page) -> None:
    # told in one sentence with a photo
    begun = time.monotonic()
    phone = new_citizen()
    hand = Hand(phone, begun=begun)
    hears(phone, "您好")
    tell_with_a_photo(hand, "这里的路灯坏了三天了")
    last = phone.locator(".line:not(.citizen)").last
    expect(last).to_contain_text("哪")
    asked = last.inner_text()

    # the page is gone, and is opened again where it was
    kept = phone.context.storage_state()
    phone.context.close()
    phone = hand.page = new_citizen(kept)
    expect(phone.locator(".line:not(.citizen)").last).to_have_text(asked, use_inner_text=True)
    expect(phone.locator(".line.citizen")).to_contain_text("这里的路灯坏了三天了")
    expect(phone.locator(".line.citizen .photo img")).to_have_js_property("complete", True)

    # the place on the map, a line of the card by its own button, and filed
    choose_on_the_map(hand, "海云庵")
    hand.to_the_card()
    correct(hand, "时间", "昨天晚上开始的")
    expect(phone.locator(".card.confirm")).to_have_count(2)
    card = phone.locator(".card.confirm").last
    for words in ("海云庵附近", "昨天", "1张"):
        expect(card).to_contain_text(words)
    expect(card).not_to_contain_text("三天了（")
    hand.to_the_card()
    hand.button("确认提交（不留电话）")
    number = hand.number()
    assert hand.seconds("with a photo, the map and a correction, to the ticket number") < SLOWEST_WITH_PHOTO_AND_MAP

    # 我的诉求 has it, with its timeline and the photo
    opened = open_ticket(phone, number)
    expect(opened).to_contain_text("海云庵")
    expect(opened.locator(".happened li").first).to_be_visible()
    shown = opened.locator(".ticket-media img")
    shown.scroll_into_view_if_needed()
    expect(shown).to_have_js_property("naturalWidth", 320)  # as small as the list needs it
    close_panels(phone)

    # another citizen with the same is told so, and joins
    neighbour = new_citizen()
    say(neighbour, "这里的路灯坏了，昨天晚上开始不亮的")
    hears(neighbour, "哪")
    choose_on_the_map(Hand(neighbour), "海云庵")
    similar = neighbour.get_by_role("button", name="是同一个问题，我也要反映")
    expect(similar).to_be_visible()
    hears(neighbour, "已有1人反映")
    similar.click()
    expect(neighbour.get_by_role("log")).to_contain_text("您自己的编号是")
    assert number not in lines(neighbour)

    # two citizens told of it: now it is on the map
    neighbour.locator(".tools [data-panel=place]").click()
    neighbour.get_by_role("button", name="在地图上选").click()
    neighbour.get_by_role("combobox", name="找地名").fill("海云庵")
    neighbour.get_by_role("option").filter(has=neighbour.locator("b", has_text=re.compile("^海云庵$"))).first.click()
    neighbour.get_by_role("button", name="附近别人反映过的事（1 件）").click()
    expect(neighbour.get_by_role("dialog", name="附近别人反映过的事")).to_contain_text("2 位市民反映过")

    # the department deals with it
    open_case(desk, "这里的路灯坏了三天了")
    take(desk, "签收")
    hears(phone, "已经签收")
    take(desk, "派给班组", "路灯三班")
    take(desk, "答复", "已查明是电缆接头烧坏，今晚更换。")
    take(desk, "办结", "接头已更换，夜里复查灯亮了。")
    hears(phone, "问题真的解决了吗")

    # and the citizen says what came of it
    tap(phone, "解决了")
    hears(phone, "您满意吗")
    phone.get_by_role("button", name="满意", exact=True).last.click()
    hears(phone, "联系过吗")
    phone.get_by_role("button", name="联系过", exact=True).last.click()
    expect(phone.get_by_role("log")).to_contain_text("评价记好了")
    opened = open_ticket(phone, number)
    expect(opened).to_contain_text("已办结，您已评价")
    expect(opened.locator(".happened")).to_contain_text("路灯三班")
