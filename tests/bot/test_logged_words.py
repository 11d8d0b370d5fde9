"""What Rasa writes into its log when a turn fails, or nobody waits for it any more: nothing that was said."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("rasa", reason="Rasa is installed in bot/'s environment only")

from components.repairs import logged_words
from rasa.core.channels.rest import RestInput
from structlog.testing import capture_logs

SAID = "我叫王芳，电话13812345678"


class Request:
    """What the channel reads of a request."""

    def __init__(self) -> None:
        self.json = {"sender": "web:1", "message": SAID}
        self.args: dict[str, Any] = {}


@pytest.mark.parametrize("why", [asyncio.CancelledError(), RuntimeError("broken")], ids=["timeout", "failure"])
def test_a_turn_that_breaks_off_is_logged_without_the_words(why: BaseException) -> None:
    async def broken(_message: Any) -> None:
        raise why

    (repair,) = logged_words.REPAIRS
    route = next(one for one in RestInput().blueprint(broken)._future_routes if one.uri == "/webhook")
    try:
        for repaired in (False, True):
            if repaired:
                assert repair.put_in()
            with capture_logs() as logged:
                asyncio.run(route.handler(Request()))
            assert [one["event"].startswith("rest.message.received.") for one in logged] == [True]
            assert (SAID in str(logged)) is not repaired
    finally:
        repair.take_out()
    assert str(len(SAID)) in logged[0]["text"]


def test_everything_else_of_copy_stays() -> None:
    hidden = logged_words._OnlyItsLength()
    assert hidden.copy([1]) == [1]
    assert hidden.deepcopy(None) == "NoneType"
