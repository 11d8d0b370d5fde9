"""Which list of places is in use: the one that ships, or one of those that the city brought.

A version is a whole folder, `places-kept/<number>/`, with the tables, the boundaries and the layers; version 0 is
`content/places`. How version and history change together is in `kb/kept_versions.py`.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from kb.content_files import ContentError
from kb.kept_versions import SHIPPED, KeptVersions, Line
from kb.places.gazetteer import FOLDER
from kb.places.importing import versions
from kb.places.importing.versions import Version


class PlacesError(ContentError):
    """The city's own places cannot be read or written; the message begins with the file."""


class Use(Line):
    """One line of the history, with what is in that version. `number` 0 is the list that ships.

    `files` are the names of the files that were imported, `sha256` what they held.
    """

    files: str = ""
    sha256: str = ""
    divisions: int | None = None
    places: int | None = None
    boundaries: int | None = None
    layers: int | None = None


class KeptPlaces(KeptVersions[Use]):
    """The city's places of one installation. `folder` is where it keeps them, `shipped` the folder of version 0."""

    def __init__(self, folder: Path, shipped: Path = FOLDER) -> None:
        super().__init__(
            folder,
            name="places",
            line=Use,
            what="list of places",
            mend="jiesu places use --shipped",
            error=PlacesError,
        )
        self._shipped = shipped

    def path(self, number: int) -> Path:
        """The folder of a version, also of the one that ships."""
        return super().path(number) if number != SHIPPED else self._shipped

    def use(self, version: Version, *, at: datetime, command: str, files: str, sha256: str, lines: int) -> Use:
        """Keep the version and put it to use. The caller has checked it.

        `lines` is how many lines the history had when the version was made: ChangedMeanwhile is raised where it has
        grown since. Raises PlacesError; nothing has changed then.
        """

        def line(number: int, before: int) -> Use:
            folder = self.path(number) / versions.LAYERS
            return Use(
                number=number,
                at=at,
                command=command,
                before=before,
                files=files,
                sha256=sha256,
                divisions=len(version.divisions),
                places=len(version.places),
                boundaries=len(version.areas),
                layers=len({path.stem for path in folder.glob("*")}),
            )

        return self.add(self.path(1).parent, lambda part: versions.write(version, part), line, lines=lines)

    def use_shipped(self, *, at: datetime, command: str) -> Use:
        """Put the list that ships to use. A damaged history is put aside."""
        return self.put_shipped(lambda before: Use(number=SHIPPED, at=at, command=command, before=before))
