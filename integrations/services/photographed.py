"""What a picture's camera had noted helps the report: where it stood, and when, where the citizen has not said so."""

from __future__ import annotations

from dataclasses import replace

from integrations.services.locating import WEAK, Locating
from integrations.services.utterances import Heard, Utterance
from kb.report import Draft
from kb.times import Precision, When
from kb.working_time import CITY_TIME


def with_noted(heard: Heard, said: Utterance, locating: Locating) -> Heard:
    """The report with the place and the time of its pictures. Both are less than words: they fill what is empty.

    A place outside the city is left out without a word: who photographs at home and writes on the way is no fool. The
    time is told as about that hour: it had begun when the picture was taken.
    """
    draft = heard.draft
    if said.taken_at and draft.description and draft.since is None:
        at = said.taken_at.astimezone(CITY_TIME)
        heard = replace(heard, draft=replace(draft, since=When("", at, Precision.HOUR, about=True)))
    if said.photo_pin is None or not _nowhere(heard.draft):
        return heard
    pinned, _ = locating.pinned(heard.draft, said.photo_pin)
    if pinned.place_options or pinned.place is None or pinned.place.lat is None:
        return heard
    sure = min(pinned.place.confidence, said.photo_pin.confidence)
    draft = replace(pinned, place=replace(pinned.place, confidence=sure))
    told = {**heard.gaps, "place": pinned.place.full}
    return replace(heard, draft=draft, remarks=(*heard.remarks, "attached.photo_place"), gaps=told)


def _nowhere(draft: Draft) -> bool:
    """Whether nothing was said of the place that somebody would find."""
    said = draft.place
    weak = said is None or (said.lat is None and said.confidence < WEAK and not said.district)
    return weak and not (draft.place_options or draft.place_hint or draft.elsewhere)
