"""The names in a text: known ones, ones that only have the shape of a name, and known ones spelled wrongly.

`Finder.elements` gives them in order, without overlaps. Each may be followed by what leads a worker further (house
number, building, gate, direction): that is its tail.
"""

from __future__ import annotations

from kb.places.beginnings import Beginnings
from kb.places.element import Element, Found
from kb.places.endings import Endings
from kb.places.everyday import EverydayWords
from kb.places.gazetteer import Gazetteer
from kb.places.highways import add_highways
from kb.places.known_names import KnownNames
from kb.places.meanings import Meanings
from kb.places.positions import Positions
from kb.places.shaped_names import ShapedNames
from kb.places.slips import Slips
from kb.places.sounds import Sounds
from kb.places.tokens import PlaceTokenizer
from kb.places.vocabulary import Vocabulary


class Finder:
    """Finds the names in a text."""

    def __init__(self, gazetteer: Gazetteer, vocabulary: Vocabulary) -> None:
        self._tokenizer, meanings = PlaceTokenizer(gazetteer), Meanings(gazetteer)
        endings, everyday = Endings(vocabulary), EverydayWords(vocabulary)
        self._known = KnownNames(meanings, endings, everyday, vocabulary)
        self.sounds = Sounds(gazetteer)
        self._slips = Slips(meanings, self.sounds, everyday)
        self._shaped = ShapedNames(meanings, endings, Beginnings(everyday, vocabulary), self._slips, self._tokenizer)
        self._positions = Positions(meanings, endings, everyday, vocabulary)

    def elements(self, text: str) -> list[Element]:
        """Every name in the text, in order. What is surer comes first: it keeps its characters."""
        found = Found(text, self._tokenizer.tokens(text))
        self._slips.add_districts_to(found)
        self._known.add_to(found)
        add_highways(found)
        self._positions.absorb(found)
        self._shaped.add_to(found)
        self._slips.add_to(found)
        self._positions.absorb(found)
        self._positions.add_to(found)
        return found.in_order()
