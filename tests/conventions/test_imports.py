"""Imports go down only."""

import subprocess
import sys

from tests.conventions.repository import ROOT

# In a process of its own: the linter sets up logging anew and would switch off the loggers of all later tests.
LINT = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True, no_logo=True))"


def test_the_import_contracts_hold() -> None:
    done = subprocess.run([sys.executable, "-c", LINT], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
