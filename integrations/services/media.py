"""Pictures and recordings of a citizen: looked at, stored with their message, shown to nobody but their owner."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from integrations.services.errors import Rejected
from integrations.services.media_ports import Developer, NotAPicture
from integrations.services.media_records import Medium
from integrations.services.ports import Clock, Limiter, Transaction, UnitOfWork
from integrations.services.records import Conversation, Line, Said
from kb.bursts import together
from kb.media_types import Kind, type_of
from kb.normalising import plain
from kb.photo_facts import PhotoFacts
from kb.report import MOST_PHOTOS
from kb.words import Words

if TYPE_CHECKING:
    from integrations.services.conversing import Conversing
    from integrations.services.uploading import Uploading

LARGEST = 10 * 1024 * 1024
"""Bytes of one picture or recording."""

# A citizen's pictures and recordings in a day, and in a minute.
MOST, MOST_SECONDS = 60, 86_400
QUICK, QUICK_SECONDS = 20, 60
# What the dialogue hears of a picture: something about a problem, whatever is written beside it.
SHOWN = "/report"


class TooMany(Rejected):
    """So many were sent that no more are taken in for now."""


@dataclass(frozen=True, kw_only=True)
class Receiving:
    """The use case."""

    unit_of_work: UnitOfWork
    conversing: Callable[[], Conversing]
    develop: Developer
    reduce: Callable[[bytes], bytes]
    limiter: Limiter
    words: Words
    clock: Clock
    uploading: Uploading
    new_id: Callable[[], str] = field(default=lambda: secrets.token_hex(16))

    def take(
        self,
        conversation_id: str,
        client_id: str,
        files: Sequence[bytes],
        caption: str = "",
        *,
        uploads: Sequence[str] = (),
    ) -> Line:
        """Store pictures, or one recording, as one message; the same `client_id` twice is one.

        `uploads` are files that came in pieces before; they are used up with it. Raises Rejected with words for the
        citizen, Busy as `Conversing.accept`, TryLater. Nothing is stored then.
        """
        if known := self._known(conversation_id, client_id):
            return known
        try:
            return self._take(conversation_id, client_id, files, caption, list(dict.fromkeys(uploads)))
        except Rejected:
            # The same message may have come twice in one moment: then the other one has used its uploads up.
            if known := self._known(conversation_id, client_id):
                return known
            raise

    def _take(
        self, conversation_id: str, client_id: str, files: Sequence[bytes], caption: str, uploads: Sequence[str]
    ) -> Line:
        media = self._made(conversation_id, files, uploads)
        photos = tuple(one.id for one in media if one.kind is Kind.PHOTO)
        voice = next((one.id for one in media if one.kind is Kind.VOICE), None)
        said = Said(caption if photos else "", photos=photos, voice=voice, noted=_noted(media))
        with self.unit_of_work() as tx:
            if known := tx.conversations.find(conversation_id, client_id):
                return known
            line = self.conversing().take_in(tx, conversation_id, client_id, said, media)
            self.uploading.use_up(tx, uploads)
            return line

    def _known(self, conversation_id: str, client_id: str) -> Line | None:
        with self.unit_of_work() as tx:
            return tx.conversations.find(conversation_id, client_id)

    def pictures(self, conversation_id: str, uploads: Sequence[str]) -> list[Medium]:
        """Of files that came in pieces, written anew and not stored yet. Raises Rejected as `take`, also for voice."""
        media = self._made(conversation_id, (), list(dict.fromkeys(uploads)))
        if any(one.kind is not Kind.PHOTO for one in media):
            raise Rejected(self.words.say("attached.kind"))
        return media

    def show(self, mine: Conversation, medium_id: str, *, small: bool = False) -> Medium:
        """A picture or recording that this conversation's citizen has sent, or that goes with a ticket of theirs.

        `small`: of a picture only as much as a list shows. Raises Rejected, whoever else's it is or none.
        """
        with self.unit_of_work() as tx:
            medium = tx.media.get(medium_id)
            if medium is None or not self._sees(tx, mine, medium):
                raise Rejected(self.words.say("attached.gone"))
        if small and medium.kind is Kind.PHOTO:
            return replace(medium, body=self.reduce(medium.body))
        return medium

    @staticmethod
    def _sees(tx: Transaction, mine: Conversation, medium: Medium) -> bool:
        if tx.media.owner(medium.id) == mine.citizen_id:
            return True
        ticket = tx.complaints.get(medium.complaint_id) if medium.complaint_id else None
        return ticket is not None and ticket.citizen_id == mine.citizen_id

    def _made(self, conversation_id: str, files: Sequence[bytes], uploads: Sequence[str]) -> list[Medium]:
        if len(files) + len(uploads) > MOST_PHOTOS:
            raise Rejected(self.words.say("attached.photo_many", most=MOST_PHOTOS))
        files = [*files, *self.uploading.contents(conversation_id, uploads)]
        kinds = self._kinds(files)
        self._not_too_many(conversation_id, len(files))
        return [
            self._medium(conversation_id, kind, name, content)
            for (kind, name), content in zip(kinds, files, strict=True)
        ]

    def _kinds(self, files: Sequence[bytes]) -> list[tuple[Kind, str]]:
        """What each is, by its content."""
        say = self.words.say
        if not files or not all(files):
            raise Rejected(say("attached.nothing"))
        kinds = [found for content in files if (found := type_of(content))]
        if len(kinds) < len(files):
            raise Rejected(say("attached.kind"))
        if any(kind is Kind.VOICE for kind, _ in kinds) and len(kinds) > 1:
            raise Rejected(say("attached.one_voice"))
        if any(len(content) > LARGEST for content in files):
            raise Rejected(say("attached.photo_large" if kinds[0][0] is Kind.PHOTO else "attached.voice_large"))
        return kinds

    def _not_too_many(self, conversation_id: str, count: int) -> None:
        for _ in range(count):
            if not self.limiter.allow(f"media-day:{conversation_id}", times=MOST, seconds=MOST_SECONDS):
                raise TooMany(self.words.say("attached.too_many"))
            if not self.limiter.allow(f"media:{conversation_id}", times=QUICK, seconds=QUICK_SECONDS):
                raise TooMany(self.words.say("attached.wait"))

    def _medium(self, conversation_id: str, kind: Kind, name: str, content: bytes) -> Medium:
        now = self.clock()
        if kind is Kind.VOICE:
            return Medium(self.new_id(), conversation_id, kind, name, content, now)
        try:
            made = self.develop(content, now)
        except NotAPicture as refused:
            raise Rejected(self.words.say("attached.photo_large" if refused.large else "attached.kind")) from refused
        return Medium(self.new_id(), conversation_id, kind, "image/jpeg", made.jpeg, now, made.facts)


def sent_with(said: Said, words: Words) -> dict[str, object]:
    """What stands in the line beside the words; `shown` in their place where there are none."""
    kept: dict[str, object] = {"photos": list(said.photos), "voice": said.voice, "noted": said.noted}
    if said.photos or said.voice:
        kept["shown"] = words.say("attached.photo_line" if said.photos else "attached.voice_line")
    return {name: value for name, value in kept.items() if value}


def shown_together(lines: Sequence[Line], silent_hours: float) -> Said:
    """What the dialogue hears of pictures that came together, with what was written beside them."""
    every = [line.said for line in lines]
    return Said(
        plain(together([one.text for one in every if one.text])).text,
        SHOWN,
        photos=tuple(photo for one in every for photo in one.photos),
        noted=next((one.noted for one in every if one.noted), None),
        silent_hours=silent_hours,
    )


def _noted(media: Sequence[Medium]) -> dict[str, Any] | None:
    """The first place and the earliest time that the cameras had noted."""
    facts = [one.facts for one in media]
    place = next((one for one in facts if one.lat is not None), PhotoFacts())
    times = [one.taken_at for one in facts if one.taken_at]
    noted: dict[str, Any] = {"lat": place.lat, "lon": place.lon} if place.lat is not None else {}
    return (noted | ({"taken_at": min(times).isoformat()} if times else {})) or None
