"""The list that was written before the reader: how much of it is right, and that it does not get worse."""

from __future__ import annotations

import csv
from datetime import datetime

import pytest

from kb.times import Read, shipped
from tests.conventions.repository import ROOT

FILE = ROOT / "tests/blind/times.csv"
# 206 of 208 when this was written; 197 at the first look.
LEAST = 204


def wrong(row: dict[str, str], got: Read) -> list[str]:
    """The columns of the row that the reading does not meet."""
    when = got.when
    faults = []
    began = when.began if when else ""
    if not (began.startswith(row["begin"]) if row["begin"] else began == ""):
        faults.append("begin")
    if (row["begin"] or row["precision"]) and (when is None or when.precision != row["precision"]):
        faults.append("precision")
    if not (row["begin"] or row["precision"] or row["every"]) and when:
        faults.append("none")
    if row["every"] != (when.every if when else ""):
        faults.append("every")
    if row["begin"] and row["about"] != str(int(bool(when and when.about))):
        faults.append("about")
    if row["future"] != str(int(bool(got.ahead))):
        faults.append("future")
    return faults


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with FILE.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_nearly_all_of_the_blind_list_is_right(rows: list[dict[str, str]]) -> None:
    assert len(rows) >= 150
    faults = [
        (row["text"], found)
        for row in rows
        if (found := wrong(row, shipped().read(row["text"], datetime.fromisoformat(row["said"]))))
    ]
    assert len(rows) - len(faults) >= LEAST, faults
