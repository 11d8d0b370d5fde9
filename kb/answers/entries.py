"""The entries of `content/answers/*.yml`: a question, other ways to ask it, the answer, and where it comes from."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from kb.content_files import CONTENT, ContentError, as_model, read_yaml, shown
from kb.taxonomy import Taxonomy
from kb.text import folded

FOLDER = CONTENT / "answers"
# Stands beside the entries and is no list of them; see `kb.answers.weights`.
WEIGHTS = "weights.yml"
LONGEST = 110


def _without_marks(text: str) -> str:
    return "".join(c for c in folded(text) if c.isalnum())


def _says_something(text: str) -> str:
    if not _without_marks(text):
        raise ValueError("nothing is said")
    return text.strip()


def _listed(value: Any) -> Any:
    # A text would be taken for the list of its characters.
    if isinstance(value, str):
        raise ValueError("write a list of questions")
    return value


Text = Annotated[str, AfterValidator(_says_something)]
Month = Annotated[str, Field(pattern=r"^(19|20)\d{2}-(0[1-9]|1[0-2])$")]


class Answer(BaseModel):
    """One entry. `date` is the month of the source, `checked` the month in which somebody last compared the two.

    `confirm`: the responsible unit (`owner`) has not yet said that it is so. `category`: code of level 1, or empty.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    question: Text
    ways: Annotated[tuple[Text, ...], BeforeValidator(_listed), Field(min_length=3)]
    answer: Annotated[Text, Field(max_length=LONGEST)]
    source: Text
    date: Month
    owner: Text
    confirm: bool
    category: str
    checked: Month | None = None

    @property
    def phrases(self) -> tuple[str, ...]:
        """The question, then the other ways to ask it."""
        return (self.question, *self.ways)

    @property
    def fresh_in(self) -> str:
        """The later of the months in which it was surely right: 'YYYY-MM'."""
        return max(self.date, self.checked or self.date)


def load(taxonomy: Taxonomy, folder: Path = FOLDER) -> tuple[Answer, ...]:
    """Every entry. Raises ContentError naming file, line, key and value; also for what is asked or named twice."""
    entries: list[Answer] = []
    ids: dict[str, str] = {}
    asked: dict[str, str] = {}
    for path in sorted(folder.glob("*.yml")):
        if path.name == WEIGHTS:
            continue
        raw = read_yaml(path)
        if not isinstance(raw, list):
            raise ContentError(f"{shown(path)}:1: expected a list of answers, found {str(raw)[:60]!r}")
        for value in raw:
            entry = as_model(Answer, value, path)
            at = f"{shown(path)}:{value.line}"
            _check_category(entry, taxonomy, at)
            if entry.id in ids:
                raise ContentError(f"{at}: id: {entry.id!r} stands in {ids[entry.id]} already; each has one of its own")
            ids[entry.id] = at
            _check_asked_once(entry, asked, at)
            entries.append(entry)
    if not entries:
        raise ContentError(f"{shown(folder)}:1: no answers here; at least one is needed")
    return tuple(entries)


def texts(entries: Iterable[Answer]) -> list[str]:
    """Every question and way, in order."""
    return [phrase for entry in entries for phrase in entry.phrases]


def _check_category(entry: Answer, taxonomy: Taxonomy, at: str) -> None:
    level1 = {code for code in taxonomy.names if len(code) == 2}
    if entry.category and entry.category not in level1:
        raise ContentError(
            f"{at}: category: no category {entry.category!r} of level 1; two digits (21), or '' for none, would do"
        )


def _check_asked_once(entry: Answer, asked: dict[str, str], at: str) -> None:
    for phrase in entry.phrases:
        key = _without_marks(phrase)
        if key in asked:
            other = "this entry" if asked[key] == entry.id else f"the entry {asked[key]}"
            raise ContentError(f"{at}: ways: {phrase!r} is asked in {other} already; leave it in one of them")
        asked[key] = entry.id
