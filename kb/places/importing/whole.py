"""Checking a version as a whole, by loading it as the running system would."""

from __future__ import annotations

from pathlib import Path

from kb.content_files import ContentError, shown
from kb.places import atlas
from kb.places.atlas import Atlas


def check(folder: Path) -> Atlas:
    """Load a folder that is only being made. Raises ContentError naming file and line, without the folder."""
    try:
        return atlas.load(folder)
    except ContentError as wrong:
        raise ContentError(f"taken together with what is there: {without_folder(str(wrong), folder)}") from wrong


def without_folder(message: str, folder: Path) -> str:
    """The message with the files' names alone."""
    return message.replace(f"{shown(folder)}/", "").replace(f"{folder}/", "")
