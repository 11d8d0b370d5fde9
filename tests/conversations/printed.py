"""Conversations as a citizen sees them, played anew against a running system.

python -m tests.conversations.printed happy/polite_to_the_end corrections/several_at_once
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from integrations.commands.citizen import Message
from tests.conversations.dialog import World, verify
from tests.conversations.hearing import transcription_service
from tests.conversations.script import Conversation, conversations
from tests.conversations.stage import Stage
from tests.conversations.talking import Talker
from tests.system import RunningSystem

CITIZEN, ASSISTANT, BESIDE = "市民　", "接诉　", "　　　"


class Witness(Talker):
    """A citizen whose whole screen can be read."""

    def screen(self) -> Sequence[Message]:
        """Every line from the first on."""
        lines: Sequence[Message] = self._ask("GET", "/api/chat/messages?after=0")["messages"]
        return lines


def printed(screen: Sequence[Message]) -> Iterator[str]:
    """A screen as lines of text: who speaks, what, the card's rows, and the buttons in brackets."""
    for number, one in enumerate(screen):
        mine = one["from"] == "citizen"
        if mine and number:
            yield ""
        text = one["text"] or "".join(f"〔{medium['kind']}〕" for medium in one["media"])
        first, *rest = text.splitlines() or [""]
        yield (CITIZEN if mine else ASSISTANT) + first
        yield from (BESIDE + line for line in rest)
        yield from (f"{BESIDE}│ {row['label']}　{row['value']}" for row in (one["card"] or {}).get("rows", ()))
        if one["options"]:
            yield BESIDE + " ".join(f"[{option['title']}]" for option in one["options"])


def screen_of(conversation: Conversation, system: RunningSystem, stage: Stage) -> Sequence[Message]:
    """Play one and give what stands on the citizen's screen in the end."""
    mine, other = Witness(system.url), Talker(system.url)
    try:
        verify(conversation, mine, other, World(stage.office, stage.desk, stage.silence))
        return mine.screen()
    finally:
        mine.close()
        other.close()


def main() -> None:
    """Print those that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    known = {one.id: one for one in conversations()}
    parser.add_argument("names", nargs="+", choices=sorted(known), metavar="FOLDER/NAME", help="which conversations")
    names = parser.parse_args().names
    with tempfile.TemporaryDirectory(prefix="jiesu-printed-") as folder, transcription_service() as url:
        system = RunningSystem(Path(folder), JIESU_TRANSCRIBE_URL=url)
        system.start()
        stage = Stage(system)
        try:
            for name in names:
                print(f"\n# {name}\n")
                print("\n".join(printed(screen_of(known[name], system, stage))))
        finally:
            stage.close()
            system.stop()


if __name__ == "__main__":
    main()
