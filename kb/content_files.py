"""Reading content that people edit, so that every complaint about it names the file and the line."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

CONTENT = Path(__file__).parent / "content"
Model = TypeVar("Model", bound=BaseModel)


class ContentError(ValueError):
    """Content that cannot be used. The message begins with 'file:line:' and names key and value."""


class Mapped(dict[str, Any]):
    """A YAML mapping that remembers on which line it begins."""

    line: int = 0


# libyaml's loader is about eight times as fast; it is the same SafeLoader otherwise.
_Safe: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Safe):  # type: ignore[misc]
    """SafeLoader whose mappings know their line and refuse a key given twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> Mapped:
        seen: dict[str, int] = {}
        for key_node, _ in node.value:
            key = str(key_node.value)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key!r} stands here again (first on line {seen[key]})", key_node.start_mark
                )
            seen[key] = key_node.start_mark.line + 1
        made = Mapped(super().construct_mapping(node, deep=True))
        made.line = node.start_mark.line + 1
        return made


_Loader.add_constructor(
    yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG,
    lambda loader, node: loader.construct_mapping(node),
)
# Dates stay the text that was written; a model says what it wants of them.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def shown(path: Path) -> str:
    """The path as a reader of the repository would write it."""
    root = CONTENT.parent.parent
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def read_yaml(path: Path) -> Any:
    """The file's value. Mappings are `Mapped`. Raises ContentError with file and line."""
    try:
        with path.open(encoding="utf-8") as stream:
            text = stream.read()
    except FileNotFoundError as missing:
        raise ContentError(f"{shown(path)}:1: the file does not exist") from missing
    except UnicodeDecodeError as wrong:
        raise ContentError(f"{shown(path)}:1: not UTF-8 text (byte {wrong.start})") from wrong
    return parse_yaml(text, path)


def parse_yaml(text: str, path: Path) -> Any:
    """The value of a YAML text; `path` is what problems call it. As `read_yaml` otherwise."""
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as wrong:
        line = wrong.problem_mark.line + 1 if wrong.problem_mark else 1
        raise ContentError(f"{shown(path)}:{line}: {wrong.problem}") from wrong
    except yaml.YAMLError as wrong:
        raise ContentError(f"{shown(path)}:1: cannot be read ({wrong})") from wrong


def read_mapping(path: Path) -> Mapped:
    """The file's value, which must be keys and values. Raises ContentError with file and line."""
    value = read_yaml(path)
    if not isinstance(value, Mapped):
        found = "nothing" if value is None else f"{value!r}"[:60]
        raise ContentError(f"{shown(path)}:1: expected keys and values, found {found}")
    return value


def as_model(model: type[Model], value: Any, path: Path, *, line: int | None = None, **extra: Any) -> Model:
    """`value` as `model`; what does not fit raises ContentError naming file, line, key and value."""
    at = line or getattr(value, "line", 1)
    if not isinstance(value, Mapping):
        raise ContentError(f"{shown(path)}:{at}: expected keys and values, found {value!r}")
    try:
        return model.model_validate({**value, **extra})
    except ValidationError as wrong:
        first = wrong.errors()[0]
        spot = line_of(value, first["loc"]) or at
        key = ".".join(str(part) for part in first["loc"]) or "(entry)"
        given = "missing" if first["type"] == "missing" else repr(first["input"])[:80]
        raise ContentError(f"{shown(path)}:{spot}: {key}: {first['msg']} ({given})") from wrong


def line_of(value: Any, loc: tuple[Any, ...]) -> int | None:
    """The line of the innermost mapping on the way to `loc` (keys and positions); None where no line is known."""
    line = getattr(value, "line", None)
    for part in loc:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            break
        line = getattr(value, "line", line)
    return line


def read_csv(
    path: Path, columns: tuple[str, ...], optional: tuple[str, ...] = ()
) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, row) of a CSV file with exactly these columns, or these and the optional ones at the end.

    Blank lines are passed over. Raises ContentError naming file and line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            if tuple(reader.fieldnames or ()) not in (columns, columns + optional):
                found = ",".join(reader.fieldnames or ())
                raise ContentError(f"{shown(path)}:1: expected the columns {','.join(columns)}, found {found}")
            for row in reader:
                if None in row or None in row.values():
                    wanted = len(reader.fieldnames or ())
                    raise ContentError(f"{shown(path)}:{reader.line_num}: expected {wanted} columns")
                yield reader.line_num, {key: value.strip() for key, value in row.items()}
    except FileNotFoundError as missing:
        raise ContentError(f"{shown(path)}:1: the file does not exist") from missing
    except UnicodeDecodeError as wrong:
        raise ContentError(f"{shown(path)}:1: not UTF-8 text (byte {wrong.start})") from wrong
