"""Is it heard what citizens want? On blind utterances, outside and inside a form: part of `make eval`.

`tests/blind/intents.csv` and `utterances.csv` were written by people who had not seen the training sentences. Every
message goes through Rasa's own pipeline (tests/hear_lines.py), spelled as the gateway spells it, with the open question
where one is open, and with the vectors of the embedder in use.

    python -m tests.evaluate_intents                              # the model in use
    python -m tests.evaluate_intents --others tests/nlu_pipelines # beside other pipelines: trains each, takes an hour
"""

from __future__ import annotations

import argparse
import base64
import csv
import hashlib
import json
import os
import resource
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from integrations import bootstrap, settings
from integrations.bootstrap import Services
from integrations.running.model import bot_model, train_bot
from kb.normalising import plain
from kb.vectors import beginning
from tests import understanding_tables as tables
from tests.understanding_tables import Heard, Model

HERE = Path(__file__).parent
BLIND = HERE / "blind"
# How the blind file names the open question, and what it is called in the forms.
ASKED = {
    "description": "report_description",
    "place": "report_place",
    "contact": "report_contact",
    "confirmation": "report_confirmation",
    "category": "report_category",
    "detail": "report_detail",
    "similar": "report_similar",
    "known_issue": "report_known_issue",
    "referral": "report_referral",
    "progress": "progress_number",
    "rating": "rating_satisfied",
}
COMPLAINTS = ("categories_a.csv", "categories_b.csv", "two_problems.csv", "urgent.csv", "hard_a.csv", "hard_b.csv")
console = Console(width=140)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--others", type=Path, help="a folder with other pipelines to train and compare")
    parser.add_argument("--texts", type=Path, help="instead of the tables, judge lines {id, text} of real text")
    parser.add_argument("--out", type=Path, help="where to write lines {id, request_type} of them")
    given = parser.parse_args()
    services = bootstrap.build(settings.load())
    if given.texts and given.out:
        judge(services, given.texts, given.out)
        return
    blind, complaints = list(messages()), list(told())
    with vectors(services) as (url, count):
        made = [_measured("in use", services, None, url, count, blind, complaints)]
        for config in sorted(given.others.resolve().glob("*.yml")) if given.others else ():
            made.append(_measured(config.stem, services, config, url, count, blind, complaints))
    console.print(tables.comparison(made))
    now = made[0]
    console.print(tables.by_intent(now.heard), tables.by_question(now.heard), tables.confusions(now.heard))
    console.print(
        tables.reliability(now.heard),
        tables.curve(now.heard),
        tables.asking_back(now.heard),
        tables.lost(now.complaints),
    )


def judge(services: Services, texts: Path, out: Path) -> None:
    """Write what the model in use takes each of these texts for, as the first message of somebody."""
    real = [json.loads(line) for line in texts.read_text("utf-8").splitlines()]
    said = [{"text": plain(row["text"]).text, "asked": "", "intent": ""} for row in real]
    with vectors(services) as (url, _):
        _, heard = _hear(services.settings.bot_python, bot_model(services.settings.data_dir), said, url)
    # where it would ask back, the likeliest counts
    tables.written(out, [row["id"] for row in real], [(*one.likely, one.intent)[0] for one in heard])


def rows(name: str) -> list[dict[str, str]]:
    """The rows of a blind file; none where it is not there."""
    path = BLIND / name
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def messages() -> Iterator[dict[str, str]]:
    """Every blind message with its intent and the open question."""
    for name in ("intents.csv", "utterances.csv"):
        for row in rows(name):
            asked = ASKED.get(row.get("asked") or "", row.get("asked") or "")
            yield {"text": plain(row["text"]).text, "intent": row["intent"], "asked": asked}


def told() -> Iterator[dict[str, str]]:
    """Every blind complaint, as the first thing somebody says."""
    for name in COMPLAINTS:
        for row in rows(name):
            yield {"text": plain(row["text"]).text, "intent": "report", "asked": ""}


@contextmanager
def vectors(services: Services) -> Iterator[tuple[str, Counter[str]]]:
    """The action server's route for vectors, with a count of what was asked for."""
    embedder, count = services.embedder, Counter[str]()
    made: dict[str, np.ndarray] = {}  # several pipelines ask for the same ones

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            text = json.loads(self.rfile.read(int(self.headers["content-length"])))["text"]
            count[text] += 1
            answer = {}
            if embedder is not None:
                if text not in made:
                    made[text] = np.ascontiguousarray(embedder.embed([beginning(text)])[0], dtype="<f4")
                answer = {"embedder": embedder.name, "vector": base64.b64encode(made[text].tobytes()).decode()}
            raw = json.dumps(answer).encode()
            self.send_response(200 if answer else 503)
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/vectors", count
    finally:
        server.shutdown()


def _measured(
    name: str,
    services: Services,
    config: Path | None,
    url: str,
    count: Counter[str],
    blind: list[dict[str, str]],
    complaints: list[dict[str, str]],
) -> Model:
    chosen = services.settings
    out = None
    if config is not None:
        # whatever the model in use depends on, and this configuration
        state = hashlib.sha256(bot_model(chosen.data_dir).name.encode() + config.read_bytes()).hexdigest()[:12]
        out = bot_model(chosen.data_dir).with_name(f"eval-{name}-{state}.tar.gz")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    fresh = not (out or bot_model(chosen.data_dir)).exists()
    model = train_bot(chosen, say=lambda step: print(f"  {name}: {step}", file=sys.stderr), config=config, out=out)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime if fresh else 0.0
    count.clear()
    loaded, found = _hear(chosen.bot_python, model, [*blind, *complaints], url, ours=config is None)
    share = sum(count[row["text"]] > 0 for row in blind) / len(blind)
    model_heard = Model(name, found[: len(blind)], found[len(blind) :], seconds, loaded, share)
    Console(width=140, stderr=True).print(tables.comparison([model_heard]))
    return model_heard


def _hear(
    python: Path, model: Path, said: list[dict[str, str]], url: str, *, ours: bool
) -> tuple[dict[str, float], list[Heard]]:
    environment = {
        **os.environ,
        "JIESU_VECTORS_URL": url,
        "JIESU_VECTORS_SECONDS": "30",
        # hearing first without a vector, to wait for it beside others, is for components that can do without one
        "JIESU_RASA_REPAIRS": "on" if ours else "off",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "RASA_TELEMETRY_ENABLED": "false",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "LOG_LEVEL": "ERROR",
        "PYTHONWARNINGS": "ignore",
    }
    lines = "".join(json.dumps({"text": row["text"], "asked": row["asked"]}) + "\n" for row in said)
    done = subprocess.run(
        [str(python), str(HERE / "hear_lines.py"), str(model)],
        input=lines,
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    first, *answers = (json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))
    return first, [
        Heard(
            *(row["intent"], row["asked"], str(one["intent"]), float(one["confidence"]), float(one["ms"])),
            tuple(intent for intent, _ in one["ranking"] if intent != "nlu_fallback"),
        )
        for row, one in zip(said, answers, strict=True)
    ]


if __name__ == "__main__":
    main()
