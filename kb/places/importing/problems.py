"""What is wrong with a file of the city's, collected so that a person mends it all together.

What is not of one file's form but of two statements that contradict each other is a conflict: it names both places.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kb.csv_files import MOST_PROBLEMS, FileProblems

# What is going on (a short English phrase), how many are done, how many there are.
Steps = Callable[[str, int, int], None]


def silent(_step: str, _done: int, _every: int) -> None:
    """Nobody watches."""


class Collected:
    """The problems of one file, in the order in which they were found."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.found: list[str] = []

    def add(self, where: str, what: str) -> None:
        """`where` is 'file:line' or 'file: feature 3 (name)'."""
        self.found.append(f"{where}: {what}")

    def stop(self) -> None:
        """Raise FileProblems if there are any, the first ten."""
        if self.found:
            raise FileProblems(self._path, self.found[:MOST_PROBLEMS], more=len(self.found) > MOST_PROBLEMS)
