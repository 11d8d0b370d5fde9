"""What keeping and erasing personal data needs from outside, as protocols."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from integrations.services.personal_records import Act, Erased, Person, Sealed


class Sealer(Protocol):
    """Seals what names a person. What was sealed for one complaint and purpose opens for no other."""

    @property
    def first(self) -> str:
        """The id of the key that seals."""

    def seal(self, plain: str, about: str) -> Sealed:
        """`about` says whose and what for; the same words are needed for opening."""

    def open(self, sealed: Sealed, about: str) -> str:
        """Raises NeedsPerson, naming the setting, when there is no such key or it does not open this."""

    def mark(self, plain: str, key_id: str | None = None) -> str:
        """64 hexadecimal digits by which equal values are found without opening; of the first key, or that one."""

    def marks(self, plain: str) -> Sequence[str]:
        """Its marks under all keys that are there."""


KeysInUse = Callable[[], Mapping[str, int]]
"""How many rows each key seals."""

Sealers = Callable[[KeysInUse], Sealer]
"""Gives the sealer. It asks which keys are in use before it makes a first one: what was sealed with a key that is gone
must not be mixed with rows of a new one. Raises NeedsPerson."""


class Contacts(Protocol):
    """Phones, and words with numbers in them, apart from the case and sealed. NeedsPerson for want of a key."""

    def put(self, complaint_id: str, phone: str) -> None:
        """In place of the one before."""

    def phone(self, complaint_id: str) -> str | None: ...

    def put_words(self, complaint_id: str, words: str) -> None:
        """What was said, with the numbers that the case itself does not show."""

    def words(self, complaint_id: str) -> str | None: ...

    def complaints_of(self, phone: str) -> Sequence[str]:
        """Ids of the complaints with exactly that phone, newest first. Nothing is opened."""

    def key_ids(self) -> dict[str, int]:
        """How many rows each key seals."""

    def check(self) -> None:
        """Open one row of each key. Raises NeedsPerson for the first that does not open."""

    def unsealed(self) -> int:
        """How many rows of an older version still stand there plain."""

    def seal_some(self, *, limit: int) -> int:
        """Seal up to so many plain rows; gives how many."""

    def reseal_some(self, *, limit: int) -> int:
        """Seal up to so many rows that are under another key anew, with the first; gives how many."""


class Personal(Protocol):
    """Everything about one person, for handing out and for erasing; and what is past its time."""

    def find(self, citizen_id: str) -> Person | None: ...

    def everything(self, person: Person) -> dict[str, list[dict[str, Any]]]:
        """All rows about that person by table, as plain values; contacts are left out."""

    def over(self, kind: str, before: datetime, *, limit: int) -> Sequence[str]:
        """Ids of complaints closed or withdrawn before then, of which `kind` was not erased yet, oldest first."""

    def count_over(self, kind: str, before: datetime) -> int: ...

    def erase_contacts(self, complaint_id: str) -> int: ...

    def erase_words(self, complaint_id: str) -> int:
        """Words, photos and the exact place go from the case; what is counted stays. Its history is not touched."""

    def erased(self, complaint_id: str, kind: str, at: datetime) -> None:
        """Note that it was done. Twice is once."""

    def idle(self, before: datetime, *, limit: int) -> Sequence[str]:
        """Ids of conversations in which nothing was said since then, and whose complaints were all over by then."""

    def count_idle(self, before: datetime) -> int: ...

    def erase_conversation(self, conversation_id: str) -> Erased:
        """Its lines go, and the channel's name for the citizen. Who comes back begins a new one."""

    def record(self, act: Act) -> None:
        """Keep who did what and why, nothing of what it was about."""

    def acts(self, *, limit: int = 50) -> Sequence[Act]:
        """The latest first."""


class Trackers(Protocol):
    """Rasa's memory of conversations, by the sender's name in it. All raise TryLater when it does not answer."""

    def idle(self, before: datetime, *, limit: int) -> Sequence[str]:
        """Senders of whom nothing was heard since then."""

    def forget(self, senders: Sequence[str]) -> int:
        """Delete all that is remembered of them; gives how many events."""

    def remembered(self, sender: str) -> list[dict[str, Any]]:
        """The events of that sender, oldest first."""

    def count_idle(self, before: datetime) -> int: ...
