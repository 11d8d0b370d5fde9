"""The figures of understanding are what they say."""

import pytest

from tests.understanding_tables import Heard, calibration_error, kind_of, macro_f1, twice


def _heard(truth: str, intent: str, confidence: float = 1.0, likely: tuple[str, ...] = (), asked: str = "") -> Heard:
    return Heard(truth, asked, intent, confidence, 1.0, likely)


def test_a_fact_that_answers_may_be_heard_as_a_report_and_not_as_a_farewell() -> None:
    assert _heard("answer", "inform").right and _heard("answer", "report").right
    assert not _heard("answer", "goodbye").right
    assert not _heard("report", "inform").right


def test_what_is_offered_counts_from_the_likeliest_on() -> None:
    low = _heard("urge", "nlu_fallback", 0.6, ("report", "urge", "deny"))
    assert (low.right, low.among(1), low.among(2)) == (False, False, True)
    assert not _heard("urge", "nlu_fallback").among(2)


def test_confidence_that_is_kept_has_no_error_and_one_that_boasts_has_its_own() -> None:
    honest = [_heard("urge", "urge" if n < 3 else "deny", 0.75) for n in range(4)]
    assert calibration_error(honest) == pytest.approx(0)
    assert calibration_error([_heard("urge", "deny", 0.9)]) == pytest.approx(0.9)
    # too little here and too much there do not make up for each other
    assert calibration_error([_heard("urge", "urge", 0.6), _heard("urge", "deny", 0.4)]) == pytest.approx(0.4)


def test_a_rare_intent_counts_as_much_as_a_frequent_one() -> None:
    heard = [_heard("report", "report")] * 9 + [_heard("urge", "report")]
    assert macro_f1(heard) == pytest.approx((2 * 9 / 19) / 2)


def test_twice_in_a_row_is_two_messages_of_one_intent() -> None:
    low, heard = _heard("urge", "nlu_fallback"), _heard("urge", "urge")
    assert twice([low, heard]) == 0
    assert twice([low, low]) == 1
    assert twice([low, low, heard, heard]) == pytest.approx(2 / 12)
    assert twice([low, _heard("deny", "nlu_fallback")]) == 0


@pytest.mark.parametrize(
    ("intent", "kind"), [("report", "投诉"), ("ask_question", "咨询"), ("thanks", "表扬"), ("affirm", "求助")]
)
def test_an_intent_is_a_kind_of_request(intent: str, kind: str) -> None:
    assert kind_of(intent) == kind
