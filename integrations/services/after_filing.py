"""What a citizen puts right, or wishes to keep secret, after filing: it goes to the ticket as a supplement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from integrations.services.errors import Rejected
from integrations.services.own_tickets import record
from integrations.services.ports import Clock, Transaction, UnitOfWork
from integrations.services.records import Complaint, UpdateKind
from integrations.services.supplementing import Added, Kept, Supplementing
from kb import contact_wishes, corrections, phones
from kb.contact_wishes import ContactWishes, Wish
from kb.corrections import Corrections
from kb.lifecycle import OPEN, Status
from kb.words import Words

# Who puts something right without naming a ticket means the one of just now.
RECENT = timedelta(hours=24)
# A correction is short; a long message is a new report, whatever words it begins with.
LONGEST_CORRECTION = 80
# So long after filing a picture alone belongs to that ticket; with more words beside it, it may be another problem.
JUST_FILED = timedelta(minutes=30)
LONGEST_CAPTION = 8


@dataclass(frozen=True, slots=True)
class Guarded:
    """What a wish to stay unknown came to: the ticket, and whether the contact was deleted altogether."""

    complaint: Complaint
    deleted: bool


@dataclass(frozen=True, kw_only=True)
class AfterFiling:
    """The use case."""

    unit_of_work: UnitOfWork
    supplementing: Supplementing
    words: Words
    clock: Clock
    corrections: Corrections = field(default_factory=corrections.shipped)
    wishes: ContactWishes = field(default_factory=contact_wishes.shipped)

    def is_correction(self, text: str) -> bool:
        """Whether the words put something right, rather than tell of another problem."""
        if len(text) > LONGEST_CORRECTION:
            return False
        return any(one.line or one.wrong or one.right for one in self.corrections.read(text).items)

    def says_what_is_right(self, text: str) -> bool:
        """Whether a correction says what it shall be, and not only that something is wrong."""
        return any(one.right for one in self.corrections.read(text).items)

    def latest(self, conversation_id: str) -> Complaint | None:
        """The ticket that the citizen of this conversation filed last, if that was lately."""
        with self.unit_of_work() as tx:
            return self._latest(tx, conversation_id)

    def correct(self, conversation_id: str, text: str, *, key: str) -> Added | None:
        """Add the correction to the latest ticket; None where there is none. `key` is the message's own id.

        A telephone in it takes the place of the one before. Said twice, it is added once.
        """
        complaint = self.latest(conversation_id)
        if complaint is None:
            return None
        if complaint.status is Status.WITHDRAWN:
            return Added(Kept.WITHDRAWN, complaint, fresh=False)
        told = self.words.say("followup.to_unit_correction", text=text)
        try:
            added = self.supplementing.add(conversation_id, complaint.number, key=key, text=told)
        except Rejected:
            return None
        found = phones.find_all(text, self.wishes.local)
        if found and added.fresh:
            with self.unit_of_work() as tx:
                tx.contacts.put(complaint.id, found[0])
                tx.complaints.guard(complaint.id, anonymous=False)
        return added

    def photos(self, conversation_id: str, photos: Sequence[str], text: str, *, key: str) -> Added | None:
        """Pictures that come right after filing go with that ticket; None where there is none, or much else is said."""
        complaint = self.latest(conversation_id)
        if complaint is None or self.clock() - complaint.filed_at > JUST_FILED or len(text) > LONGEST_CAPTION:
            return None
        try:
            added = self.supplementing.add(conversation_id, complaint.number, key=key, text=text, photos=photos)
        except Rejected:
            return None
        return added if added.kept in (Kept.SENT, Kept.ONLY_HERE) else None

    def guard(self, conversation_id: str, text: str) -> Guarded | None:
        """Keep the citizen of the latest ticket secret, or delete the contact where that was wished."""
        wished = self.wishes.heard(text)
        deleted = bool(wished & {Wish.ANONYMOUS, Wish.DELETE})
        with self.unit_of_work() as tx:
            complaint = self._latest(tx, conversation_id)
            if complaint is None or complaint.status is Status.WITHDRAWN:
                return None
            if complaint.confidential and (complaint.anonymous or not deleted):
                return Guarded(complaint, deleted)  # said twice
            tx.complaints.guard(complaint.id, anonymous=deleted or complaint.anonymous, confidential=True)
            if deleted:
                tx.personal.erase_contacts(complaint.id)
            tell = self.words.say("followup.to_unit_secret") if complaint.status in OPEN else None
            key = f"secret:{deleted}"
            if tell and not tx.citizen_updates.by_key(complaint.id, key):
                record(tx, complaint, UpdateKind.SUPPLEMENT, key=key, text="", at=self.clock(), tell=tell)
        return Guarded(complaint, deleted)

    def _latest(self, tx: Transaction, conversation_id: str) -> Complaint | None:
        conversation = tx.conversations.get(conversation_id)
        mine = tx.complaints.of_citizen(conversation.citizen_id, limit=1) if conversation else ()
        return mine[0] if mine and self.clock() - mine[0].filed_at <= RECENT else None
