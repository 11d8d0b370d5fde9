"""Which model of categories is in use: the one that ships, or one of those learned from the city's own tickets.

Learned models are copied into `categories-kept/<number>/`; `categories-in-use.jsonl` is the history. How both change
together is in `kb/kept_versions.py`.
"""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

from kb.kept_versions import SHIPPED, KeptVersions, Line, NoWayBack
from kb.learned import Learned, ModelError, read_about
from kb.vectors import Embedder

__all__ = ["SHIPPED", "KeptModels", "NoWayBack", "Use"]


class Use(Line):
    """One line of the history, with what was measured of a learned model. `number` 0 is the model that ships."""

    fitted: datetime | None = None
    rows: int | None = None
    unit_accuracy: float | None = None


class KeptModels(KeptVersions[Use]):
    """The learned models of one installation. `folder` is where it keeps its models."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            folder,
            name="categories",
            line=Use,
            what="model",
            mend="jiesu classifier use --shipped",
            error=ModelError,
        )

    def load(self, number: int, embedder: Embedder | None) -> Learned:
        """A learned model. Raises ModelError."""
        return Learned.load(self.path(number), embedder)

    def use(self, folder: Path, *, at: datetime, command: str) -> Use:
        """Copy a model folder in and put it to use. The caller has checked that it may be. Raises ModelError."""

        def line(number: int, before: int) -> Use:
            about = read_about(self.path(number))
            return Use(
                number=number,
                at=at,
                command=command,
                before=before,
                fitted=about.made,
                rows=about.rows,
                unit_accuracy=about.figures.unit_accuracy,
            )

        return self.add(folder, lambda part: shutil.copytree(folder, part), line)

    def use_shipped(self, *, at: datetime, command: str) -> Use:
        """Put the model that ships to use. A damaged history is put aside."""
        return self.put_shipped(lambda before: Use(number=SHIPPED, at=at, command=command, before=before))
