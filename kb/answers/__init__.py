"""What citizens ask, and what the city answers: entries that a clerk edits, and how the right one is found.

`entries` reads the files and needs no numeric library; `finding` has what finds an entry, `meaning` its sentence
vectors, `weights` the few numbers it goes by, `checks` what a clerk should look at.
"""

from kb.answers.entries import FOLDER, Answer, load

__all__ = ["FOLDER", "Answer", "load"]
