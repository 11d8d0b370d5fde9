"""Rasa's model: trained once for each state of what it learns from."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from integrations.settings import ROOT, Settings, SettingsError

BOT = ROOT / "bot"
_SOURCES = (
    "config.yml",
    "bot/domain",
    "bot/rules",
    "bot/stories",
    "bot/components",
    "bot/requirements.txt",
    "data/nlu",
)


class TrainingFailed(RuntimeError):
    """Rasa refused its training data; the message is the end of what it said."""


def _files() -> Iterator[Path]:
    for source in _SOURCES:
        path = ROOT / source
        yield from (sorted(filter(_is_learned_from, path.rglob("*"))) if path.is_dir() else [path])


def _is_learned_from(path: Path) -> bool:
    """What only matters while Rasa runs changes nothing in what it learns."""
    return path.suffix in (".yml", ".py", ".npz") and path.parent.name != "repairs" and path.name != "dialogues.py"


def fingerprint() -> str:
    """Twelve characters that change with anything that the model depends on."""
    digest = hashlib.sha256()
    for path in _files():
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def bot_model(data_dir: Path) -> Path:
    """Where the model for the present content is or will be."""
    return data_dir.resolve() / "models" / f"bot-{fingerprint()}.tar.gz"


def train_bot(
    settings: Settings,
    *,
    say: Callable[[str], None],
    config: Path | None = None,
    out: Path | None = None,
    vectors: Path | None = None,
) -> Path:
    """Train when there is no model for this content yet. Raises TrainingFailed or SettingsError.

    `vectors` is the file with the vectors of the training sentences; None: the one that ships. A model that learned
    from another file is trained anew.
    """
    model = out or bot_model(settings.data_dir)
    learned_from = model.with_name(model.name.removesuffix(".tar.gz") + ".vectors")
    name = vectors.stem if vectors else ""
    if model.exists() and (learned_from.read_text() if learned_from.exists() else "") == name:
        return model
    if not settings.bot_python.exists():
        raise SettingsError(f"JIESU_BOT_PYTHON={settings.bot_python}: not there; run `make setup`")
    model.parent.mkdir(parents=True, exist_ok=True)
    command = [
        *(str(settings.bot_python), str(BOT / "serve.py"), "train", "--config", str(config or ROOT / "config.yml")),
        *("--domain", str(BOT / "domain"), "--data", str(ROOT / "data/nlu"), str(BOT / "rules"), str(BOT / "stories")),
        *("--out", str(model.parent), "--fixed-model-name", model.name.removesuffix(".tar.gz")),
    ]
    environment = {
        **os.environ,
        "RASA_TELEMETRY_ENABLED": "false",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONWARNINGS": "ignore",
        "TQDM_DISABLE": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "",
        **({"JIESU_NLU_VECTORS": str(vectors.resolve())} if vectors else {}),
    }
    lines: list[str] = []
    with subprocess.Popen(  # noqa: S603 - our own command
        command, cwd=BOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip())
            if "Starting to train component" in line:
                say(line.split("'")[1])
    if process.returncode or not model.exists():
        raise TrainingFailed("\n".join(lines[-12:]))
    if name:
        learned_from.write_text(name)
    else:
        learned_from.unlink(missing_ok=True)
    _forget_old(model)
    return model


def _forget_old(model: Path) -> None:
    """Keep the newest three models: the one in use, and a way back."""
    kept = sorted(model.parent.glob("bot-*.tar.gz"), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in kept[3:]:
        old.with_name(old.name.removesuffix(".tar.gz") + ".vectors").unlink(missing_ok=True)
        old.unlink(missing_ok=True)
