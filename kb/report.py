"""A complaint while it is being told: what is known of it, and the one thing to ask next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from kb.places import Place
from kb.times import Precision, When

MAX_DESCRIPTION = 2_000
# How often the same thing is asked before the assistant goes on without it.
ASK_AT_MOST = 2
# As many pictures as a report may have.
MOST_PHOTOS = 9


class Ask(StrEnum):
    """What can be asked, in the order in which it matters. The values are slot names of the report form."""

    DESCRIPTION = "report_description"
    REFERRAL = "report_referral"
    DETAIL = "report_detail"
    CATEGORY = "report_category"
    PLACE = "report_place"
    KNOWN_ISSUE = "report_known_issue"
    SIMILAR = "report_similar"
    # what is worth knowing of a problem of this kind only, see `kb.questions`
    MORE = "report_more"
    # asked only where the citizen changes it
    SINCE = "report_since"
    CONTACT = "report_contact"
    CONFIRMATION = "report_confirmation"


# What nobody needs to know of a question that is passed on.
_OF_A_PROBLEM = (Ask.DETAIL, Ask.CATEGORY, Ask.PLACE, Ask.KNOWN_ISSUE, Ask.SIMILAR, Ask.MORE)


class Contact(StrEnum):
    """How the citizen wants to be reached. HERE: in this conversation and nowhere else."""

    PHONE = "phone"
    ANONYMOUS = "anonymous"
    HERE = "here"


@dataclass(frozen=True, slots=True)
class Draft:
    """Everything said so far. `id` makes filing idempotent: one draft is filed once.

    `category_options` and `similar` hold what was offered and not yet decided. `asked` counts the questions.
    `question`: something is asked that is to be passed on; what it is about and where matters little then.
    `similar_shown`: so many of `similar`, the likeliest, are before the citizen.
    `unclear`: the words fit no category yet. `later`: other problems of the same message, told of after this one.
    `place_options`: the places between which is asked, `pinned` if the second is a pin; `place_hint`: words such as
    我家楼下, to which the name of the compound is still missing; `elsewhere`: another city that was named.
    `other_phone`: a second number; `confidential`: the contact is for nobody but who deals with it. `more` is the id of
    the question of this kind of problem that comes next, `answers` those given, by id, "" where it is not known.
    `photos`: ids of stored pictures.
    """

    id: str
    description: str = field(default="", repr=False)
    category: str | None = None
    category_confidence: float = 0.0
    category_options: tuple[str, ...] = ()
    unclear: bool = False
    later: tuple[str, ...] = ()
    refer_to: str | None = None
    insisted: bool = False
    place: Place | None = None
    place_options: tuple[Place, ...] = ()
    pinned: bool = False
    place_hint: str | None = None
    elsewhere: str | None = None
    since: When | None = None
    contact: Contact | None = None
    phone: str | None = field(default=None, repr=False)
    other_phone: str | None = field(default=None, repr=False)
    confidential: bool = False
    more: str | None = None
    answers: dict[str, str] = field(default_factory=dict, repr=False)
    photos: tuple[str, ...] = ()
    known_issue: str | None = None
    known_issue_answered: bool = False
    similar: tuple[str, ...] = ()
    similar_answered: bool = False
    similar_shown: int = 0
    join: str | None = None
    editing: str | None = None
    advice_given: bool = False
    question: bool = False
    asked: dict[str, int] = field(default_factory=dict)

    def following(self) -> Draft:
        """An empty draft for the problem that is told after this one, with the same contact.

        Its id follows from this one's, so that beginning it twice begins the same draft.
        """
        base, _, nth = self.id.partition("-")
        return Draft(
            id=f"{base}-{int(nth or 1) + 1}",
            later=self.later[1:],
            contact=self.contact,
            phone=self.phone,
            other_phone=self.other_phone,
            confidential=self.confidential,
        )

    def counted(self, ask: Ask) -> Draft:
        """The draft after `ask` was asked once more."""
        return replace(self, asked={**self.asked, ask: self.asked.get(ask, 0) + 1})

    def told(self, text: str) -> Draft:
        """The draft with `text` added to the description, cut at the limit. Nothing is added twice."""
        text = text.strip()
        if not text or text in self.description:
            return self
        joined = f"{self.description}\n{text}" if self.description else text
        return replace(self, description=joined[:MAX_DESCRIPTION])

    def with_photos(self, photos: Sequence[str]) -> Draft:
        """The draft with these pictures too, each once, in the order in which they came."""
        return replace(self, photos=tuple(dict.fromkeys((*self.photos, *photos)))[:MOST_PHOTOS]) if photos else self

    def answered(self, question: str, value: str) -> Draft:
        """The draft with the answer to a question of its kind."""
        return replace(self, answers={**self.answers, question: value}, more=None)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for the tracker; `from_dict` reads them back."""
        kept = {name: getattr(self, name) for name in self.__slots__}
        kept["place"] = self.place.as_dict() if self.place else None
        kept["place_options"] = [place.as_dict() for place in self.place_options]
        kept["since"] = self.since.as_dict() if self.since else None
        empty: tuple[object, ...] = (None, (), [], {}, False)
        return {name: list(v) if isinstance(v, tuple) else v for name, v in kept.items() if v not in empty}

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Draft:
        """Raises TypeError or KeyError when `value` is no draft."""
        known = {name: value[name] for name in cls.__slots__ if name in value}
        for name in ("category_options", "later", "similar", "photos"):
            known[name] = tuple(known.get(name, ()))
        if known.get("place"):
            known["place"] = Place.from_dict(known["place"])
        known["place_options"] = tuple(map(Place.from_dict, known.get("place_options", ())))
        if since := known.get("since"):
            # older drafts kept the words alone
            words_only = isinstance(since, str)
            known["since"] = When(since, None, Precision.UNCLEAR) if words_only else When.from_dict(since)
        if known.get("contact"):
            known["contact"] = Contact(known["contact"])
        return cls(**known)


def next_ask(draft: Draft) -> Ask | None:
    """The one thing to ask next; None when the citizen has confirmed everything else and only filing is left."""
    waiting = {
        Ask.DESCRIPTION: not draft.description,
        Ask.REFERRAL: bool(draft.refer_to) and not draft.insisted,
        Ask.DETAIL: draft.unclear and not draft.asked.get(Ask.DETAIL),
        Ask.CATEGORY: bool(draft.category_options) and _may_ask(draft, Ask.CATEGORY),
        Ask.PLACE: _place_is_open(draft) and _may_ask(draft, Ask.PLACE),
        Ask.KNOWN_ISSUE: bool(draft.known_issue) and not draft.known_issue_answered,
        Ask.SIMILAR: bool(draft.similar) and not draft.similar_answered,
        Ask.MORE: draft.more is not None,
        Ask.SINCE: False,
        Ask.CONTACT: draft.contact is None,
        Ask.CONFIRMATION: True,
    }
    if draft.question:
        waiting |= dict.fromkeys(_OF_A_PROBLEM, False)
    return next((ask for ask, is_waiting in waiting.items() if is_waiting), None)


def _place_is_open(draft: Draft) -> bool:
    return bool(draft.place_options or draft.elsewhere) or not (draft.place and draft.place.precise)


def _may_ask(draft: Draft, ask: Ask) -> bool:
    return draft.asked.get(ask, 0) < ASK_AT_MOST
