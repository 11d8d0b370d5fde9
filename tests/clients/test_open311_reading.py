"""Answers of backends, JSON or XML, well formed or not, become one shape."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.clients.open311 import reading
from integrations.demo_dispatch.replies import xml_document

BOMB = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;&c;</a>"""
OUTSIDE = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>"""


@pytest.mark.parametrize("body", [b"", b"<a>", b"nothing", b"\xff\xfe", BOMB, OUTSIDE, b"{", b"[" * 100_000])
@pytest.mark.parametrize("form", ["json", "xml"])
def test_what_cannot_be_read_is_an_error_by_name(body: bytes, form: str) -> None:
    with pytest.raises(reading.Unreadable):
        reading.read(body, form)


def test_xml_becomes_what_the_same_answer_is_in_json() -> None:
    body = (
        b"<service_requests><request><service_request_id>7</service_request_id><status>open</status><lat/>"
        b"<extended_attributes><history><entry><sequence>1</sequence></entry></history></extended_attributes>"
        b"</request></service_requests>"
    )

    assert reading.read(body, "xml") == [
        {
            "service_request_id": "7",
            "status": "open",
            "lat": None,
            "extended_attributes": {"history": [{"sequence": "1"}]},
        }
    ]


@pytest.mark.parametrize("root", ["service_requests", "services", "errors"])
def test_an_empty_list_stays_a_list(root: str) -> None:
    assert reading.read(f"<{root}/>".encode(), "xml") == []


LETTERS = st.characters(blacklist_categories=["Cs", "Cc", "Cn", "Zl", "Zp"])


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["service_request_id", "status", "description", "address"]),
            st.text(LETTERS, min_size=1).map(str.strip).filter(bool),
            min_size=1,
        )
    )
)
def test_whatever_the_department_writes_in_xml_is_read_as_in_json(rows: list[dict[str, str]]) -> None:
    assert reading.read(xml_document("service_requests", rows), "xml") == rows


@pytest.mark.parametrize("odd", [None, "x", 3, {}, {"a": 1}, ["x"], [[]], [{"a": 1}, "x"]])
def test_what_is_no_list_of_mappings_is_not_taken_for_an_empty_one(odd: object) -> None:
    with pytest.raises(reading.Unreadable):
        reading.rows(odd)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'[{"code": 400, "description": "no service"}]', [("400", "no service")]),
        (b'[{"code": 1, "description": "a"}, {"code": 2, "description": "b"}]', [("1", "a"), ("2", "b")]),
        (b'{"code": "x", "description": "alone"}', [("x", "alone")]),
        (b'{"errors": [{"code": 7, "description": "within"}]}', [("7", "within")]),
        (b'{"error": {"code": 7, "message": "within"}}', [("7", "within")]),
        (b'{"error": "words"}', [("", "words")]),
        (b'{"detail": "words"}', [("", "words")]),
        (b'"words"', [("", "words")]),
        (b"<errors><error><code>400</code><description>no</description></error></errors>", [("400", "no")]),
        (b"<error><code>400</code><message>no</message></error>", [("400", "no")]),
        (b"<errors><error><code>1</code><description>a</description></error></errors>", [("1", "a")]),
        (b"plain words", [("", "plain words")]),
        (b"", [("", "")]),
        ("没有这个服务".encode(), [("", "没有这个服务")]),
        (b"<html><body>Bad Gateway", [("", "<html><body>Bad Gateway")]),
    ],
)
def test_the_words_of_an_error_are_found_however_they_are_written(body: bytes, found: list[tuple[str, str]]) -> None:
    assert reading.errors(body) == found


def test_a_long_error_is_cut() -> None:
    ((_, words),) = reading.errors(b"x" * 5000)

    assert len(words) == reading.LONGEST_REASON
