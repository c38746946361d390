from __future__ import annotations

import json
import subprocess
import sys

import pytest

import quarterup
from quarterup.cli import main as main_module
from quarterup.cli.main import VERBS, main


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"  {verb} " in shown for verb in VERBS)
    assert main([]) == 0
    assert capsys.readouterr().out == shown


def test_help_loads_nothing_large() -> None:
    program = (
        "import sys; from quarterup.cli.main import main; main(['--help']);"
        "sys.exit(bool({'torch', 'numba', 'tyro', 'rich', 'matplotlib', 'av'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"quarterup {quarterup.__version__}\n"


def test_a_command_that_does_not_exist_gets_the_nearest_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trian", "--json"]) == 2
    shown = capsys.readouterr()
    assert "There is no command 'trian'. Did you mean 'train'?" in shown.err
    assert json.loads(shown.out.splitlines()[-1])["error"] in shown.err


def test_our_own_errors_are_one_message_and_bugs_are_tracebacks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from quarterup.training.errors import SettingsError

    def fail_with(error: BaseException) -> None:
        def run(verb: str, arguments: list[str]) -> int:
            raise error

        monkeypatch.setattr(main_module, "_run", run)

    fail_with(SettingsError("--steps must be above 0, not -1."))
    assert main(["train"]) == 2
    assert capsys.readouterr().err == "error: --steps must be above 0, not -1.\n"
    fail_with(KeyboardInterrupt())
    assert main(["train"]) == 130
    assert capsys.readouterr().err == "Interrupted.\n"
    fail_with(ZeroDivisionError("division by zero"))
    with pytest.raises(ZeroDivisionError):
        main(["train"])
