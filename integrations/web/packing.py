"""How the page's own files go over the line: style sheets joined with what they import, comments and blanks left out.

What others wrote, known by the licence beside it, stays as they wrote it.
"""

from __future__ import annotations

import re
from pathlib import Path

import rcssmin
import rjsmin

LICENCE = "LICENSE.txt"
_IMPORT = re.compile(r'^@import "\./([\w/.-]+\.css)";$', re.MULTILINE)


def packed(path: Path) -> bytes:
    """What is sent for a file."""
    if (path.parent / LICENCE).exists():
        return path.read_bytes()
    if path.suffix == ".css":
        return str(rcssmin.cssmin(joined(path))).encode()
    if path.suffix == ".js":
        return str(rjsmin.jsmin(path.read_text(encoding="utf-8"))).encode()
    return path.read_bytes()


def joined(path: Path) -> str:
    """A style sheet with those that it imports in their place: one answer instead of many."""
    return _IMPORT.sub(lambda found: joined(path.parent / found[1]), path.read_text(encoding="utf-8"))
