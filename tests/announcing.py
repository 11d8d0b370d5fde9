"""Known issues of the day for a running system."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import yaml

from kb.deadlines import CITY_TIME
from tests.system import RunningSystem


def announce(system: RunningSystem, issue: dict[str, Any]) -> None:
    """Take in a known issue that is in force today, as an operator would, while the system runs."""
    today = datetime.now(CITY_TIME).date()
    days = {"starts": str(today), "ends": str(today + timedelta(days=2))}
    file = system.folder / f"{issue['id']}.yml"
    file.write_text(yaml.safe_dump([{**issue, **days}], allow_unicode=True), encoding="utf-8")
    system.jiesu("issues", "import", str(file))
