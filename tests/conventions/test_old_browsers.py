"""The page stays with what phones of 2019 know: Chrome 70 (old WeChat web views) and Safari 13.

A table of what is younger and easily written by habit, not a whole compatibility check. `guard.js` answers for what is
older still.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "integrations" / "web" / "page"
OURS = [path for path in sorted(PAGE.rglob("*")) if not (path.parent / "LICENSE.txt").exists()]
MODULES = [path for path in OURS if path.suffix == ".js"]
SHEETS = [path for path in OURS if path.suffix == ".css"]
# Asked for before it is used, in the modules named; none: another stands in for it everywhere (element.js).
HELPED = {
    "replaceChildren": (),
    "ResizeObserver": ("scroll.js", "picker.js"),
    "randomUUID": ("unsent.js",),
}

YOUNGER = {
    r"\?\.(?![0-9])": "optional chaining (Chrome 80)",
    r"\?\?": "?? (Chrome 80)",
    r"(\|\||&&)=": "logical assignment (Chrome 85)",
    r"^\s*(static\s+)?#\w+": "private members (Chrome 74)",
    r"^\s*(static\s+)\w+\s*=": "static members (Chrome 72)",
    r"^(await\b|(const|let) .*= await\b)": "await outside a function (Chrome 89)",
    r"\.(matchAll|replaceAll)\(": "matchAll (Chrome 73), replaceAll (Chrome 85)",
    r"\.(at|findLast|findLastIndex|toSorted|toReversed|with)\(": "Chrome 92 and younger",
    r"\bPromise\.(allSettled|any)\b": "Chrome 76, 85",
    r"\bObject\.(fromEntries|hasOwn|groupBy)\b": "Chrome 73, 93",
    r"\b(globalThis|queueMicrotask|structuredClone|requestIdleCallback)\b": "Chrome 71 and younger, or no Safari",
    r"\bAbortSignal\.(timeout|any)\b": "Chrome 103",
    r"\d_\d": "numbers with _ (Chrome 75)",
    r"\bcreateImageBitmap\b": "Safari 15",
    r"\b(replaceChildren|randomUUID|ResizeObserver)\b": "Chrome 86, 92; Safari 13.1",
}


def code(path: Path) -> list[str]:
    """The lines without their comments."""
    return [re.sub(r"(^|\s)//.*$", "", line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_no_module_needs_what_is_younger(path: Path) -> None:
    found = []
    for number, line in enumerate(code(path), 1):
        for pattern, what in YOUNGER.items():
            for hit in re.finditer(pattern, line):
                if hit[0] not in HELPED or (HELPED[hit[0]] and path.name not in HELPED[hit[0]]):
                    found.append(f"{path.name}:{number}: {hit[0]}: {what}")
    assert not found, found


def test_the_table_finds_what_it_names() -> None:
    written = ["a?.b", "a ?? b", "a ||= b", "  #own = 1;", "  static own = 1;", "await import(x);", "a.matchAll(b)"]
    written += ["a.at(-1)", "Promise.allSettled(a)", "Object.fromEntries(a)", "globalThis.a", "AbortSignal.timeout(1)"]
    written += ["1_000", "createImageBitmap(a)", "crypto.randomUUID()"]
    assert [line for line in written if not any(re.search(pattern, line) for pattern in YOUNGER)] == []
    fine = ["  await later();", "a ? .5 : 1", "`#${name}`", "// a?.b"]
    assert [line for line in fine if any(re.search(p, re.sub("//.*", "", line)) for p in YOUNGER)] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_no_template_stands_in_another(path: Path) -> None:
    """What takes out comments and blanks reads templates that are not nested only."""
    outside = re.sub(r"`(?:[^`\\$]|\\.|\$(?!\{)|\$\{[^`{}]*\})*`", "", "\n".join(code(path)))
    assert "`" not in outside, outside[outside.index("`") :][:80]


# A browser that does not know the value drops the declaration: one that it knows must stand before it.
NEW_VALUES = re.compile(
    r"([\w-]+)\s*:[^;{}]*\b(?:max|min|clamp|color-mix|light-dark)\(|([\w-]+)\s*:[^;{}]*\d(?:dvh|svh|lvh)\b"
)
NEW_PROPERTIES = re.compile(r"(?<![\w-])(inset|aspect-ratio|translate|rotate|scale|place-content)\s*:")


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: path.name)
def test_no_style_is_lost_with_what_is_younger(path: Path) -> None:
    sheet = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    sheet = re.sub(r"@supports[^{]*\{(?:[^{}]|\{[^{}]*\})*\}", "", sheet)  # asks first
    lost = [found[0] for found in NEW_PROPERTIES.finditer(sheet)]
    for body in re.findall(r"\{([^{}]*)\}", sheet):
        for found in NEW_VALUES.finditer(body):
            name = found[1] or found[2]
            declared = body[found.start() :].partition(";")[0]
            # With a var() it is dropped only when it is drawn, when no older value is left.
            if "var(" in declared or not re.search(rf"(?<![\w-]){name}\s*:", body[: found.start()]):
                lost.append(f"{declared}: no older value before it, or var() in it")
    assert not lost, lost


def test_dark_is_the_same_whether_the_phone_or_the_citizen_wishes_it() -> None:
    sheet = (PAGE / "look" / "colours.css").read_text(encoding="utf-8")
    by_phone = re.search(r":root:not\(\[data-colours=\"light\"\]\) \{(.*?)\}", sheet, re.DOTALL)
    chosen = re.search(r":root\[data-colours=\"dark\"\] \{(.*?)\}", sheet, re.DOTALL)
    assert by_phone and chosen
    variables = [re.findall(r"(--[\w-]+): ([^;]+);", found[1]) for found in (by_phone, chosen)]
    assert len(variables[0]) > 15
    assert variables[0] == variables[1]
