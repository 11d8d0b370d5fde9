"""What citizens say, by category: the sentences the classifier learns from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from kb.content_files import CONTENT, ContentError, read_mapping, shown
from kb.taxonomy import Taxonomy
from kb.text import folded

FOLDER = CONTENT / "examples"
_MODEL_CODE = Path(__file__).with_name("classifier.py")


def read_examples(taxonomy: Taxonomy, folder: Path = FOLDER) -> list[tuple[str, str]]:
    """(text, leaf code) of every example. Raises ContentError for an unknown code or an empty or doubled text."""
    found: dict[str, tuple[str, str]] = {}
    for path in sorted(folder.glob("*.yml")):
        raw = read_mapping(path)
        for code, texts in raw.items():
            if code not in taxonomy.leaves:
                raise ContentError(f"{shown(path)}:{raw.line}: no category {code!r}")
            if not isinstance(texts, list):
                raise ContentError(f"{shown(path)}:{raw.line}: {code}: expected a list of sentences, found {texts!r}")
            for text in texts:
                key = folded(str(text))
                if not key:
                    raise ContentError(f"{shown(path)}:{raw.line}: an empty example under {code}")
                if key in found:
                    raise ContentError(f"{shown(path)}:{raw.line}: {text!r} stands under {found[key][1]} and {code}")
                found[key] = (str(text), code)
    return list(found.values())


def samples(taxonomy: Taxonomy, folder: Path = FOLDER) -> Iterator[tuple[str, str]]:
    """What the model learns from: the examples, and each category's own words."""
    yield from read_examples(taxonomy, folder)
    for leaf in taxonomy:
        entry = leaf.entry
        yield from ((text, leaf.code) for text in (entry.name, entry.plain, entry.definition, *entry.includes))
        yield " ".join(entry.keywords), leaf.code


def fingerprint(rows: Iterable[tuple[str, str]]) -> str:
    """Twelve characters that change when the content or the classifier's code changes."""
    digest = hashlib.sha256(_MODEL_CODE.read_bytes())
    for text, code in rows:
        digest.update(f"{code}\t{text}\n".encode())
    return digest.hexdigest()[:12]
