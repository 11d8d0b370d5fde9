"""Every conversation of the folders, through the public chat API against the real Rasa."""

from __future__ import annotations

from functools import partial

import httpx
import pytest

from integrations.commands.citizen import Citizen
from tests.announcing import announce
from tests.conftest import Department, wait_until
from tests.conversations.dialog import Conversation, conversations, verify
from tests.system import RunningSystem

pytestmark = [pytest.mark.conversation, pytest.mark.timeout(240)]


@pytest.mark.parametrize("conversation", conversations(), ids=lambda one: one.id)
def test_the_conversation_goes_as_written(conversation: Conversation, system: RunningSystem) -> None:
    if conversation.issue:
        announce(system, conversation.issue)
    verify(conversation, Citizen(system.url), Citizen(system.url), partial(step, system))


def step(system: RunningSystem, number: str, what: str, text: str) -> None:
    """The clerk of the demo department takes a step with that ticket, as soon as the worker has brought it.

    `closed` takes it over and gives it to a team first; `rechecked` and `reworked` are what a re-check comes to.
    """
    with httpx.Client(base_url=system.department, timeout=10, trust_env=False) as client:
        department = Department(system.department, client)
        wait_until(lambda: department.numbers_of(number), seconds=40)
        (request,) = department.numbers_of(number)
        if what in ("rechecked", "reworked"):
            wait_until(lambda: department.read(request)["status"] == "open", seconds=40)
            department.recheck(request, text, solved=what == "rechecked")
            return
        if what == "closed":
            department.step(request, "accepted")
            department.step(request, "assigned", "维修三班")
        department.step(request, what, text)
