"""Every conversation of the folders, through the public chat API against the real Rasa."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import yaml

from integrations.commands.citizen import Citizen
from kb.deadlines import CITY_TIME
from tests.conversations.dialog import Conversation, conversations, verify
from tests.system import RunningSystem

pytestmark = [pytest.mark.conversation, pytest.mark.timeout(240)]


@pytest.mark.parametrize("conversation", conversations(), ids=lambda one: one.id)
def test_the_conversation_goes_as_written(conversation: Conversation, system: RunningSystem) -> None:
    if conversation.issue:
        announce(system, conversation.issue)
    verify(conversation, Citizen(system.url), Citizen(system.url))


def announce(system: RunningSystem, issue: dict[str, Any]) -> None:
    """Take in a known issue of today, as an operator would, while the system runs."""
    today = datetime.now(CITY_TIME).date()
    days = {"starts": str(today), "ends": str(today + timedelta(days=2))}
    file = system.folder / f"{issue['id']}.yml"
    file.write_text(yaml.safe_dump([{**issue, **days}], allow_unicode=True), encoding="utf-8")
    system.jiesu("issues", "import", str(file))
