"""Pictures and recordings of citizens, as plain values; nothing of them is shown when they are printed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from kb.media_types import Kind
from kb.photo_facts import PhotoFacts


@dataclass(frozen=True, slots=True)
class Medium:
    """One picture or recording. `body` is what is shown or played, of type `content_type`.

    `facts` are what a picture's camera had noted; they are kept here, and no longer in the picture. `words` of a
    recording: None while nobody has made words of it, "" where there were none in it. `complaint_id`: the ticket it
    goes with.
    """

    id: str
    conversation_id: str
    kind: Kind
    content_type: str
    body: bytes = field(repr=False)
    at: datetime
    facts: PhotoFacts = field(default=PhotoFacts(), repr=False)
    words: str | None = field(default=None, repr=False)
    complaint_id: str | None = None


@dataclass(frozen=True, slots=True)
class Developed:
    """A picture written anew: a JPEG without any notes, and what its camera had noted."""

    jpeg: bytes = field(repr=False)
    facts: PhotoFacts = field(default=PhotoFacts(), repr=False)
