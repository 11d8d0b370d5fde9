"""What is worth asking about a problem of one kind and no other: the room's temperature, the hours of a noise.

The questions are content (`content/questions`), inherited from industry to leaf. `library` chooses the next one,
`reading` turns words into an answer; whoever does not know is not asked again.
"""

from kb.questions.library import Library, load, shipped
from kb.questions.question import UNKNOWN, Kind, Question
from kb.questions.reading import Answer, read, tapped

__all__ = ["UNKNOWN", "Answer", "Kind", "Library", "Question", "load", "read", "shipped", "tapped"]
