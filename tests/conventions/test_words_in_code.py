"""What a citizen is told stands in content files: Chinese in the code of the conversation needs a reason."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.conventions.repository import ROOT

FOLDERS = ("actions", "integrations/services", "integrations/web")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
# By file: the literals that may stand there, and why.
READING = "a pattern by which a citizen's words are read, never said"
DATE = "how a date is written; no word of it is a sentence"
ALLOWED: dict[str, tuple[str, frozenset[str]]] = {
    "actions/memory.py": (
        "what a place is called that has no name: kept with the complaint",
        frozenset({"地图上的定位"}),
    ),
    "integrations/services/conversing.py": ("read once, so that the first citizen does not wait", frozenset({"路燈"})),
    "integrations/services/intake.py": (READING, frozenset({"不是", "不一样", "都不是", "另一"})),
    "integrations/services/locating.py": (
        READING,
        frozenset(
            {
                r"\d+(?:[-－]\d+)?号(?![楼线])",
                "我家|俺家|家里|家门口|楼下|楼上|楼道|门口|院里|院子|小区里?$|我们小区|这里|这儿|那里|那儿|这边|那边|"
                "附近|村里|村头|老地方|上次|隔壁|对门|我们楼|单元",
            }
        ),
    ),
    "integrations/services/placing.py": (
        READING,
        frozenset(
            {
                r"\d|[里边旁口处上下前后内外角面头侧店路街道巷区楼院场站校桥摊](?:[，,。；;！!\s]|$)",
                "[得把被让都]|天天|一直|不停|整天|半夜|了$",
            }
        ),
    ),
    "integrations/services/retention.py": (
        "the reason in the record of an erasure, for staff",
        frozenset({"保存期满，按规定删除个人信息"}),
    ),
    "integrations/services/speech.py": (DATE, frozenset({"年", "月", "日 "})),
    "integrations/web/app.py": ("the title of the API's description", frozenset({"接诉 Jiesu"})),
    "integrations/web/department.py": ("for the clerks of the demo department", frozenset({"演示部门没有启动。"})),
}


def _docstrings(tree: ast.AST) -> set[int]:
    """The strings that stand for themselves: docstrings, and those under a name."""
    return {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def literals(path: Path) -> Iterator[tuple[int, str]]:
    """(line, text) of every Chinese string literal that is no docstring."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    described = _docstrings(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in described:
            continue
        if CHINESE.search(node.value):
            yield node.lineno, node.value


def _all() -> Iterator[tuple[str, int, str]]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            yield from ((name, line, text) for line, text in literals(path))


def test_no_sentence_for_citizens_stands_in_the_code() -> None:
    found = [one for one in _all() if one[2] not in ALLOWED.get(one[0], ("", frozenset()))[1]]
    assert found == [], "\n".join(f"{name}:{line}: {text!r}" for name, line, text in found)


def test_every_exception_is_still_needed_and_has_a_reason() -> None:
    there = {(name, text) for name, _, text in _all()}
    listed = {(name, text) for name, (_, texts) in ALLOWED.items() for text in texts}
    assert listed - there == set()
    assert all(len(reason) > 10 for reason, _ in ALLOWED.values())


def test_a_sentence_in_the_code_is_found(tmp_path: Path) -> None:
    path = tmp_path / "said.py"
    path.write_text(
        '"""问好。"""\n\nX = "您好"\nY = f"第{X}件"\n\ndef f() -> str:\n    """再见。"""\n    return "bye"\n',
        encoding="utf-8",
    )
    assert sorted(text for _, text in literals(path)) == sorted(["您好", "第", "件"])
