"""The mapping file: what makes no sense is refused with file, line and key, and said what would do."""

from __future__ import annotations

from pathlib import Path

import pytest

from integrations.clients.open311 import load_mapping
from integrations.services.records import WhenUnsure
from kb.content_files import ContentError
from tests.conftest import PROJECT

BEFORE = (
    "service_code: X-{level1}\nattributes: {reference: REF}\ndescription_footer: '({reference})'\n"
    "unknown_address: '?'\nextension: more\n"
)


def mapping(tmp_path: Path, more: str = "", base: str = BEFORE) -> Path:
    path = tmp_path / "mapping.yml"
    path.write_text(base + more, encoding="utf-8")
    return path


def test_a_mapping_of_before_still_works(tmp_path: Path) -> None:
    read = load_mapping(mapping(tmp_path))

    assert (read.format, read.updates, read.co_units, read.search) == ("json", "none", "none", "reference")
    assert read.unsure() is WhenUnsure.SEND


def test_the_one_that_ships_and_the_one_of_the_other_backend_can_be_read() -> None:
    assert load_mapping().updates == "extension"
    assert load_mapping(PROJECT / "tests/other_backend/mapping.yml").format == "xml"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("services: {x: y}", r"services\.x"),
        ("services: {41: lamp, '410': lamp}", r"services\.410"),
        ("format: html", "format: Input should be 'json' or 'xml'"),
        ("errors: {409: perhaps}", r"errors\.409"),
        ("update_lines: {sing: la}", r"update_lines\.sing"),
        ("again_line: '{who}'", r"again_line knows \{reference\}, not 'who'"),
        ("joined_line: '{incident'", "joined_line cannot be read"),
        ("co_units: request", "needs a copy_line"),
        ("when_unsure: send_again_marked", r"needs an again_line with \{reference\}"),
        ("updates: request", "needs update_lines for urge, supplement, withdraw, recheck, leaves, double"),
        ("updates: extension", "needs update_lines for leaves, double"),
        ("shows_after_seconds: -1", "shows_after_seconds"),
        ("colour: blue", "colour"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(ContentError, match=r"mapping.yml:\d+: .*" + said):
        load_mapping(mapping(tmp_path, line + "\n"))


@pytest.mark.parametrize("footer", ["''", "'ref'"])
def test_a_reference_must_go_somewhere_if_it_is_looked_for(tmp_path: Path, footer: str) -> None:
    base = BEFORE.replace("REF", "''").replace("'({reference})'", footer)

    with pytest.raises(ContentError, match="description_footer"):
        load_mapping(mapping(tmp_path, base=base))


@pytest.mark.parametrize(
    ("more", "own", "marked"),
    [
        ("search: reference\n", WhenUnsure.SEND, WhenUnsure.SEND),
        ("search: place\n", WhenUnsure.SEND, WhenUnsure.ASK_PERSON),
        ("search: nothing\n", WhenUnsure.ASK_PERSON, WhenUnsure.ASK_PERSON),
        (
            "search: nothing\nwhen_unsure: send_again_marked\nagain_line: '({reference} again)'\n",
            WhenUnsure.SEND_MARKED,
            WhenUnsure.SEND_MARKED,
        ),
    ],
)
def test_what_can_be_found_decides_what_is_done_in_doubt(
    tmp_path: Path, more: str, own: WhenUnsure, marked: WhenUnsure
) -> None:
    read = load_mapping(mapping(tmp_path, more))

    assert (read.unsure(), read.unsure("C1")) == (own, marked)


@pytest.mark.parametrize(
    ("category", "service"), [("410102", "one-leaf"), ("410101", "level-2"), ("410201", "level-1"), ("310101", "X-31")]
)
def test_the_closest_service_is_taken(tmp_path: Path, category: str, service: str) -> None:
    read = load_mapping(mapping(tmp_path, "services: {41: level-1, 4101: level-2, 410102: one-leaf}\n"))

    assert read.service_of(category) == service


@pytest.mark.parametrize(
    ("co_units", "sent"),
    [
        ("attribute", {"reference", "co_units"}),
        ("request\ncopy_line: '{unit} {request_id}'", {"reference", "unit"}),
        ("none", {"reference"}),
    ],
)
def test_only_attributes_that_these_settings_send_are_compared(tmp_path: Path, co_units: str, sent: set[str]) -> None:
    three = BEFORE.replace("{reference: REF}", "{reference: REF, co_units: CO, unit: U}")
    assert set(load_mapping(mapping(tmp_path, f"co_units: {co_units}\n", three)).sent_attributes) == sent
