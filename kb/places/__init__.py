"""Where it is: the city's divisions and places, and how to read them from what people write."""

from kb.places.gazetteer import Gazetteer, load
from kb.places.place import Place
from kb.places.private import without_flat
from kb.places.reading import read

__all__ = ["Gazetteer", "Place", "load", "read", "without_flat"]
