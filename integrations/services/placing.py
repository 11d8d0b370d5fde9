"""Answers to the question where it is: a place in any words, none at all, or more of what is wrong instead."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from integrations.services.describing import Describing
from integrations.services.locating import Locating
from integrations.services.utterances import Heard, Stance, Utterance
from kb.corrections import Corrections
from kb.report import Ask, Draft

# Whoever said so little that it may be anything, and then so much without a place, goes on telling what it is.
LITTLE_SAID, MUCH_SAID = 8, 10
# What speaks of a place, though no list knows it: a number, a clause that ends as places do.
_A_PLACE = re.compile(r"\d|[里边旁口处上下前后内外角面头侧店路街道巷区楼院场站校桥摊](?:[，,。；;！!\s]|$)")
# What speaks of something that happens.
_HAPPENS = re.compile(r"[得把被让都]|天天|一直|不停|整天|半夜|了$")


@dataclass(frozen=True, kw_only=True)
class Placing:
    """The part of the intake that hears where it is."""

    locating: Locating
    describing: Describing
    corrections: Corrections

    def answered(self, draft: Draft, said: Utterance) -> Heard:
        """The draft after an answer to the question."""
        if self._tells_more(draft, said):
            told = self.describing.told(replace(draft, editing=None), said.text, said.words)
            return Heard(told, remarks=("report.noted",))
        draft = self.describing.with_contact(replace(draft, editing=None), said.text)
        if said.stance in (Stance.UNSURE, Stance.NO) and not draft.place_options:
            return Heard(self.without(draft))
        if said.stance in (Stance.NO, Stance.UNSURE):
            return Heard(self.locating.chosen(draft, "none") or draft)
        if said.stance is Stance.YES and draft.place_options:
            return Heard(self.locating.chosen(draft, "0") or draft)
        # 不是那条同安路，是市北的: what it is not is no place
        right = [one.right for one in self.corrections.read(said.text).items if one.right]
        placed = self.locating.answered(draft, right[-1] if right else said.text)
        return Heard(self.describing.with_time(placed, said.text))

    def without(self, draft: Draft) -> Draft:
        """Whoever cannot say where it is, is not asked again; a person will find out."""
        return replace(draft, editing=None, place_options=(), elsewhere=None).counted(Ask.PLACE).counted(Ask.PLACE)

    def _tells_more(self, draft: Draft, said: Utterance) -> bool:
        """晚上太吵了。 (在哪儿？) 是工地半夜打桩，震得床都晃: no place, and more than was told before."""
        first = draft.asked.get(Ask.PLACE, 0) <= 1 and not draft.place_options and not draft.editing
        if not first or said.stance is not Stance.OTHER:
            return False
        much = len(draft.description) <= LITTLE_SAID and len(said.text) >= MUCH_SAID
        tells = _HAPPENS.search(said.text) and not _A_PLACE.search(said.text)
        return bool(much and tells) and not self.locating.names_a_place(said.text)
