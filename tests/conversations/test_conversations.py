"""Every conversation of the folders, through the public chat API against the real Rasa."""

from __future__ import annotations

import pytest

from integrations.commands.citizen import Citizen
from tests.announcing import announce
from tests.conversations.dialog import Conversation, conversations, verify
from tests.system import RunningSystem

pytestmark = [pytest.mark.conversation, pytest.mark.timeout(240)]


@pytest.mark.parametrize("conversation", conversations(), ids=lambda one: one.id)
def test_the_conversation_goes_as_written(conversation: Conversation, system: RunningSystem) -> None:
    if conversation.issue:
        announce(system, conversation.issue)
    verify(conversation, Citizen(system.url), Citizen(system.url))
