"""How many stories a test draws by chance: a few while one waits for them, all where time is taken for it."""

from __future__ import annotations

import os

WHOLE = os.environ.get("JIESU_TEST_WHOLE") == "1"
FEWEST = 5


def often(stories: int) -> int:
    """All of them with JIESU_TEST_WHOLE=1, a quarter otherwise."""
    return stories if WHOLE else max(FEWEST, stories // 4)
