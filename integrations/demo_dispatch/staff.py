"""Who works here, read once from ``staff.json``. There is no login: a clerk says who acts."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STAFF_FILE = Path(__file__).with_name("staff.json")


@dataclass(frozen=True, slots=True)
class Staff:
    """``clerks`` sign steps, the first one where nobody said otherwise; ``teams`` are proposed to them."""

    clerks: tuple[str, ...]
    teams: tuple[str, ...]


def load_staff(path: Path = STAFF_FILE) -> Staff:
    """Raises ValueError, KeyError or OSError for a file that isn't as ``staff.json`` is."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    staff = Staff(clerks=tuple(content["clerks"]), teams=tuple(content["teams"]))
    if len(set(staff.clerks)) < 2:
        raise ValueError(f"{path.name}: a re-check needs a second clerk")
    return staff
