"""Imports go down only."""

from importlinter.cli import lint_imports

from tests.conventions.repository import ROOT


def test_the_import_contracts_hold(capsys) -> None:
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True, no_logo=True) == 0, (
        capsys.readouterr().out
    )
