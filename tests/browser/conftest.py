"""One running system and one browser for all walks."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from integrations.bootstrap import Services
from tests.browser import stage as stages
from tests.browser.stage import Stage
from tests.fakes import FakeListener, MemoryTurns
from tests.system import RunningSystem

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Walks that need no Rasa are of the page alone: they run beside what mostly waits."""
    for item in items:
        if "stage" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.page)


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSystem]:
    running = RunningSystem(tmp_path_factory.mktemp("system"))
    running.start()
    yield running
    running.stop()


@pytest.fixture
def turns() -> MemoryTurns:
    """One gateway; a loop of the test's own and Playwright's do not go together."""
    return MemoryTurns()


@pytest.fixture
def stage(services: Services, listener: FakeListener) -> Iterator[Stage]:
    """A gateway without a Rasa, quick to start; the test says what is answered."""
    with stages.running(Stage(services, listener)) as running:
        yield running


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One for all walks, gone after them: there can be only one Playwright at a time in a process."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.fail("no Chromium is installed (Debian: apt install chromium)")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def desk(browser: Browser, system: RunningSystem) -> Iterator[Page]:
    """The clerk's screen."""
    context = browser.new_context(viewport={"width": 1120, "height": 860}, locale="zh-CN")
    page = context.new_page()
    page.goto(f"{system.url}/department/")
    yield page
    context.close()


@pytest.fixture
def phone(browser: Browser, system: RunningSystem) -> Iterator[Page]:
    """The page on a small phone, a new citizen each time; any script error fails the test."""
    context = browser.new_context(viewport={"width": 375, "height": 760}, locale="zh-CN", device_scale_factor=2)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(system.url)
    yield page
    context.close()
    assert errors == []


NewPage = Callable[..., Page]


@pytest.fixture
def new_page(browser: Browser) -> Iterator[NewPage]:
    """Makes pages of new citizens: `new_page(url, width=375, …)`, the rest as Playwright's contexts take it.

    A script error on any of them, or a refusal by the content policy, fails the test.
    """
    contexts, errors = [], []

    def make(url: str, *, width: int = 375, height: int = 760, **more: Any) -> Page:
        context = browser.new_context(
            **{"viewport": {"width": width, "height": height}, "locale": "zh-CN", "device_scale_factor": 2, **more}
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: "Content Security Policy" in said.text and errors.append(said.text))
        page.goto(url)
        return page

    yield make
    for context in contexts:
        context.close()
    assert errors == []


def until(page: Page, done: Callable[[], Any]) -> None:
    """Wait while the page goes on, and its routes are answered."""
    for _ in range(400):
        if done():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it did not happen")


ASK = """() => fetch("/api/chat/session", {method: "POST", headers: {"X-Jiesu": "page"}}).then((one) => one.json())"""


def conversation_of(page: Page) -> str:
    """The conversation of this page's citizen.

    The page itself has begun it: asked for in the same moment, there would be two, and the page in one of them.
    """
    until(page, page.context.cookies)
    return str(page.evaluate(ASK)["conversation"])


# The browser's own streams, and whether one of them has brought something.
WATCHED = """
window.flowing = false;
window.EventSource = class extends EventSource {
  constructor(...given) {
    super(...given);
    for (const event of ["state", "message", "beat"]) this.addEventListener(event, () => (window.flowing = true));
  }
};
"""


def flowing(page: Page, load: Callable[[], Any]) -> None:
    """Load it, and wait until lines come to it by the stream."""
    page.add_init_script(WATCHED)
    load()
    until(page, lambda: page.evaluate("window.flowing"))


def picture(page: Page, name: str) -> None:
    """Keep a picture when JIESU_PICTURES names a folder: how the README's are made."""
    if folder := os.environ.get("JIESU_PICTURES"):
        page.wait_for_timeout(400)
        page.screenshot(path=str(Path(folder) / f"{name}.png"))
