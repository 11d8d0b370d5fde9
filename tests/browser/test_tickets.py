"""The panels 我的诉求 and 我的个人信息 on a small phone."""

from __future__ import annotations

import os
import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from integrations.bootstrap import Services
from integrations.services.records import Complaint
from kb import ticket_number
from kb.lifecycle import Actor, Status
from tests.browser.conftest import NewPage, conversation_of, until
from tests.browser.stage import Stage, bubble
from tests.browser.test_axe import violations
from tests.browser.test_photos import files, left, noisy, photo_lines
from tests.builders import LAMP, PHONE, RUBBISH, filed, read, relay_all, told
from tests.media_files import photo

expect.set_options(timeout=20_000)
pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

FOLDER = os.environ.get("JIESU_LOOK")


def look(page: Page, name: str) -> None:
    """Keep a picture for whoever wants to see it."""
    if FOLDER:
        page.wait_for_timeout(300)
        page.screenshot(path=f"{FOLDER}/{name}.png")


def mine(stage: Stage, page: Page, text: str = LAMP, **how: Any) -> Complaint:
    """A ticket of this page's citizen."""
    return stage.services.filing.submit(told(stage.services, text, **how), conversation_of(page))


def close(services: Services, complaint: Complaint) -> None:
    with services.unit_of_work() as tx:
        known = tx.complaints.get(complaint.id)
        assert known is not None
        known = services.moving.make(tx, known, Status.DISPATCHED, actor=Actor.DISPATCH)
        known = services.moving.make(tx, known, Status.ACCEPTED, actor=Actor.DEPARTMENT, unit="市北区照明班")
        services.moving.make(tx, known, Status.CLOSED, actor=Actor.DEPARTMENT, note="换了灯头，已经亮了")


def tap(page: Page, name: str) -> None:
    page.get_by_role("dialog").last.get_by_role("button", name=name, exact=True).click()


def open_list(page: Page) -> None:
    page.get_by_role("group", name="可以发的东西").get_by_role("button", name="我的诉求").click()
    expect(page.get_by_role("dialog", name="我的诉求")).to_be_visible()


def open_one(page: Page, text: str) -> None:
    page.get_by_role("dialog", name="我的诉求").get_by_role("button", name=re.compile(text)).click()
    expect(page.get_by_role("dialog", name="诉求详情")).to_be_visible()


def test_who_has_nothing_is_told_what_to_do(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    open_list(page)
    expect(page.get_by_text("您还没有在这里反映过事情。")).to_be_visible()
    look(page, "empty")
    tap(page, "去说一件事")
    expect(page.get_by_role("textbox", name="您想说的话")).to_be_focused()


def test_a_ticket_is_urged_added_to_and_taken_back(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    complaint = mine(stage, page)
    relay_all(stage.services)
    open_list(page)
    look(page, "list")
    open_one(page, "路灯")
    look(page, "one")
    expect(page.get_by_role("listitem").filter(has_text="正在进行")).to_have_count(1)

    tap(page, "催一催")
    expect(page.get_by_text("要催一催吗？")).to_be_focused()
    look(page, "urge")
    tap(page, "催一催")
    expect(page.get_by_text("已经替您催了，这是第1次。")).to_be_focused()
    tap(page, "知道了")
    expect(page.get_by_role("dialog", name="诉求详情")).to_contain_text("您催过")

    tap(page, "补充")
    page.get_by_label("补充的内容").fill("昨晚还是黑的")
    tap(page, "交上去")
    expect(page.get_by_text("马上转给")).to_be_visible()
    tap(page, "知道了")
    expect(page.get_by_role("dialog", name="诉求详情")).to_contain_text("您补充过")

    tap(page, "撤回")
    expect(page.get_by_text("撤回以后不再办理")).to_be_visible()
    look(page, "withdraw")
    tap(page, "不撤了")
    expect(page.get_by_role("button", name="撤回", exact=True)).to_be_focused()
    tap(page, "撤回")
    tap(page, "撤回")
    expect(page.get_by_text("已经撤回，我们会告诉")).to_be_visible()
    tap(page, "知道了")
    expect(page.get_by_role("button", name="催一催")).to_have_count(0)
    assert read(stage.services, complaint).status is Status.WITHDRAWN
    page.go_back()
    expect(page.get_by_role("dialog", name="我的诉求")).to_contain_text("您已撤回")


def test_a_rating_asks_one_thing_at_a_time_and_goes_back(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    complaint = mine(stage, page)
    close(stage.services, complaint)
    open_list(page)
    expect(page.get_by_text("等您评价")).to_be_visible()
    open_one(page, "路灯")
    tap(page, "评价")
    look(page, "rate")
    tap(page, "没解决")
    tap(page, "上一个问题")
    tap(page, "解决了")
    tap(page, "非常满意")
    tap(page, "联系过")
    look(page, "rate_media")
    expect(page.get_by_role("button", name="上一个问题")).to_have_count(0)
    tap(page, "不用了")
    expect(page.get_by_text("不会拿出去讲")).to_be_visible()
    tap(page, "知道了")
    expect(page.get_by_role("dialog", name="诉求详情")).to_contain_text("已办结，您已评价")
    assert read(stage.services, complaint).status is Status.RATED


def test_without_a_network_what_was_written_stays_and_is_sent_once(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    complaint = mine(stage, page)
    open_list(page)
    open_one(page, "路灯")
    tap(page, "补充")
    page.get_by_label("补充的内容").fill("灯杆歪了")
    page.context.set_offline(True)
    tap(page, "交上去")
    expect(page.get_by_text("还没有交上去")).to_be_visible()
    look(page, "offline")
    page.get_by_role("dialog").last.get_by_role("button", name="返回").click()
    tap(page, "补充")
    expect(page.get_by_label("补充的内容")).to_have_value("灯杆歪了")
    page.context.set_offline(False)
    tap(page, "交上去")
    expect(page.get_by_text("记到编号")).to_be_visible()
    with stage.services.unit_of_work() as tx:
        assert [one.text for one in tx.reports.of_complaint(complaint.id)][1:] == ["灯杆歪了"]


def choose(page: Page, *contents: bytes) -> None:
    with page.expect_file_chooser() as chosen:
        page.get_by_role("dialog").last.get_by_role("button", name="从相册选").click()
    chosen.value.set_files(files(*contents))


def added(stage: Stage, complaint: Complaint) -> list[tuple[str, int]]:
    with stage.services.unit_of_work() as tx:
        return [(one.text, len(one.photos)) for one in tx.reports.of_complaint(complaint.id)][1:]


def test_pictures_are_added_with_the_words_and_shown_with_the_ticket(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    complaint = mine(stage, page)
    open_list(page)
    open_one(page, "路灯")
    tap(page, "补充")
    tap(page, "交上去")
    expect(page.get_by_text("您还没写内容呢")).to_be_visible()
    choose(page, noisy(900, 600), photo("blue"), photo("green"))
    shown = page.get_by_role("dialog").last
    expect(shown.get_by_role("list", name="选好的照片").get_by_role("listitem")).to_have_count(3)
    expect(shown.get_by_role("button", name="交上去")).to_be_focused()
    tap(page, "不发照片 3")
    page.get_by_label("补充的内容").fill("灯杆也歪了")
    look(page, "addition")
    tap(page, "交上去")
    expect(page.get_by_text("记到编号")).to_be_focused()
    tap(page, "知道了")
    ticket = page.get_by_role("dialog", name="诉求详情")
    expect(ticket).to_contain_text("您补充：灯杆也歪了（照片2张）")
    pictures = ticket.get_by_role("button", name=re.compile("^照片"))
    expect(pictures).to_have_count(2)
    pictures.nth(0).scroll_into_view_if_needed()
    until(page, lambda: page.evaluate("document.querySelector('.ticket-photo img').naturalWidth") > 0)
    assert page.evaluate("document.querySelector('.ticket-photo img').naturalWidth") <= 320
    look(page, "with_pictures")
    pictures.nth(1).click()
    expect(page.get_by_role("dialog", name="照片 2，共 2 张").get_by_role("img")).to_be_visible()
    page.go_back()
    expect(pictures.nth(1)).to_be_focused()
    assert added(stage, complaint) == [("灯杆也歪了", 2)]
    assert photo_lines(stage) == [] and left(stage) == 0


def test_an_addition_whose_answer_is_lost_is_added_once_also_after_a_reload(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    complaint = mine(stage, page)
    open_list(page)
    open_one(page, "路灯")
    tap(page, "补充")
    choose(page, noisy(400, 300))
    page.get_by_label("补充的内容").fill("灯杆也歪了")

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/supplement", lose)
    tap(page, "交上去")
    expect(page.get_by_text("还没有交上去")).to_be_visible()
    assert added(stage, complaint) == [("灯杆也歪了", 1)]
    page.unroute("**/supplement")
    page.reload()
    open_list(page)
    open_one(page, "路灯")
    tap(page, "补充")
    expect(page.get_by_label("补充的内容")).to_have_value("灯杆也歪了")
    expect(page.get_by_role("list", name="选好的照片").get_by_role("listitem")).to_have_count(1)
    tap(page, "交上去")
    expect(page.get_by_text("记到编号")).to_be_visible()
    assert added(stage, complaint) == [("灯杆也歪了", 1)]
    tap(page, "知道了")
    tap(page, "补充")
    expect(page.get_by_label("补充的内容")).to_have_value("")
    expect(page.get_by_role("list", name="选好的照片").get_by_role("listitem")).to_have_count(0)


def test_a_line_that_breaks_among_the_pieces_is_gone_on_with(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    complaint = mine(stage, page)
    open_list(page)
    open_one(page, "路灯")
    tap(page, "补充")
    choose(page, noisy(1200, 900))
    sent = {"pieces": 0}

    def breaks(route: Route) -> None:
        piece = route.request.method == "PATCH"
        sent["pieces"] += piece
        route.abort() if piece and sent["pieces"] == 3 else route.continue_()

    page.route("**/api/chat/uploads/*", breaks)
    tap(page, "交上去")
    expect(page.get_by_text("还没有交上去")).to_be_visible()
    tap(page, "交上去")
    expect(page.get_by_text("记到编号")).to_be_visible()
    assert added(stage, complaint) == [("", 1)] and left(stage) == 0


def test_pictures_of_the_department_are_told_of_and_no_foreign_address_is_asked(
    stage: Stage, new_page: NewPage
) -> None:
    page = new_page(stage.url)
    complaint = mine(stage, page)
    hostile = "http://127.0.0.1:1/x.png"
    with stage.services.unit_of_work() as tx:
        known = tx.complaints.get(complaint.id)
        assert known is not None
        known = stage.services.moving.make(tx, known, Status.DISPATCHED, actor=Actor.DISPATCH)
        known = stage.services.moving.make(tx, known, Status.ACCEPTED, actor=Actor.DEPARTMENT, unit="市北区照明班")
        stage.services.moving.make(
            tx,
            known,
            Status.CLOSED,
            actor=Actor.DEPARTMENT,
            note=f"换了灯头 {hostile}",
            photos=(hostile, "javascript:1"),
        )
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    open_list(page)
    open_one(page, "路灯")
    expect(page.get_by_role("dialog", name="诉求详情")).to_contain_text("单位拍了2张照片")
    look(page, "of_the_department")
    assert asked and all(url.startswith((stage.url, "blob:", "data:")) for url in asked)
    assert page.locator("dialog img").count() == 0


def test_whoever_has_number_and_phone_rates_and_does_not_take_back(stage: Stage, new_page: NewPage) -> None:
    complaint = filed(stage.services)
    page = new_page(stage.url)
    open_list(page)

    def look_up() -> None:
        page.get_by_label("诉求编号").fill(complaint.number)
        page.get_by_label("手机号后四位").fill(PHONE[-4:])
        tap(page, "查一查")
        expect(page.get_by_role("dialog", name="诉求详情")).to_be_visible()

    look_up()
    expect(page.get_by_role("button", name="催一催")).to_be_visible()
    expect(page.get_by_role("button", name="撤回", exact=True)).to_have_count(0)
    page.go_back()
    close(stage.services, complaint)
    look_up()
    tap(page, "评价")
    for answer in ("解决了", "非常满意", "联系过"):
        tap(page, answer)
    expect(page.get_by_text("评价记好了")).to_be_visible()
    tap(page, "知道了")
    expect(page.get_by_role("dialog", name="诉求详情")).to_contain_text("已办结，您已评价")
    assert read(stage.services, complaint).status is Status.RATED


def test_a_list_that_does_not_come_can_be_asked_for_again(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    mine(stage, page)
    page.route("**/api/tickets", lambda route: route.abort())
    open_list(page)
    expect(page.get_by_text("现在连不上网，没有打开。")).to_be_visible()
    page.unroute("**/api/tickets")
    tap(page, "再试一次")
    expect(page.get_by_role("button", name=re.compile("路灯"))).to_be_visible()


def test_a_ticket_from_elsewhere_opens_by_number_and_phone(stage: Stage, new_page: NewPage) -> None:
    complaint = filed(stage.services)
    page = new_page(stage.url)
    open_list(page)
    tap(page, "查一查")
    expect(page.get_by_text("请填诉求编号")).to_be_visible()
    page.get_by_label("诉求编号").fill(ticket_number.display(complaint.number))
    page.get_by_label("手机号后四位").fill("0000")
    tap(page, "查一查")
    expect(page.get_by_text("没有查到")).to_be_visible()
    look(page, "not_found")
    page.get_by_label("手机号后四位").fill(PHONE[-4:])
    tap(page, "查一查")
    expect(page.get_by_role("dialog", name="诉求详情")).to_contain_text("过 15 分钟要再查一次")
    look(page, "borrowed")


def test_a_link_opens_ones_own_ticket_and_asks_others_for_the_phone(stage: Stage, new_page: NewPage) -> None:
    page, other = new_page(stage.url), new_page(stage.url)
    complaint = mine(stage, page)
    page.goto(f"{stage.url}/#ticket={complaint.number}")
    expect(page.get_by_role("dialog", name="诉求详情")).to_contain_text(ticket_number.display(complaint.number))
    assert "#" not in page.url
    page.go_back()
    expect(page.get_by_role("dialog", name="我的诉求")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)

    other.goto(f"{stage.url}/#ticket={complaint.number}")
    expect(other.get_by_label("诉求编号")).to_have_value(complaint.number)
    expect(other.get_by_label("手机号后四位")).to_be_focused()


def test_the_sheet_has_the_ticket_and_nothing_else(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    complaint = mine(stage, page)
    page.evaluate("window.print = () => { window.printed = true; }")
    open_list(page)
    open_one(page, "路灯")
    tap(page, "打印")
    page.emulate_media(media="print")
    assert page.evaluate("window.printed")
    sheet = page.locator(".paper")
    expect(sheet).to_be_visible()
    for words in (ticket_number.display(complaint.number), "翠湖小区", "已登记", "您反映，已登记", "12345"):
        expect(sheet).to_contain_text(words)
    expect(sheet).not_to_contain_text(PHONE)
    expect(page.get_by_role("dialog")).to_have_count(0)
    look(page, "paper")
    assert page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") == 1
    expect(sheet).to_have_count(0)


def test_what_is_shared_has_the_number_and_nothing_personal(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    complaint = mine(stage, page)
    page.evaluate("Object.defineProperty(navigator, 'share', {value: async ({text}) => { window.shared = text; }})")
    open_list(page)
    open_one(page, "路灯")
    tap(page, "分享编号")
    until(page, lambda: bool(page.evaluate("window.shared")))
    shared = page.evaluate("window.shared")
    assert ticket_number.display(complaint.number) in shared and f"/#ticket={complaint.number}" in shared
    assert PHONE not in shared and "路灯" not in shared and "翠湖" not in shared


def test_where_nothing_can_be_shared_the_text_is_copied(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url, permissions=["clipboard-read", "clipboard-write"])
    complaint = mine(stage, page)
    page.evaluate("Object.defineProperty(navigator, 'share', {value: undefined})")
    open_list(page)
    open_one(page, "路灯")
    tap(page, "分享编号")
    expect(page.get_by_role("dialog").get_by_text("复制好了")).to_be_visible()
    assert ticket_number.display(complaint.number) in page.evaluate("navigator.clipboard.readText()")


def test_everything_is_deleted_after_asking_twice_and_the_page_begins_anew(stage: Stage, new_page: NewPage) -> None:
    stage.listener.answers = lambda said: [bubble("听到了")]
    page = new_page(stage.url)
    page.get_by_role("textbox").fill("我叫王小明")
    page.get_by_role("textbox").press("Enter")
    expect(page.get_by_role("log")).to_contain_text("听到了")
    complaint = mine(stage, page)
    close(stage.services, complaint)
    page.get_by_role("button", name="更多").click()
    page.get_by_role("button", name="我的个人信息").click()
    expect(page.get_by_text("138****5678")).to_be_visible()
    look(page, "my_data")
    tap(page, "删除我的全部信息")
    expect(page.get_by_text("马上删掉：")).to_be_visible()
    look(page, "my_data_ask")
    tap(page, "删除我的全部信息")
    tap(page, "确定删除")
    expect(page.get_by_text("删好了。")).to_be_visible()
    look(page, "my_data_done")
    tap(page, "重新开始")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("log")).not_to_contain_text("王小明")
    assert read(stage.services, complaint).description == ""


def test_what_is_open_is_named_before_anything_goes(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    complaint = mine(stage, page)
    page.get_by_role("button", name="更多").click()
    page.get_by_role("button", name="我的个人信息").click()
    tap(page, "删除我的全部信息")
    expect(page.get_by_role("dialog").last).to_contain_text(ticket_number.display(complaint.number))
    tap(page, "不删了")
    tap(page, "只删手机号")
    tap(page, "只删手机号")
    tap(page, "确定删除")
    expect(page.get_by_text("您登记的手机号已经从诉求里去掉")).to_be_visible()
    tap(page, "知道了")
    expect(page.get_by_role("dialog", name="我的个人信息")).to_contain_text("没有留")
    with stage.services.unit_of_work() as tx:
        assert tx.contacts.phone(complaint.id) is None


def test_a_server_that_cannot_now_keeps_what_was_written(stage: Stage, new_page: NewPage) -> None:
    page = new_page(stage.url)
    mine(stage, page)
    open_list(page)
    open_one(page, "路灯")
    tap(page, "补充")
    page.get_by_label("补充的内容").fill("灯杆歪了")
    page.route("**/supplement", lambda route: route.fulfill(status=503, json={"error": {"code": "x", "message": "y"}}))
    tap(page, "交上去")
    expect(page.get_by_text("刚才没有办成，请过一会儿再点一次。")).to_be_visible()
    expect(page.get_by_label("补充的内容")).to_have_value("灯杆歪了")


@pytest.mark.parametrize(
    ("name", "width", "more"),
    [
        ("small", 320, {}),
        ("dark", 375, {"color_scheme": "dark"}),
        ("english", 320, {"locale": "en-GB"}),
        ("elder", 375, {}),
        ("elder-small", 320, {}),
    ],
)
def test_it_fits_every_phone(stage: Stage, new_page: NewPage, name: str, width: int, more: dict[str, Any]) -> None:
    page = new_page(stage.url, width=width, **more)
    mine(stage, page)
    close(stage.services, mine(stage, page, RUBBISH, draft_id="draft-2"))
    if name.startswith("elder"):
        page.evaluate("localStorage.setItem('jiesu.elder', '1')")
        page.reload()
    for panel, picture in (("tickets", "list"), ("my_data", "data")):
        page.evaluate(f"document.querySelector('[data-panel={panel}]').click()")
        expect(page.locator("dialog h3").first).to_be_visible()
        look(page, f"{name}-{picture}")
        _fits(page)
        if panel == "tickets":
            page.locator(".ticket-row").first.click()
            expect(page.locator(".ticket-head")).to_be_visible()
            look(page, f"{name}-one")
            _fits(page)
            page.go_back()
            page.locator(".ticket-row").filter(has_text="路灯").click()
            page.locator(".ticket-deeds .option").nth(1).click()
            page.locator("#deed-words").fill("灯杆也歪了")
            page.locator("dialog input[type=file]").last.set_input_files(files(photo("blue"), photo("green")))
            expect(page.locator(".picked img")).to_have_count(2)
            look(page, f"{name}-addition")
            _fits(page)
            assert violations(page) == []
            page.go_back()
            page.go_back()
        page.go_back()
        expect(page.locator("dialog")).to_have_count(0)


def _fits(page: Page) -> None:
    """Nothing is wider than the phone, and no target is too small."""
    wide = (
        "[...document.querySelectorAll('dialog *')].filter((one) => one.getBoundingClientRect().right > innerWidth + 1)"
    )
    assert page.evaluate(f"{wide}.filter((one) => !one.closest('.unseen')).map((one) => one.className)") == []
    least = 60 if page.evaluate("document.documentElement.classList.contains('elder')") else 44
    small = f"""[...document.querySelectorAll('dialog button, dialog input')]
        .filter((one) => one.offsetHeight && one.offsetHeight < {least}).map((one) => one.outerHTML)"""
    assert page.evaluate(small) == []
