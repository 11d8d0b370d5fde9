"""Every state of the page in every look: axe-core finds nothing, a finger hits, nothing is cut off, all have names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage
from tests.browser.stage import Stage
from tests.browser.states import STATES

expect.set_options(timeout=20_000)
pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}
# A finger's targets that are seen: what is hidden or under a panel is none now. Links in running text are as high as
# the text allows.
TARGETS = """
() => [...document.querySelectorAll("button, a[href], input:not([type=file]):not([type=hidden]), textarea, select")]
  .filter((node) => {
    const box = node.getBoundingClientRect();
    if (!box.width || !box.height || node.closest("[inert], .unseen, .leaflet-container")) return false;
    if (getComputedStyle(node).visibility === "hidden") return false;
    const dialogs = [...document.querySelectorAll("dialog[open]")];
    if (node.matches("p a, dd a, li a, .bubble a")) return false;
    return !dialogs.length || dialogs[dialogs.length - 1].contains(node);
  })
  .map((node) => {
    const chosen = ["radio", "checkbox"].includes(node.type) && node.closest("label");
    const box = (chosen || node).getBoundingClientRect();
    const name = (node.getAttribute("aria-label") || node.textContent || node.id).trim().slice(0, 30);
    return [name, Math.round(box.width * 10) / 10, Math.round(box.height * 10) / 10];
  })
"""
SIDEWAYS = """
() => [...document.querySelectorAll("html, .log, .panel-body, .foot, .head, .panel-head")]
  .filter((node) => node.scrollWidth > node.clientWidth + 1)
  .map((node) => `${node.className || node.tagName} ${node.scrollWidth} > ${node.clientWidth}`)
"""
NAMED = {"button", "link", "textbox", "checkbox", "radio", "combobox", "searchbox", "spinbutton", "slider"}


@dataclass(frozen=True)
class Look:
    """How a citizen sees the page. A phone of 375 px has 188 at 200 % zoom."""

    width: int = 375
    height: int = 760
    elder: bool = False
    dark: bool = False
    contrast: bool = False

    @property
    def least(self) -> int:
        """How large a finger's target has to be, in px."""
        return 60 if self.elder else 44

    def put_on(self, page: Page) -> None:
        page.set_viewport_size({"width": self.width, "height": self.height})
        contrast = "more" if self.contrast else "no-preference"
        page.emulate_media(color_scheme="dark" if self.dark else "light", contrast=contrast, reduced_motion="reduce")
        page.evaluate("(on) => document.documentElement.classList.toggle('elder', on)", self.elder)
        page.wait_for_timeout(80)


LOOKS = (
    Look(),
    Look(dark=True),
    Look(contrast=True),
    Look(dark=True, contrast=True),
    Look(width=320, height=568),
    Look(elder=True),
    Look(elder=True, dark=True),
    Look(elder=True, width=320, height=568),
    Look(width=1280, height=800),
)
ZOOMED = (Look(width=188, height=380), Look(width=188, height=380, elder=True))


def violations(page: Page) -> list[str]:
    """Each as rule, element and what is wrong."""
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]]


def small_targets(page: Page, least: int) -> list[str]:
    """Those that a finger may miss."""
    found: list[list[Any]] = page.evaluate(TARGETS)
    return [f"{name}: {wide}x{high}" for name, wide, high in found if min(wide, high) < least - 0.5]


def unnamed(page: Page) -> Iterator[str]:
    """Controls of the accessibility tree without a name."""
    session = page.context.new_cdp_session(page)
    for node in session.send("Accessibility.getFullAXTree")["nodes"]:
        role = node.get("role", {}).get("value")
        if role in NAMED and not node.get("ignored") and not node.get("name", {}).get("value", "").strip():
            yield f"{role} without a name"


@pytest.mark.parametrize("state", STATES)
def test_everybody_can_use_it(stage: Stage, new_page: NewPage, state: str) -> None:
    page = new_page(stage.url)
    STATES[state](stage, page)
    found = list(unnamed(page))
    for look in LOOKS:
        look.put_on(page)
        wrong = [*violations(page), *small_targets(page, look.least), *page.evaluate(SIDEWAYS)]
        found += [f"{look}: {one}" for one in wrong]
    for look in ZOOMED:
        look.put_on(page)
        found += [f"{look}: {one}" for one in page.evaluate(SIDEWAYS)]
    assert found == []
