"""A city brings its own places: preparing a change, putting it to use, and the way back.

A change is prepared from the version in use and checked whole; until it is put to use nothing has changed, and it is
refused when somebody else changed the places in between.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from integrations.services.errors import Rejected
from kb.places import atlas
from kb.places.importing import applying, boundaries, layer_files, versions, whole
from kb.places.importing.applying import Plan
from kb.places.importing.layer_files import Written
from kb.places.importing.problems import Steps, silent
from kb.places.importing.versions import Version
from kb.places.kept import KeptPlaces, Use
from kb.places.known import Known, known
from kb.places.layers import Header


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Prepared:
    """A plan, made when the history had so many lines; `files` are the names of the files it is made of."""

    plan: Plan
    files: str
    lines: int


@dataclass(frozen=True)
class LayerDone:
    """A layer as it was written, or would be; `before` says whether it replaces one, `use` is None for a dry run."""

    about: Header
    written: Written
    before: bool
    use: Use | None


class KeepingPlaces:
    """The places of one installation."""

    def __init__(self, kept: KeptPlaces, *, clock: Callable[[], datetime] = _now) -> None:
        self.kept, self._clock = kept, clock

    def prepare(
        self, paths: Sequence[Path], *, merge: bool = False, crs: str = "WGS-84", steps: Steps = silent
    ) -> Prepared:
        """What the files would make of the places in use, checked whole. Raises ContentError naming file and line."""
        version, lines = self._in_use()
        plan = applying.apply(version, paths, merge=merge, crs=crs, steps=steps)
        if not plan.conflicts:
            with tempfile.TemporaryDirectory(prefix="jiesu-places-") as folder:
                steps("checking the whole", 0, 1)
                versions.write(plan.after, Path(folder) / "new")
                whole.check(Path(folder) / "new")
                steps("checking the whole", 1, 1)
        return Prepared(plan, ", ".join(path.name for path in paths), lines)

    def put(self, prepared: Prepared, *, command: str = "import") -> Use:
        """Put a prepared change to use. Raises Rejected for conflicts, ContentError; nothing has changed then."""
        if prepared.plan.conflicts:
            raise Rejected("the files contradict themselves or what is there; nothing was changed")
        return self._use(prepared.plan.after, command, prepared.files, prepared.plan.sha256, prepared.lines)

    def layer(
        self,
        path: Path,
        about: Mapping[str, object],
        *,
        crs: str = "WGS-84",
        dry_run: bool = False,
        steps: Steps = silent,
    ) -> LayerDone:
        """Add or replace a layer; `about` are the fields of its header. Raises ContentError naming file and line."""
        made = layer_files.header(about)
        version, lines = self._in_use()
        names = atlas.load(self.kept.path(self.kept.in_use())).gazetteer
        with tempfile.TemporaryDirectory(prefix="jiesu-places-") as folder:
            layers = _copied(version, Path(folder))
            before = any(one.stem == made.id for one in layers.iterdir())
            box = boundaries.box_of(version)
            written = layer_files.write(path, made, layers, names, crs=crs, box=box, steps=steps)
            after = replace(version, layers=layers)
            versions.write(after, Path(folder) / "new")
            whole.check(Path(folder) / "new")
            use = None if dry_run else self._use(after, f"layer {made.id}", path.name, written.sha256, lines)
        return LayerDone(made, written, before, use)

    def remove_layer(self, name: str, *, dry_run: bool = False) -> Use | None:
        """Remove a layer; None for a dry run. Raises Rejected where there is none of that id."""
        version, lines = self._in_use()
        with tempfile.TemporaryDirectory(prefix="jiesu-places-") as folder:
            layers = _copied(version, Path(folder))
            there = sorted({path.stem for path in layers.iterdir()})
            if name not in there:
                raise Rejected(f"no layer {name!r}; there is {', '.join(there) or 'none'}")
            layer_files.remove(name, layers)
            after = replace(version, layers=layers)
            return None if dry_run else self._use(after, f"layer --remove {name}", "", "", lines)

    def back(self) -> Use:
        """Return to the version before. Raises NoWayBack, or PlacesError for a damaged history."""
        target = self.kept.before()
        if target is not None:
            atlas.load(self.kept.path(target.number))
        return self.kept.back(at=self._clock(), command="back")

    def use_shipped(self) -> Use:
        """Put the places that ship to use."""
        return self.kept.use_shipped(at=self._clock(), command="use --shipped")

    def known(self, text: str, *, crs: str = "WGS-84") -> list[Known]:
        """What the places in use know of a name, a code or 'LAT,LON'. Raises ContentError where it is nothing."""
        return known(text, atlas.load(self.kept.path(self.kept.in_use())), crs)

    def _in_use(self) -> tuple[Version, int]:
        """The version in use, and how many lines the history has."""
        history = self.kept.history()
        number = history[-1].number if history else 0
        return versions.read(self.kept.path(number)), len(history)

    def _use(self, version: Version, command: str, files: str, sha256: str, lines: int) -> Use:
        return self.kept.use(version, at=self._clock(), command=command, files=files, sha256=sha256, lines=lines)


def _copied(version: Version, folder: Path) -> Path:
    """A copy of the version's layers, which may be changed."""
    layers = folder / versions.LAYERS
    if version.layers and version.layers.is_dir():
        shutil.copytree(version.layers, layers)
    layers.mkdir(exist_ok=True)
    return layers
