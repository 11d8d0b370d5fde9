"""What a WeChat citizen has not been told yet, and how a chat window without buttons shows it.

Nothing is kept twice: the lines of the conversation are what is told, and a reader's `told_seq` says how far. Answers
to what was said elsewhere (the web page) are told there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from integrations.services.ports import Transaction
from integrations.services.records import Bubble, Hearing, Line, Sender
from integrations.services.wechat.records import Reader
from kb.wechat.texts import LIMIT, fitted, split
from kb.words import Words

# Most lines that are looked at together.
AT_ONCE = 200
BETWEEN = "\n\n"
# A line that says only that an answer takes longer: WeChat shows "typing" for that.
WAITING = "wait:"
# Where a push has its own mark before its number: no other front end can send a colon.
PUSHED = ("m:", "e:")
# Cards whose words say what they are.
UNTITLED = ("confirm", "notice")
# Stands for a gap while a sentence is looked at.
_GAP = "\0"


@dataclass(frozen=True, slots=True)
class Untold:
    """Lines to tell, in order. `through` is the last line that was looked at, `waiting` while an answer is to come.

    `heard`: those of the citizen's lines that were looked at and wait for nothing.
    """

    lines: tuple[Line, ...]
    through: int
    waiting: bool
    heard: frozenset[int]


def untold(tx: Transaction, reader: Reader) -> Untold:
    """What this reader has not been told of the conversation they read."""
    lines = tx.conversations.lines(reader.conversation_id, after=reader.told_seq, limit=AT_ONCE)
    theirs = {line.seq: _pushed(line) for line in lines if line.sender is Sender.CITIZEN}
    mine = list[Line]()
    for line in lines:
        if line.sender is Sender.CITIZEN or (line.client_id or "").startswith(WAITING):
            continue
        if line.answers is not None and line.sender is Sender.ASSISTANT:
            if line.answers not in theirs:
                asked = tx.conversations.line(reader.conversation_id, line.answers)
                theirs[line.answers] = asked is not None and _pushed(asked)
            if not theirs[line.answers]:
                continue
        mine.append(line)
    pending = any(_pushed(line) for line in tx.conversations.pending(reader.conversation_id))
    heard = frozenset(one.seq for one in lines if one.sender is Sender.CITIZEN and one.state is not Hearing.PENDING)
    return Untold(tuple(mine), lines[-1].seq if lines else reader.told_seq, pending, heard)


def is_answered(tx: Transaction, conversation_id: str, seq: int) -> bool:
    """Whether nothing more is to come for this line of a citizen's."""
    line = tx.conversations.line(conversation_id, seq)
    return line is None or line.state is not Hearing.PENDING


def _pushed(line: Line) -> bool:
    return (line.client_id or "").startswith(PUSHED)


@dataclass(frozen=True, slots=True)
class Telling:
    """Makes texts of bubbles. With `links` choices can be tapped, else they are numbers to type.

    `page` is the address of the web page, "" where citizens cannot reach it.
    """

    words: Words
    links: bool = False
    page: str = ""

    def texts(
        self, lines: Sequence[Line], *, rest: Sequence[str] = (), ending: str = "", limit: int = LIMIT
    ) -> list[str]:
        """Messages of at most 2,048 bytes that say all of it, `rest` first; what fits into `limit` goes together."""
        whole = _sound(BETWEEN.join([*self._paragraphs(lines), *([ending] if ending else [])]))
        packed = list[str]()
        for part in [*rest, *(split(whole, LIMIT) if whole.strip() else [])]:
            if packed and len((packed[-1] + BETWEEN + part).encode()) <= limit:
                packed[-1] += BETWEEN + part
            else:
                packed.append(part)
        return packed

    def folded(self, texts: Sequence[str], most: int) -> tuple[list[str], list[str]]:
        """No more than `most` messages, the last one with a way to the rest; and what was not told."""
        if len(texts) <= most or most < 1:
            return list(texts[:most]), list(texts[most:])
        if self.page:
            ending = BETWEEN + self.words.say("wechat.more_on_page", page=self.page)
            return [*texts[: most - 1], fitted(BETWEEN.join(texts[most - 1 :]), ending, LIMIT)], []
        ending = BETWEEN + self.words.say("wechat.more_on_answer")
        ends = next((n for n, text in enumerate(texts[:most], 1) if text.endswith(ending)), None)
        if ends:  # folded before
            return list(texts[:ends]), list(texts[ends:])
        last, *further = split(BETWEEN.join(texts[most - 1 :]), LIMIT - len(ending.encode()))
        return [*texts[: most - 1], last + ending], further

    def followed(self, tx: Transaction, reader: Reader, conversation_id: str) -> Reader:
        """The reader of the conversation in which theirs goes on now; what was not told before stays to be told."""
        if reader.conversation_id == conversation_id:
            return reader
        left = untold(tx, reader)
        rest = self.texts(left.lines, rest=reader.rest)
        last = tx.conversations.last_seq(conversation_id)
        return replace(reader, conversation_id=conversation_id, told_seq=last, noticed_seq=last, rest=tuple(rest))

    def _paragraphs(self, lines: Sequence[Line]) -> list[str]:
        """Choices are shown of the last line that offers some: a number means those."""
        offering = next((line.seq for line in reversed(lines) if line.bubble.options), None)
        told = list[str]()
        for line in lines:
            text = self.paragraph(line.bubble, line.seq, choices=line.seq == offering)
            if text and text not in told[-1:]:
                told.append(text)
        return told

    def paragraph(self, bubble: Bubble, seq: int, *, choices: bool = True) -> str:
        """One bubble: its words, its card line by line, its choices."""
        text = self._without_buttons(bubble) if choices else bubble.text
        parts = [text.strip(), *self._card(bubble.card or {})]
        if choices and bubble.options:
            parts.append(self._choices(bubble, seq))
        return "\n\n".join(part for part in parts if part)

    def _card(self, card: dict[str, Any]) -> list[str]:
        """A card's rows and timeline as lines; several items with their numbers."""
        if items := card.get("items"):
            if len(items) == 1:  # a number would be taken for one of the choices
                return ["\n".join([items[0].get("title") or "", *self._rows(items[0])]).strip()]
            return ["\n".join([f"{n}. {one.get('title') or ''}", *self._rows(one)]) for n, one in enumerate(items, 1)]
        title = str(card.get("title") or "") if card.get("kind") not in UNTITLED else ""
        rows = self._rows(card)
        return ["\n".join([*([title] if title else []), *rows])] if rows or title else []

    def _rows(self, card: dict[str, Any]) -> list[str]:
        rows = [row for row in card.get("rows") or () if row.get("value")]
        told = [self.words.say("wechat.row", label=row["label"], value=row["value"]) for row in rows]
        return told + [f"{step['at']}  {step['text']}" for step in card.get("timeline") or ()]

    def _choices(self, bubble: Bubble, seq: int) -> str:
        if self.links:
            return "\n".join(_link(option.title, f"{seq}.{n}") for n, option in enumerate(bubble.options, 1))
        if len(bubble.options) == 1:
            return self.words.say("wechat.choose_only", choice=1, title=bubble.options[0].title)
        numbered = [f"{n}. {option.title}" for n, option in enumerate(bubble.options, 1)]
        return "\n".join([*numbered, self.words.say("wechat.choose")])

    def _without_buttons(self, bubble: Bubble) -> str:
        """The words with a number to type wherever they name a button to press."""
        if self.links or not bubble.options:
            return bubble.text
        before, after = self.words.say("wechat.named", title=_GAP).split(_GAP)

        def numbered(named: re.Match[str]) -> str:
            found = (n for n, option in enumerate(bubble.options, 1) if option.title.startswith(named[1]))
            number = next(found, None)
            return self.words.say("wechat.by_number", title=number) if number else named[0]

        return re.sub(f"{re.escape(before)}([^{re.escape(after)}]+){re.escape(after)}", numbered, bubble.text)


def _sound(text: str) -> str:
    """Without half characters, which neither the store nor XML can carry."""
    return text.encode("utf-8", "replace").decode()


def _link(title: str, menu_id: str) -> str:
    """WeChat's client makes a tappable line of this; a tap comes back as a text with that id."""
    safe = title.replace('"', "").replace("<", "").replace(">", "").replace("&", "")
    return f'<a href="weixin://bizmsgmenu?msgmenucontent={safe}&msgmenuid={menu_id}">{safe}</a>'
