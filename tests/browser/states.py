"""What the page can show, each state by its name: looked at by axe, measured, and kept as pictures for the docs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.stage import Stage, bubble

Show = Callable[[Stage, Page], None]


def rows(**pairs: str) -> list[dict[str, Any]]:
    """Rows of a card."""
    return [{"label": label, "value": value} for label, value in pairs.items()]


def changed(shown: list[dict[str, Any]], **buttons: int) -> list[dict[str, Any]]:
    """The rows with the numbers of the buttons that ask for them anew."""
    return [
        {**row, "edit": buttons[row["label"]], "begin": row["value"]} if row["label"] in buttons else row
        for row in shown
    ]


NUMBER = "4817 2093 5562"
STEPS = ["信息收集", "案卷建立", "任务派遣", "任务处理", "处理反馈", "核实结案", "综合评价"]
CARDS: dict[str, list[Any]] = {
    "confirm": [
        bubble(
            "请您看看对不对：",
            "确认提交（不留电话）",
            "改地点",
            "改时间",
            card={
                "kind": "confirm",
                "title": "请您核对",
                "rows": changed(
                    rows(
                        问题="书院路和京口路路口的路灯坏了三天了，晚上黑得吓人",
                        类别="路灯不亮",
                        地点="李沧区书院路与京口路路口",
                        时间="11月20日起",
                        电话="138****5678",
                    ),
                    地点=2,
                    时间=3,
                ),
            },
        )
    ],
    "ticket": [
        bubble(
            "登记好了，编号是 4817 2093 5562。",
            card={
                "kind": "ticket",
                "number": NUMBER,
                "rows": rows(交给="李沧区城市管理局", 最迟="11月28日（周六）17:30 前答复"),
            },
        )
    ],
    "progress": [
        bubble(
            "4817 2093 5562 正在办理。",
            "催一催",
            "补充",
            card={
                "kind": "progress",
                "number": NUMBER,
                "steps": STEPS,
                "step": 4,
                "rows": rows(现在="正在处理", 谁在办="李沧区城市管理局照明班", 最迟="11月28日（周六）17:30"),
                "timeline": [
                    {"at": "11月23日 09:12", "text": "诉求登记"},
                    {"at": "11月23日 09:13", "text": "派给李沧区城市管理局"},
                    {"at": "11月23日 10:40", "text": "照明班签收，电话 0532-8888 0000"},
                ],
            },
        )
    ],
    "incidents": [
        bubble(
            "附近有 2 件像是同一件事，您看看是不是：",
            "第 1 件就是",
            "第 2 件就是",
            "都不是",
            card={
                "kind": "incidents",
                "items": [
                    {
                        "title": "书院路路灯不亮",
                        "rows": rows(地点="书院路 51 号门前", 为什么="相距 80 米，3 天前，6 个人"),
                    },
                    {"title": "京口路两盏路灯闪", "rows": rows(地点="京口路", 为什么="相距 140 米，昨天")},
                ],
            },
        )
    ],
    "known": [
        bubble(
            "这件事已经在办：书院路片区停电检修，路灯晚上 10 点恢复。",
            "知道了",
            "仍要提交",
            card={
                "kind": "known_issue",
                "title": "书院路片区停电检修",
                "rows": rows(牵头="市城市照明管理处", 时间="11月23日 至 11月24日", 来源="市城市照明管理处通告"),
            },
        )
    ],
    "danger": [
        bubble(
            "请马上打开门窗，不要开灯、不要打电话，人先到屋外，再打 119 和燃气抢修 96777。",
            "人已经在外面",
            card={"kind": "danger", "title": "请先保证安全", "rows": rows(火警="119", 急救="120")},
        )
    ],
    "notice": [
        bubble(
            "您反映的路灯修好了。", card={"kind": "notice", "number": NUMBER, "rows": rows(结果="换了灯头，已经亮了")}
        )
    ],
    "rating": [bubble("问题真的解决了吗？", "解决了", "没解决", "部分解决")],
    "staff": [bubble("您好，我是坐席，刚看了您的情况。", card={"kind": "staff", "title": "工作人员", "rows": []})],
}


def say(page: Page, text: str) -> None:
    """Type it and send it."""
    page.get_by_role("textbox").fill(text)
    page.get_by_role("textbox").press("Enter")


def card(name: str) -> Show:
    """An answer with that card."""

    def show(stage: Stage, page: Page) -> None:
        stage.listener.answers = lambda said: CARDS[name]
        say(page, "书院路和京口路路口的路灯坏了三天了")
        expect(page.locator(".line.assistant, .line.staff").last).to_contain_text(CARDS[name][0].text[:12])

    return show


def welcome(stage: Stage, page: Page) -> None:
    """A citizen's first look."""
    expect(page.get_by_role("log")).to_contain_text("您好")


def menu(stage: Stage, page: Page) -> None:
    """The menu, open."""
    page.locator("#menu-button").click()


def panel(name: str) -> Show:
    """A panel, opened from wherever its button is."""

    def show(stage: Stage, page: Page) -> None:
        tool = page.locator(f".tools [data-panel={name}]")
        if tool.count():
            tool.click()
        else:
            page.locator("#menu-button").click()
            page.locator(f"#menu [data-panel={name}]").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        page.wait_for_timeout(400)

    return show


def on_the_map(stage: Stage, page: Page) -> None:
    """The map over the place panel."""
    panel("place")(stage, page)
    page.get_by_role("dialog").locator(".place-way").nth(1).click()
    expect(page.locator(".leaflet-container")).to_be_visible()
    page.wait_for_timeout(1500)


def offline(stage: Stage, page: Page) -> None:
    """Said without a line."""
    welcome(stage, page)
    page.context.set_offline(True)
    say(page, "城阳区正阳路8号门口的井盖响")
    expect(page.locator("#offline")).not_to_be_empty()


def too_long(stage: Stage, page: Page) -> None:
    """More than is taken at once."""
    say(page, "路灯坏了。" * 450)
    expect(page.locator("#trouble")).not_to_be_empty()


PANELS = ("help", "tickets", "my_data", "photos", "devices", "place", "display")
STATES: dict[str, Show] = {
    "welcome": welcome,
    **{f"card-{name}": card(name) for name in CARDS},
    "menu": menu,
    **{f"panel-{name}": panel(name) for name in PANELS},
    "map": on_the_map,
    "offline": offline,
    "too-long": too_long,
}
