"""A model learned from a city's own tickets, as a folder: the fitted model, what is known about it, its figures.

No text of a ticket is in it. What remains of them are the words and letters that occur in several texts, sentence
vectors where the model needs them, and a salted fingerprint of each text, by which a later model can be compared on
rows that this one has not seen.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import secrets
import shutil
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from kb.content_files import ContentError
from kb.measures import Figures, Judged
from kb.referrals import PREFIX, Duty
from kb.taxonomy import UNLISTED, Taxonomy
from kb.text import folded
from kb.tickets import Kind, learnable
from kb.training import Judge, as_judged, units_of
from kb.vectors import Array, Embedder, Space, Unavailable, beginning

if TYPE_CHECKING:
    from kb.classifier import Classifier

FORMAT = 1
ABOUT, MODEL, SPACE, SEEN, HELD_OUT = "about.json", "classifier.joblib", "space.npz", "seen.npy", "held-out.json"
# What reading a damaged model, or one of another version's libraries, may raise.
_UNREADABLE = (
    *(ValueError, TypeError, AttributeError, LookupError, ImportError, OSError, EOFError, MemoryError),
    *(pickle.UnpicklingError, zlib.error, RecursionError),
)


class ModelError(ContentError):
    """A model folder that cannot be used; the message begins with the folder and says why."""


class _Kept(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Kept):
    """A file that was learned from."""

    name: str
    sha256: str


class Comparison(_Kept):
    """The new model (on held-out folds) and the one in use on the same rows.

    `model` is the number of the one in use, 0 for the one that ships; `seen` rows were left out because it had
    learned from them.
    """

    model: int
    seen: int
    here: Figures
    there: Figures

    @property
    def unit_difference(self) -> float:
        """By how much more rows go to the right unit than with the model in use; 0.01 is one point."""
        return (self.here.unit_accuracy or 0.0) - (self.there.unit_accuracy or 0.0)


class About(_Kept):
    """`about.json`. `classes` are those of the model, `labels` the rows of each label among the tickets."""

    format: Literal[1]
    made: datetime
    kind: Kind
    source: Source
    map: Source | None
    rows: int
    labels: dict[str, int]
    notes: tuple[str, ...]
    classes: tuple[str, ...]
    embedder: str | None
    content: str
    folds: int
    figures: Figures
    compared: Comparison | None
    salt: str
    files: dict[str, str]


@dataclass(frozen=True)
class Learned:
    """A model folder, read. Safe to use from several threads."""

    folder: Path
    about: About
    model: Classifier
    space: Space | None
    embedder: Embedder | None = None

    @classmethod
    def load(cls, folder: Path, embedder: Embedder | None = None) -> Learned:
        """Read a folder that `write` made here; only load folders of this installation, as they hold code.

        Without an embedder, or with another than it learned with, the words decide alone. Raises ModelError.
        """
        from kb.classifier import Classifier

        about = read_about(folder)
        for name, digest in about.files.items():
            _check(folder / name, digest)
        try:
            model = Classifier.load(folder / MODEL)
            space = _read_space(folder / SPACE) if about.embedder else None
        except _UNREADABLE as wrong:
            why = f"{type(wrong).__name__}: the model is of another version; fit it again"
            raise ModelError(f"{folder}: {why}") from wrong
        if tuple(model.classes) != about.classes:
            raise ModelError(f"{folder}: the model has other classes than {ABOUT} says")
        same = embedder is not None and embedder.name == about.embedder
        return cls(folder, about, model, space, embedder if same else None)

    @property
    def kind(self) -> Kind:
        """Whether its labels are our codes or the city's own."""
        return self.about.kind

    def label(self, text: str, vector: Array | None = None) -> tuple[str, float]:
        """The most probable label and its probability; duties of other authorities carry their prefix.

        A model of our codes is asked about the part that decides, as in a conversation. `vector` is the raw vector of
        what it is asked about, from the embedder it was loaded with, where it is known already.
        """
        chances = self.chances(text, vector)
        best = int(np.argmax(chances))
        return self.model.classes[best], float(chances[best])

    def chances(self, text: str, vector: Array | None = None) -> Array:
        """The probability of every class, in the order of `about.classes`; `vector` as in `label`."""
        bare = learnable(text)
        if self.kind is Kind.CODES:
            bare = as_judged(bare)
        if vector is None and self.embedder is not None:
            try:
                vector = self.embedder.embed([beginning(bare)])[0]
            except Unavailable:
                vector = None
        place = self.space.project(vector[None, :])[0] if vector is not None and self.space else None
        chances: Array = self.model.chances(bare, place)
        return chances

    def judge(self, taxonomy: Taxonomy, duties: Mapping[str, Duty]) -> Judge:
        """It as the judge of categories. Raises ModelError when its labels are own ones or do not fit the content."""
        if why := unfit(self.about, taxonomy, duties):
            raise ModelError(f"{self.folder}: {why}")
        return Judge(self.model, units_of(taxonomy), self.embedder, self.space)

    def has_seen(self, text: str) -> bool:
        """Whether it learned from this very text."""
        return _fingerprint(text, bytes.fromhex(self.about.salt)) in self._seen

    @cached_property
    def _seen(self) -> frozenset[int]:
        return frozenset(np.load(self.folder / SEEN, allow_pickle=False).tolist())


def unfit(about: About, taxonomy: Taxonomy, duties: Mapping[str, Duty]) -> str | None:
    """Why a model cannot decide categories of this content, or None when it can."""
    if about.kind is Kind.OWN:
        return (
            "it knows the city's own labels only, so it cannot decide categories: "
            "`jiesu classifier fit --map MAP.csv`, with the columns label,code, learns our codes from the same tickets"
        )
    wanted = {leaf.code for leaf in taxonomy if leaf.code != UNLISTED} | {PREFIX + key for key in duties}
    gone, new = sorted({*about.classes} - wanted), sorted(wanted - {*about.classes})
    said = [
        f"{what} {', '.join(codes[:5])}" for what, codes in (("it knows", gone), ("it does not know", new)) if codes
    ]
    if not said:
        return None
    return f"the categories have changed since it was fitted ({'; '.join(said)}): fit it again with the same tickets"


def read_about(folder: Path) -> About:
    """What is known about a model folder. Raises ModelError when it is none."""
    try:
        return About.model_validate_json((folder / ABOUT).read_bytes())
    except OSError as away:
        raise ModelError(f"{folder}: not a model folder (no {ABOUT} to read)") from away
    except ValidationError as wrong:
        first = wrong.errors()[0]
        key = ".".join(map(str, first["loc"])) or ABOUT
        raise ModelError(f"{folder}: {ABOUT} is damaged or of another version ({key}: {first['msg']})") from wrong


def read_held_out(folder: Path) -> list[Judged]:
    """How the held-out rows were judged when the model was checked. Raises ModelError."""
    try:
        return [Judged(*row) for row in json.loads((folder / HELD_OUT).read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError) as wrong:
        raise ModelError(f"{folder}: {HELD_OUT} cannot be read") from wrong


def dump_held_out(judged: Iterable[Judged]) -> str:
    """Judged rows as they are kept: sorted, so that nothing of the file's order remains."""
    return json.dumps(sorted(astuple(row) for row in judged), ensure_ascii=False)


def may_write(folder: Path, *, force: bool) -> None:
    """Raise ModelError when `write` would refuse, before hours of work."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        if not (folder / ABOUT).is_file():
            raise ModelError(f"{folder}: exists and is not a model folder; name another one")
        read_about(folder)
        if not force:
            raise ModelError(f"{folder}: holds a model already; `--force` replaces it")
    parent = next(one for one in folder.absolute().parents if one.exists())
    if not os.access(parent, os.W_OK | os.X_OK) or not parent.is_dir():
        raise ModelError(f"{folder}: cannot be written")


def write(
    folder: Path,
    about: About,
    model: Classifier,
    space: Space | None,
    judged: Sequence[Judged],
    texts: Sequence[str],
    *,
    force: bool = False,
) -> About:
    """Write the folder whole or not at all; `about` gets its salt and checksums here. Raises ModelError."""
    may_write(folder, force=force)
    target = folder.absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    for left in target.parent.glob(f".{target.name}.part-*"):  # of a run that was killed
        shutil.rmtree(left, ignore_errors=True)
    part = _beside(target)
    part.mkdir()
    try:
        model.save(part / MODEL)
        if space is not None:
            np.savez_compressed(
                part / SPACE, embedder=np.array(space.embedder), mean=space.mean, directions=space.directions
            )
        salt = secrets.token_bytes(16)
        np.save(part / SEEN, np.array(sorted({_fingerprint(text, salt) for text in texts}), dtype=np.uint64))
        (part / HELD_OUT).write_text(dump_held_out(judged), encoding="utf-8")
        files = {path.name: _sha256(path) for path in sorted(part.iterdir())}
        about = about.model_copy(update={"salt": salt.hex(), "files": files})
        (part / ABOUT).write_text(about.model_dump_json(indent=1), encoding="utf-8")
        _put_in_place(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return about


def _beside(target: Path) -> Path:
    return target.with_name(f".{target.name}.part-{secrets.token_hex(6)}")


def _put_in_place(part: Path, target: Path) -> None:
    if not (target / ABOUT).exists():
        part.rename(target)
        return
    old = _beside(target)
    target.rename(old)
    try:
        part.rename(target)
    except BaseException:
        old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _fingerprint(text: str, salt: bytes) -> int:
    digest = hashlib.blake2b(folded(learnable(text)).encode(), key=salt, digest_size=8).digest()
    return int.from_bytes(digest, "big")


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _check(path: Path, digest: str) -> None:
    try:
        found = _sha256(path)
    except OSError as away:
        raise ModelError(f"{path.parent}: {path.name} is missing") from away
    if found != digest:
        raise ModelError(f"{path.parent}: {path.name} is damaged (its checksum is another)")


def _read_space(path: Path) -> Space:
    with np.load(path, allow_pickle=False) as kept:
        return Space(str(kept["embedder"]), kept["mean"], kept["directions"])
