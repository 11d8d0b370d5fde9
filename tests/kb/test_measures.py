"""Figures: each against a count that can be made by hand."""

from __future__ import annotations

import pytest

from kb.measures import (
    Judged,
    calibration_error,
    confusions,
    curve,
    figures,
    groups,
    per_label,
    reliability,
    right,
    right_unit,
    share,
)

UNITS = {"a1": "A", "a2": "A", "b1": "B"}
# a1 guessed right twice and once as its neighbour in the same unit, b1 once right and once as a1.
ROWS = [
    Judged("a1", "a1", 0.95, 0.97),
    Judged("a1", "a1", 0.65, 0.9),
    Judged("a1", "a2", 0.45, 0.85),
    Judged("b1", "b1", 0.75, 0.75),
    Judged("b1", "a1", 0.25, 0.3),
]


def test_label_and_unit_are_counted_apart() -> None:
    found = figures(ROWS, UNITS)

    assert (found.rows, found.accuracy, found.unit_accuracy) == (5, 0.6, 0.8)


def test_a_label_without_a_unit_is_a_unit_by_itself() -> None:
    rows = [
        Judged("duty:x", "duty:x", 0.9, 0.9),
        Judged("duty:x", "duty:y", 0.9, 0.9),
        Judged("duty:x", "a1", 0.9, 0.9),
    ]

    assert figures(rows, UNITS).unit_accuracy == pytest.approx(1 / 3)


def test_the_citys_own_labels_have_no_units() -> None:
    found = figures(ROWS)

    assert (found.unit_accuracy, found.unit_curve) == (None, None)


def test_precision_recall_and_f1_of_each_label() -> None:
    a1, b1 = per_label(ROWS)

    assert (a1.label, a1.rows, a1.precision, a1.recall, a1.f1) == ("a1", 3, 2 / 3, 2 / 3, 2 / 3)
    assert (b1.label, b1.rows, b1.precision, b1.recall, b1.f1) == ("b1", 2, 1.0, 0.5, 2 / 3)
    assert figures(ROWS).macro_f1 == pytest.approx(2 / 3)


def test_a_label_that_was_never_guessed_has_no_precision() -> None:
    (only,) = per_label([Judged("x", "y", 0.5, 0.5)])

    assert (only.precision, only.recall, only.f1) == (0.0, 0.0, 0.0)


def test_the_curve_counts_only_rows_that_are_sure_enough() -> None:
    points = curve(ROWS, right_unit(UNITS), lambda row: row.sure, (0.0, 0.75, 0.9, 0.99))

    assert [(point.coverage, point.accuracy) for point in points] == [(1.0, 0.8), (0.8, 1.0), (0.4, 1.0), (0.0, None)]


def test_reliability_puts_each_row_into_its_tenth() -> None:
    rows = [Judged("x", "x", chance, chance) for chance in (0.0, 0.31, 0.39, 0.9, 1.0)]
    bins = reliability([*rows, Judged("x", "y", 0.35, 0.35)])

    assert {one.low: one.rows for one in bins if one.rows} == {0.0: 1, 0.3: 3, 0.9: 2}
    assert bins[3].stated == pytest.approx(0.35)
    assert bins[3].observed == pytest.approx(2 / 3)


def test_the_calibration_error_weighs_bins_by_their_rows() -> None:
    bins = reliability([*[Judged("x", "x", 0.8, 0.8)] * 3, Judged("x", "y", 0.4, 0.4)])

    assert calibration_error(bins) == pytest.approx((3 * 0.2 + 1 * 0.4) / 4)


def test_confusions_come_most_frequent_first_and_no_more_than_wanted() -> None:
    rows = [Judged("a", "b", 0.5, 0.5), *[Judged("b", "a", 0.5, 0.5)] * 2, Judged("c", "c", 0.5, 0.5)]

    assert confusions(rows) == [("b", "a", 2), ("a", "b", 1)]
    assert confusions(rows, most=1) == [("b", "a", 2)]


def test_groups_go_by_the_label_that_is_right() -> None:
    found = groups(ROWS, lambda code: code[0])

    assert {name: share(rows, right) for name, rows in found.items()} == {"a": pytest.approx(2 / 3), "b": 0.5}


def test_without_rows_there_are_no_figures() -> None:
    with pytest.raises(ValueError, match="no rows"):
        figures([])
