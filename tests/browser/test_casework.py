"""Casework in a real browser, a citizen on one side and the department's clerk on the other.

The seven steps (信息收集, 案卷建立, 任务派遣, 任务处理, 处理反馈, 核实结案, 综合评价) with a return, an
extension, and a re-check that finds the work undone.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect

from kb import ticket_number
from tests.browser.conftest import picture
from tests.browser.test_walk import file_a_complaint, lines, say, tap, to_the_card
from tests.system import RunningSystem

expect.set_options(timeout=20_000)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

VERIFIED = ("核实诉求事项", "核实办理情况", "核实群众意见", "告知核查结果")


@pytest.fixture
def another(browser: Browser, system: RunningSystem) -> Iterator[Page]:
    """A second citizen's phone."""
    context = browser.new_context(viewport={"width": 375, "height": 760}, locale="zh-CN", device_scale_factor=2)
    page = context.new_page()
    page.goto(system.url)
    yield page
    context.close()


def hears(phone: Page, words: str | re.Pattern[str]) -> None:
    """The latest bubble or card of the assistant has these words."""
    expect(phone.locator(".line:not(.citizen)").last).to_contain_text(words)


def card(phone: Page) -> Locator:
    return phone.locator(".card.progress").last


def to_the_end(phone: Page) -> None:
    """Past a card that is longer than the screen, of which the head is shown."""
    if (more := phone.get_by_role("button", name="下面还有")).count():
        more.click()


def looks_until(desk: Page, found: Callable[[], bool]) -> None:
    """The clerk's page has no script: whoever waits for something looks again."""
    for _ in range(60):
        if found():
            return
        desk.wait_for_timeout(500)
        desk.reload()
    pytest.fail("the clerk waits in vain")


def open_case(desk: Page, words: str) -> None:
    case = desk.get_by_role("link").filter(has_text=words)
    looks_until(desk, lambda: case.count() == 1)
    case.click()
    expect(desk.get_by_role("heading", name="下一步")).to_be_visible()


def form(desk: Page, step: str) -> Locator:
    """The form of this step, opened."""
    found = desk.locator("details").filter(has=desk.locator("summary", has_text=re.compile(f"^{step}$")))
    if found.get_attribute("open") is None:
        found.locator("summary").click()
    return found


def take(desk: Page, step: str, text: str = "") -> None:
    """The clerk's step, with the clerk that the browser remembers."""
    filled = form(desk, step)
    if text:
        filled.locator("input[name=text], textarea").fill(text)
    filled.locator("button[type=submit]").click()
    expect(desk.get_by_role("status")).to_be_visible()


def a_photo_of_the_lamp() -> FilePayload:
    """A street at night with its lamp on."""
    night = Image.new("RGB", (800, 600), "#101a33")
    draw = ImageDraw.Draw(night)
    draw.polygon([(400, 150), (240, 560), (560, 560)], fill="#4a4a38")
    draw.rectangle([396, 150, 404, 560], fill="#777")
    draw.ellipse([370, 120, 430, 170], fill="#ffe9a0")
    target = io.BytesIO()
    night.save(target, "JPEG")
    return FilePayload(name="修好后.jpg", mimeType="image/jpeg", buffer=target.getvalue())


def test_from_the_report_to_a_second_verdict(phone: Page, desk: Page) -> None:
    # 信息收集
    say(phone, "市北区延吉路131号门口的路灯坏了三天了，晚上黑得吓人")
    to_the_card(phone)
    hears(phone, "手机号")
    say(phone, "13812345678")
    hears(phone, "138****5678")
    picture(phone, "21-collecting-citizen")

    # 案卷建立
    tap(phone, "确认提交")
    hears(phone, "编号是")
    picture(phone, "22-filed-citizen")

    # 任务派遣
    case = desk.get_by_role("link").filter(has_text="延吉路131号")
    looks_until(desk, lambda: case.count() == 1)
    picture(desk, "23-dispatched-clerk")
    open_case(desk, "延吉路131号")
    expect(desk.get_by_text("13812345678")).to_be_visible()
    say(phone, "到哪一步了")
    expect(card(phone)).to_contain_text("任务派遣")
    expect(card(phone)).to_contain_text("等签收")
    picture(phone, "23-dispatched-citizen")
    to_the_end(phone)

    # 任务处理: accepted, given to a team, sent back by it, given to another
    take(desk, "签收")
    hears(phone, "已经签收")
    take(desk, "派给班组", "道路养护一班")
    hears(phone, "已经安排道路养护一班处理")
    take(desk, "退回", "灯杆归照明设施管，请改派照明维护班组。")
    expect(desk.get_by_text("请按退回原因改派")).to_be_visible()
    picture(desk, "24-returned-clerk")
    hears(phone, "被退回改派")
    hears(phone, "灯杆归照明设施管")
    picture(phone, "24-returned-citizen")
    take(desk, "派给班组", "照明设施维护二班")
    hears(phone, "已经安排照明设施维护二班处理")
    take(desk, "延期", "灯杆要整根更换，新灯杆后天到货。")
    hears(phone, "最迟答复改到")
    hears(phone, "新灯杆后天到货")
    picture(phone, "25-extended-citizen")
    picture(desk, "25-extended-clerk")

    # the citizen looks, urges and adds something; the clerk sees it
    say(phone, "到哪一步了")
    for words in ("任务处理", "照明设施维护二班", "退回改派", "1次", "已延期", "灯杆归照明设施管"):
        expect(card(phone)).to_contain_text(words)
    expect(card(phone).locator(".card-title")).to_be_in_viewport()
    picture(phone, "26-working-citizen")
    tap(phone, "催一下")
    hears(phone, "已经替您催了，这是第1次")
    tap(phone, "查进度")
    expect(card(phone)).to_contain_text("您催过")
    tap(phone, "补充情况")
    hears(phone, "补充什么")
    say(phone, "灯杆也歪了，风大的时候晃得厉害")
    hears(phone, "记到编号")
    picture(phone, "27-urged-citizen")
    looks_until(desk, lambda: desk.get_by_text("风大的时候晃得厉害").count() == 1)
    expect(desk.get_by_text("催办 1 次").first).to_be_visible()
    picture(desk, "27-urged-clerk")

    # 处理反馈
    answer = form(desk, "答复")
    answer.locator("textarea").fill("已查明是电缆接头烧坏、灯杆锈断，今晚整根更换。")
    answer.locator("input[type=file]").set_input_files([a_photo_of_the_lamp()])
    answer.locator("button[type=submit]").click()
    expect(desk.get_by_role("status")).to_contain_text("已答复")
    shown = desk.locator(".photos img")
    expect(shown).to_have_count(1)
    shown.scroll_into_view_if_needed()
    expect(shown).to_have_js_property("naturalWidth", 800)
    picture(desk, "28-answered-clerk")
    hears(phone, "有答复了")
    hears(phone, "今晚整根更换")
    picture(phone, "28-answered-citizen")

    # 核实结案
    take(desk, "办结", "灯杆已更换，夜里复查灯亮了。")
    picture(desk, "29-closed-clerk")
    hears(phone, "问题真的解决了吗")
    notice = phone.locator(".card.told").last.inner_text()
    assert len(re.findall(r"\d{4}\s\d{4}\s\d{4}", notice)) == 1, "the number is said once"
    picture(phone, "29-closed-citizen")

    # a first verdict: not satisfied, with a reason
    tap(phone, "没解决")
    hears(phone, "您满意吗")
    phone.get_by_role("button", name="不满意", exact=True).last.click()
    hears(phone, "联系过吗")
    tap(phone, "没联系")
    hears(phone, "哪里没做好")
    picture(phone, "30-unsatisfied-citizen")
    tap(phone, "还是不亮")
    hears(phone, "还有别的没做好的吗")
    say(phone, "昨晚又灭了，白忙活一场")
    hears(phone, "转复核")
    picture(phone, "31-recheck-citizen")

    # the re-check, by somebody else and by the lists
    looks_until(desk, lambda: desk.get_by_text("市民对办理结果不满意，要求复核").count() == 1)
    expect(desk.locator(".steps .notice")).to_contain_text("昨晚又灭了，白忙活一场")
    recheck = form(desk, "复核")
    expect(recheck.locator("select option")).to_have_text(["请选择", "李强", "赵倩"])
    picture(desk, "32-recheck-clerk")
    recheck.get_by_label("问题没有解决").check()
    recheck.locator("textarea").fill("现场看过，灯确实又灭了，接线盒进水，当面向市民说明了情况。")
    recheck.locator("select").select_option("李强")
    for item in VERIFIED[:3]:
        recheck.get_by_label(item).check()
    recheck.locator("button[type=submit]").click()
    expect(desk.get_by_role("alert")).to_contain_text("还有没核实的：告知核查结果")
    picture(desk, "33-recheck-not-complete-clerk")
    expect(recheck.get_by_label("核实诉求事项")).to_be_checked()
    recheck.get_by_label("告知核查结果").check()
    recheck.locator("button[type=submit]").click()
    expect(desk.get_by_role("status")).to_contain_text("复核结论已提交")
    picture(desk, "34-rechecked-clerk")
    hears(phone, "接线盒进水")
    picture(phone, "34-rechecked-citizen")

    # closed a second time, and a second verdict: 综合评价
    take(desk, "办结", "接线盒已换成防水的，连看两晚，灯都亮着。")
    hears(phone, "连看两晚")
    picture(phone, "35-closed-again-citizen")
    phone.get_by_role("button", name="解决了", exact=True).last.click()
    hears(phone, "您满意吗")
    phone.get_by_role("button", name="满意", exact=True).last.click()
    hears(phone, "联系过吗")
    tap(phone, "联系过")
    hears(phone, "讲给更多人听")
    tap(phone, "可以讲")
    hears(phone, "不会提到您是谁")
    picture(phone, "36-rated-citizen")
    say(phone, "到哪一步了")
    expect(card(phone)).to_contain_text("综合评价")
    expect(card(phone)).to_contain_text("已办结，您已评价")
    expect(card(phone)).to_contain_text("复核发现没办好，重新办理")
    picture(phone, "37-verdict-citizen")
    desk.reload()
    expect(desk.get_by_text("没有后续操作")).to_be_visible()
    picture(desk, "37-verdict-clerk")


def test_a_withdrawal_is_asked_back_and_the_clerk_closes_at_once(phone: Page, desk: Page) -> None:
    file_a_complaint(phone, "城阳区正阳中路219号门口的垃圾堆了四天没人收")
    open_case(desk, "正阳中路219号")
    say(phone, "我要撤回")
    hears(phone, "不能恢复")
    picture(phone, "38-withdrawing-citizen")
    tap(phone, "不撤了")
    hears(phone, "没有撤")
    say(phone, "我要撤回")
    hears(phone, "不能恢复")
    phone.get_by_role("button", name="撤回", exact=True).last.click()
    hears(phone, "已经撤回")
    looks_until(desk, lambda: desk.get_by_text("市民已经撤诉，可以直接办结").count() == 1)
    picture(desk, "39-withdrawn-clerk")
    take(desk, "办结", "市民已撤诉，不再办理。")
    say(phone, "查进度")
    expect(card(phone)).to_contain_text("您已撤回")
    expect(card(phone).locator(".steps")).to_have_count(0)
    picture(phone, "39-withdrawn-citizen")
    assert "问题真的解决了吗" not in lines(phone), "nobody is asked about what they took back"


def test_a_number_of_somebody_else_and_one_of_nobody_are_answered_alike(phone: Page, another: Page) -> None:
    number = re.sub(r"\D", "", file_a_complaint(phone, "黄岛区滨海大道2000号门口的井盖一踩就响"))
    said, answered = another.locator(".assistant:not(#welcome) .bubble"), []
    for asked in (number, ticket_number.new()):
        before = said.count()
        say(another, f"查进度 {asked}")
        expect(said).to_have_count(before + 1)
        say(another, "5678")
        expect(said).to_have_count(before + 2)
        answered.append(said.all_inner_texts()[before:])
    picture(another, "40-nothing-given-away")
    assert answered[0] == answered[1]
    assert "没有查到" in answered[0][1]

    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    say(another, f"查进度 {wrong}")
    hears(another, "可能有个数字看错了")
    assert "井盖" not in lines(another)
