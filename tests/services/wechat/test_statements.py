"""What a push costs the database: fifty come in a second, and each statement is felt there."""

from __future__ import annotations

from sqlalchemy import event

from integrations.bootstrap import Services
from tests.services.wechat.citizen import said
from tests.services.wechat.conftest import Ask

# Whoever needs more of them says here why; see docs/bench.md, "Pushes of WeChat".
MOST = 26


def test_a_push_that_is_answered_at_once_needs_few_statements(services: Services, ask: Ask) -> None:
    ask(said("合肥路的路灯坏了。"))  # a citizen's first push makes their conversation
    statements: list[str] = []

    @event.listens_for(services.replacements["engine"], "before_cursor_execute")
    def _count(*given: object) -> None:
        statements.append(str(given[2]))

    ask(said("三天了没人管。"))
    assert len(statements) <= MOST, "\n".join(statements)
