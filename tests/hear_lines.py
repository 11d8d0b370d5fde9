"""A trained Rasa model alone, without a server: reads messages as JSON Lines, prints what it hears.

To be run by Rasa's own Python, from `tests/evaluate_intents.py`: `hear_lines.py MODEL`. A line is
`{"text": …, "asked": the open slot or ""}`; the answer has `intent`, `confidence`, `ranking` and `ms`. The first line
printed says what loading took.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bot"))


async def main(model: str) -> None:
    """Hear every line of standard input."""
    began = time.perf_counter()
    from components import repairs
    from rasa.core.agent import Agent
    from rasa.core.channels.channel import UserMessage
    from rasa.shared.core.events import ActiveLoop, SlotSet
    from rasa.shared.core.trackers import DialogueStateTracker

    repairs.install()
    processor = Agent.load(model).processor
    assert processor is not None, "no model"

    async def hear(text: str, asked: str) -> dict[str, object]:
        tracker = DialogueStateTracker.from_events("nobody", [], processor.domain.slots)
        if asked:
            form = {"progress": "progress_form", "rating": "feedback_form"}.get(asked.partition("_")[0], "report_form")
            tracker.update(ActiveLoop(form))
            tracker.update(SlotSet("requested_slot", asked))
        before = time.process_time()
        parsed = await processor.parse_message(UserMessage(text, sender_id="nobody"), tracker)
        spent = (time.process_time() - before) * 1000
        return {
            "intent": parsed["intent"]["name"],
            "confidence": parsed["intent"]["confidence"],
            "ranking": [[one["name"], round(one["confidence"], 4)] for one in parsed.get("intent_ranking") or ()][:10],
            "ms": spent,
        }

    await hear("先听一遍，后面才好计时", "")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    loaded = {"seconds": time.perf_counter() - began, "mb": memory, "model_mb": Path(model).stat().st_size / 2**20}
    print(json.dumps(loaded), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(await hear(asked["text"], asked["asked"]), ensure_ascii=False), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
