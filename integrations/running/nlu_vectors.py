"""Vectors of the sentences from which intents are learned: those that ship, and those that are made here.

Rasa learns in an environment that has no embedder, so whoever starts its training makes the vectors first. An
installation with another embedder, or with sentences of its own, keeps its vectors beside its models.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from integrations.settings import ROOT
from kb.content_files import read_mapping
from kb.vectors import Embedder, Library, key

FOLDER = ROOT / "data/nlu"
SHIPPED = FOLDER / "vectors.npz"
Progress = Callable[[int, int], None]


def _silently(_done: int, _all: int) -> None:
    """Nobody watches."""


def sentences(folder: Path = FOLDER) -> list[str]:
    """Every training sentence once, in the order of the files. Raises ContentError."""
    said: dict[str, None] = {}
    for path in sorted(folder.glob("*.yml")):
        for one in read_mapping(path)["nlu"]:
            said |= dict.fromkeys(line.removeprefix("- ").strip() for line in one["examples"].splitlines())
    said.pop("", None)
    return list(said)


def ship(embedder: Embedder, *, anew: bool = False, progress: Progress = _silently) -> tuple[int, int]:
    """Write the file that ships; says how many sentences there are and how many were new. Raises Unavailable.

    Their space stays as it is unless `anew`.
    """
    library = None if anew else _of(embedder, SHIPPED)
    return _written(library, embedder, SHIPPED, progress)


def kept(folder: Path, embedder: Embedder | None, *, progress: Progress = _silently) -> Path | None:
    """The file with a vector for every sentence, made in `folder`; None where what ships is enough. Raises Unavailable.

    Without an embedder nothing can be made, and None is all there is.
    """
    if embedder is None:
        return None
    path = folder / f"nlu-vectors-{embedder.name}.npz"
    for one in (SHIPPED, path):
        library = _of(embedder, one)
        if library is not None and all(key(text) in library for text in sentences()):
            return None if one == SHIPPED else one
    shipped, made = _of(embedder, SHIPPED), _of(embedder, path)
    _written(shipped.joined(made) if shipped and made else shipped or made, embedder, path, progress)
    return path


def _of(embedder: Embedder, path: Path) -> Library | None:
    """What the file keeps, None where there is none or another embedder made it."""
    library = Library.load(path) if path.exists() else None
    return library if library is not None and library.space.embedder == embedder.name else None


def _written(library: Library | None, embedder: Embedder, path: Path, progress: Progress) -> tuple[int, int]:
    texts = sentences()
    if library is None:
        library, new = Library.make(embedder, texts, progress=progress), len(texts)
    else:
        new = len({key(text) for text in texts if key(text) not in library})
        library.vectors(texts, embedder, progress=progress)
    library.only(texts).save(path)
    return len(texts), new
