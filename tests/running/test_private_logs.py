"""Log lines: whatever somebody puts into one, no phone and no identity card comes out."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.commands import processes
from integrations.running.private_logs import PrivateFormatter

PHONE, CARD = "13812345678", "370202199001011234"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What a part writes, with the root logger as a part sets it up."""
    root, written = logging.getLogger(), io.StringIO()
    before, level = root.handlers[:], root.level
    root.handlers = [logging.StreamHandler(written)]
    root.setLevel(logging.INFO)
    try:
        processes.set_up_logging("INFO")
        yield written
    finally:
        root.handlers, root.level = before, level


def test_arguments_are_hidden(stream: io.StringIO) -> None:
    logging.getLogger("somebody.else").warning("call %s, card %s", PHONE, CARD)
    assert PHONE not in stream.getvalue() and CARD not in stream.getvalue()
    assert "somebody.else" in stream.getvalue()


def test_an_error_and_its_traceback_are_hidden(stream: io.StringIO) -> None:
    try:
        raise ValueError(f"cannot read {PHONE}")
    except ValueError:
        logging.getLogger("x").exception("failed")
    assert PHONE not in stream.getvalue()
    assert "Traceback" in stream.getvalue() and "ValueError" in stream.getvalue()


def test_a_line_with_nothing_to_hide_stays_as_it_is(stream: io.StringIO) -> None:
    logging.getLogger("x").info("ticket 481720935561 row=17 ms=1234567")
    assert stream.getvalue().endswith("INFO x ticket 481720935561 row=17 ms=1234567\n")


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.sampled_from(["", " ", "电话", "+86", "phone=", "'"]))
def test_every_mobile_number_is_hidden(phone: str, before: str) -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, f"{before}{phone}，谢谢", (), None)
    assert phone not in PrivateFormatter("%(message)s").format(record)
