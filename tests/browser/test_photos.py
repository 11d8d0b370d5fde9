"""Photos on the page: chosen, looked at, sent, and on a line that breaks."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import ExifTags, Image
from playwright.sync_api import FilePayload, Locator, Page, Route, expect

from integrations.bootstrap import Services
from integrations.services.records import Line, Said
from integrations.store.media_tables import media
from integrations.store.upload_tables import uploads
from tests.browser.conftest import NewPage
from tests.browser.stage import Stage, bubble, running
from tests.conftest import wait_until
from tests.fakes import FakeListener
from tests.media_files import photo
from tests.servers import free_port

expect.set_options(timeout=20_000)
pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

PIECES = "**/api/chat/uploads/*"


def noisy(width: int, height: int, **save: Any) -> bytes:
    """A JPEG that does not pack well, as real photos do not."""
    target = io.BytesIO()
    Image.frombytes("RGB", (width, height), os.urandom(width * height * 3)).save(target, "JPEG", quality=90, **save)
    return target.getvalue()


def files(*contents: bytes) -> list[FilePayload]:
    return [{"name": f"{n}.jpg", "mimeType": "image/jpeg", "buffer": one} for n, one in enumerate(contents)]


def panel(page: Page) -> Locator:
    return page.get_by_role("dialog", name="照片")


def choose(page: Page, *contents: bytes) -> Locator:
    """Open the panel where it is not open, and choose from the album."""
    if not panel(page).count():
        page.get_by_role("button", name="照片", exact=True).click()
    with page.expect_file_chooser() as chosen:
        panel(page).get_by_role("button", name="从相册选").click()
    chosen.value.set_files(files(*contents))
    return panel(page)


def send(page: Page, *contents: bytes, words: str = "") -> None:
    shown = choose(page, *contents)
    if words:
        shown.get_by_label("想说两句吗").fill(words)
    shown.get_by_role("button", name=f"发送 {len(contents)} 张照片").click()
    expect(page.locator(".line.citizen .photo").first).to_be_visible()


def photo_lines(stage: Stage) -> list[Line]:
    """The citizen's lines with pictures, of whatever conversation."""
    with stage.services.engine.connect() as db:
        ids = list(db.execute(media.select().with_only_columns(media.c.conversation_id).distinct()).scalars())
    with stage.services.unit_of_work() as tx:
        return [line for one in ids for line in tx.conversations.lines(one) if line.said.photos]


def left(stage: Stage) -> int:
    """Uploads that nothing was made of."""
    with stage.services.engine.connect() as db:
        return len(db.execute(uploads.select()).all())


def look(page: Page, name: str) -> None:
    if folder := os.environ.get("JIESU_LOOK"):
        page.wait_for_timeout(300)
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def test_chosen_looked_at_sent_and_opened_large(stage: Stage, new_page: NewPage) -> None:
    stage.listener.answers = lambda said: [bubble(f"收到 {len(said.photos)} 张：{said.text}")]
    page = new_page(stage.url)
    shown = choose(page, noisy(600, 400), photo("blue"))
    expect(shown.get_by_role("listitem")).to_have_count(2)
    look(page, "chosen")
    shown.get_by_label("想说两句吗").fill("路灯不亮")
    shown.get_by_role("button", name="发送 2 张照片").click()
    expect(page.get_by_role("log")).to_contain_text("收到 2 张：路灯不亮")
    line = page.locator(".line.citizen")
    expect(line).to_have_count(1)
    expect(line.locator("img")).to_have_count(2)
    expect(line).to_contain_text("路灯不亮")
    look(page, "sent")
    line.get_by_role("button", name="照片 2，点开看大图").click()
    large = page.get_by_role("dialog", name="照片 2，共 2 张")
    expect(large.get_by_role("img")).to_be_visible()
    look(page, "large")
    large.get_by_role("button", name="上一张").click()
    expect(page.get_by_role("dialog", name="照片 1，共 2 张")).to_be_visible()
    page.keyboard.press("Escape")
    expect(line.get_by_role("button", name="照片 2，点开看大图")).to_be_focused()
    page.reload()
    image = page.locator(".line.citizen img").first
    expect(image).to_be_visible()
    wait_until(lambda: page.evaluate("document.querySelector('.line.citizen img').naturalWidth > 0"))
    assert len(photo_lines(stage)) == 1
    assert left(stage) == 0


def test_without_words_the_picture_says_it_all(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    send(page, photo())
    expect(page.locator(".line.citizen .photo img")).to_have_count(1)
    expect(page.locator(".line.assistant").last).to_contain_text("听到了")
    expect(page.locator(".line.citizen .bubble")).to_have_count(0)


def test_one_is_taken_out_again(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    shown = choose(page, photo("red"), photo("blue"), photo("green"))
    shown.get_by_role("button", name="不发照片 2").click()
    expect(shown.get_by_role("listitem")).to_have_count(2)
    expect(shown.get_by_role("button", name="不发照片 2")).to_be_focused()
    shown.get_by_role("button", name="发送 2 张照片").click()
    expect(page.locator(".line.citizen .photo img")).to_have_count(2)
    expect(page.locator(".line.citizen progress")).to_have_count(0)
    (line,) = photo_lines(stage)
    assert len(line.said.photos) == 2


def test_what_was_chosen_is_still_there_after_going_back(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    choose(page, photo()).get_by_label("想说两句吗").fill("路灯")
    page.go_back()
    page.get_by_role("button", name="照片", exact=True).click()
    expect(panel(page).get_by_role("listitem")).to_have_count(1)
    expect(panel(page).get_by_label("想说两句吗")).to_have_value("路灯")


def test_more_than_nine_and_what_is_no_picture_are_told(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    shown = choose(page, *[photo()] * 11)
    expect(shown.get_by_role("listitem")).to_have_count(9)
    expect(shown.get_by_role("alert")).to_contain_text("一次最多 9 张")
    shown.get_by_role("button", name="不发照片 9").click()
    choose(page, b"\0\0\0\x18ftypheic" + bytes(100))
    expect(shown.get_by_role("alert")).to_contain_text("打不开")
    expect(shown.get_by_role("listitem")).to_have_count(8)


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_large_picture_is_made_small_and_its_place_and_time_arrive(
    stage: Stage, new_page: NewPage, order: str
) -> None:
    notes = Image.Exif()
    notes.endian = order
    notes[ExifTags.Base.Orientation] = 6
    notes[ExifTags.Base.Make] = "a camera of somebody's"
    taken = stage.services.clock().astimezone().strftime("%Y:%m:%d 00:00:01")
    notes.get_ifd(ExifTags.IFD.Exif)[36867] = taken
    notes.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (36.0, 6.0, 0.0), 3: "E", 4: (120.0, 24.0, 0.0)})
    page = new_page(stage.url)
    bodies: list[bytes] = []
    page.on("request", lambda one: one.method == "PATCH" and bodies.append(one.post_data_buffer or b""))
    send(page, noisy(3000, 2000, exif=notes.tobytes()))
    expect(page.locator(".line.assistant").last).to_contain_text("听到了")
    (line,) = photo_lines(stage)
    assert line.said.noted and (line.said.noted["lat"], line.said.noted["lon"]) == (36.1, 120.4)
    assert "taken_at" in line.said.noted
    with stage.services.unit_of_work() as tx:
        kept = tx.media.get(line.said.photos[0])
    assert kept and Image.open(io.BytesIO(kept.body)).size == (1067, 1600), "upright, once"
    sent = b"".join(bodies)
    assert len(sent) < 2_000_000 and b"a camera of" not in sent


def test_broken_notes_are_left_out_and_the_picture_goes(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    broken = [b"", b"MM\0*" + b"\xff" * 60, b"II*\0\x08\0\0\0\xff\xff" + b"\x87\x69" * 400, b"MM\0*\0\0\0\x08\0\x01"]
    send(page, *[noisy(1700, 20, exif=b"Exif\0\0" + one) for one in broken], words="坏的备注")
    expect(page.locator(".line.assistant").last).to_contain_text("听到了：坏的备注")
    (line,) = photo_lines(stage)
    assert len(line.said.photos) == len(broken) and line.said.noted is None


def test_a_line_that_breaks_in_the_middle_is_gone_on_with(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    pieces = 0

    def sometimes(route: Route) -> None:
        nonlocal pieces
        pieces += route.request.method == "PATCH"
        if route.request.method == "PATCH" and pieces in (2, 3, 5):
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route(PIECES, sometimes)
    send(page, noisy(1500, 1000), words="断了又来")
    expect(page.locator(".line.assistant").last).to_contain_text("听到了：断了又来")
    assert pieces > 5
    assert len(photo_lines(stage)) == 1
    assert left(stage) == 0, "each piece came once: nothing was begun anew"


def test_a_slow_line_shows_how_far_it_is(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    seen: list[float] = []

    def slowly(route: Route) -> None:
        seen.append(page.locator("progress").first.evaluate("bar => bar.value"))
        page.wait_for_timeout(300)
        route.continue_()

    page.route(PIECES, slowly)
    send(page, noisy(1500, 1000), words="慢慢来")
    expect(page.locator(".line.assistant").last).to_contain_text("听到了：慢慢来")
    assert seen == sorted(seen) and len(set(seen)) > 3 and 0 <= seen[0] < seen[-1] < 1
    expect(page.locator("progress")).to_have_count(0)


def test_offline_in_the_middle_and_back(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    page.route(PIECES, _off_after(page, 2))
    send(page, noisy(1500, 1000), photo("blue"), words="隧道里")
    expect(page.get_by_role("button", name="未发出，点此重发")).to_be_visible()
    look(page, "offline")
    page.unroute(PIECES)
    page.context.set_offline(False)
    expect(page.locator(".line.assistant").last).to_contain_text("听到了：隧道里")
    (line,) = photo_lines(stage)
    assert len(line.said.photos) == 2


def _off_after(page: Page, pieces: int) -> Callable[[Route], None]:
    seen = 0

    def handle(route: Route) -> None:
        nonlocal seen
        seen += route.request.method == "PATCH"
        if seen <= pieces:
            route.continue_()
            return
        page.context.set_offline(True)
        route.abort("internetdisconnected")

    return handle


def test_a_reload_in_the_middle_goes_on_where_it_was_and_in_order(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    page.route(PIECES, _stop_after(1))
    send(page, noisy(1500, 1000), words="先说的")
    page.get_by_role("textbox", name="您想说的话").fill("后说的")
    page.get_by_role("textbox", name="您想说的话").press("Enter")
    expect(page.locator(".line.own")).to_have_count(2)
    wait_until(lambda: page.evaluate("[...document.querySelectorAll('progress')].some(bar => bar.value > 0)"))
    page.unroute(PIECES)
    began: list[str] = []
    page.on("request", lambda one: one.method == "POST" and one.url.endswith("/uploads") and began.append(one.url))
    page.reload()
    expect(page.locator(".line.assistant").last).to_contain_text("听到了：后说的")
    assert [said.text for said in stage.listener.said] == ["先说的", "后说的"]
    assert began == [], "the upload was gone on with"
    assert len(photo_lines(stage)) == 1


def _stop_after(pieces: int) -> Callable[[Route], None]:
    seen = 0

    def handle(route: Route) -> None:
        nonlocal seen
        seen += route.request.method == "PATCH"
        if seen <= pieces:
            route.continue_()
        else:
            route.abort("connectionreset")

    return handle


def test_a_gateway_that_goes_in_the_middle_is_followed_by_another(
    services: Services, listener: FakeListener, new_page: NewPage
) -> None:
    port = free_port()
    with running(Stage(services, listener, port)) as first:
        page = new_page(first.url)
        page.route(PIECES, _stop_after(2))
        send(page, noisy(1500, 1000), words="换了一台")
        wait_until(lambda: page.evaluate("[...document.querySelectorAll('progress')].some(bar => bar.value > 0)"))
    page.unroute(PIECES)
    began: list[str] = []
    page.on("request", lambda one: one.method == "POST" and one.url.endswith("/uploads") and began.append(one.url))
    page.wait_for_timeout(1500)
    with running(Stage(services, listener, port)) as another_gateway:
        expect(page.locator(".line.assistant").last).to_contain_text("听到了：换了一台")
        assert len(photo_lines(another_gateway)) == 1
    assert began == []


def test_an_upload_that_the_server_has_lost_is_begun_anew(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    page.route(PIECES, _stop_after(1))
    send(page, noisy(1500, 1000), words="丢了再来")
    wait_until(lambda: page.evaluate("[...document.querySelectorAll('progress')].some(bar => bar.value > 0)"))
    with stage.services.engine.connect() as db:
        begun = list(db.execute(uploads.select().with_only_columns(uploads.c.id)).scalars())
    with stage.services.unit_of_work() as tx:
        assert [tx.uploads.delete(one) for one in begun] == [True]
    page.unroute(PIECES)
    expect(page.locator(".line.assistant").last).to_contain_text("听到了：丢了再来")
    assert len(photo_lines(stage)) == 1


def test_an_answer_that_was_lost_is_no_second_message(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    lost = 0

    def lose(route: Route) -> None:
        nonlocal lost
        lost += 1
        route.fetch()
        route.abort("connectionreset")

    page.route("**/api/chat/media", lose, times=1)
    send(page, photo(), words="只算一次")
    expect(page.locator(".line.assistant").last).to_contain_text("听到了：只算一次")
    page.wait_for_timeout(1500)
    assert lost == 1
    assert len(photo_lines(stage)) == 1
    assert [said.text for said in stage.listener.said] == ["只算一次"]


@pytest.mark.parametrize(("width", "elder", "dark"), [(375, False, False), (320, True, False), (375, False, True)])
def test_every_target_is_large_and_nothing_sticks_out(
    stage: Stage, new_page: NewPage, width: int, elder: bool, dark: bool
) -> None:
    page = new_page(stage.url, width=width, color_scheme="dark" if dark else "light")
    if elder:
        page.evaluate("localStorage.setItem('jiesu.elder', '1')")
        page.reload()
    shown = choose(page, photo("red"), photo("blue"))
    expect(shown.get_by_role("listitem")).to_have_count(2)
    look(page, f"panel-{width}-{elder}-{dark}")
    least = 60 if elder else 44
    for button in shown.get_by_role("button").all():
        box = button.bounding_box()
        assert box and min(box["width"], box["height"]) >= least - 0.5, button.inner_text()
    assert page.evaluate("document.querySelector('.panel-body').scrollWidth <= innerWidth")
    shown.get_by_role("button", name="发送 2 张照片").click()
    expect(page.locator(".line.citizen .photo img")).to_have_count(2)
    look(page, f"line-{width}-{elder}-{dark}")


def test_by_keyboard_alone(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    page.on("filechooser", lambda _chooser: None)  # from now on, not from the key on
    page.get_by_role("button", name="照片", exact=True).focus()
    page.keyboard.press("Enter")
    expect(panel(page)).to_be_visible()
    page.keyboard.press("Tab")
    expect(panel(page).get_by_role("button", name="拍一张")).to_be_focused()
    page.keyboard.press("Tab")
    expect(panel(page).get_by_role("button", name="从相册选")).to_be_focused()
    with page.expect_file_chooser() as chosen:
        page.keyboard.press("Enter")
    chosen.value.set_files(files(photo()))
    expect(panel(page).get_by_role("button", name="发送 1 张照片")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".line.citizen .photo img")).to_have_count(1)


def test_what_the_server_refuses_can_be_changed(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    page.route(
        "**/api/chat/media",
        lambda route: route.fulfill(status=422, json={"error": {"code": "not_accepted", "message": "打不开"}}),
        times=1,
    )
    send(page, photo(), words="改一改")
    page.get_by_role("button", name="未发出，点此修改").click()
    expect(panel(page).get_by_role("listitem")).to_have_count(1)
    panel(page).get_by_label("想说两句吗").fill("改好了")
    panel(page).get_by_role("button", name="发送 1 张照片").click()
    expect(page.locator(".line.assistant").last).to_contain_text("听到了：改好了")
    assert stage.listener.said[-1] == Said("改好了", "/report", photos=stage.listener.said[-1].photos)
