"""`scripts/setup.py`: what it says where it cannot install something by itself."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture
def setup() -> ModuleType:
    spec = importlib.util.spec_from_file_location("quarterup_setup", ROOT / "scripts" / "setup.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_an_old_python_is_told_which_ones_will_do(setup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup.sys, "version_info", (3, 9, 2, "final", 0))
    monkeypatch.setattr(setup.shutil, "which", lambda name, path=None: None)
    with pytest.raises(setup.SetupError, match=r"3\.11, 3\.12 or 3\.13; this is 3\.9\.2"):
        setup.find_python()


def test_an_old_python_finds_a_newer_one(setup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup.sys, "version_info", (3, 14, 0, "final", 0))
    monkeypatch.setattr(setup.shutil, "which", lambda name, path=None: f"/opt/{name}" if name == "python3.12" else None)
    assert setup.find_python() == "/opt/python3.12"


def test_without_apt_the_names_for_other_systems_are_said(setup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup.shutil, "which", lambda name, path=None: None)
    with pytest.raises(setup.SetupError) as error:
        setup.install_programs(["mame", "fceux"], False, sys.executable)
    for line in ("brew install mame fceux", "winget install MAMEdev.MAME", "sudo pacman -S mame fceux"):
        assert line in str(error.value)


def test_what_only_tests_need_does_not_stop_the_setup(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(setup.shutil, "which", lambda name, path=None: None)
    setup.install_programs(["fceux"], False, sys.executable)
    assert "brew install fceux" in capsys.readouterr().out


def test_without_root_the_exact_command_is_said(setup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(setup.shutil, "which", lambda name, path=None: None)
    with pytest.raises(setup.SetupError, match="sudo apt-get install --no-install-recommends mame python3-venv"):
        setup.apt_install(["mame", "python3-venv"])


def test_a_mame_named_by_hand_is_found(setup: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "mame0289"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("QUARTERUP_MAME", str(program))
    assert setup.find_program("mame") == str(program)
    monkeypatch.setenv("QUARTERUP_MAME", str(tmp_path / "nothing"))
    assert setup.find_program("mame") is None


def test_every_direct_dependency_is_pinned() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {line.split(">")[0] for line in project["dependencies"] + project["optional-dependencies"]["dev"]}
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = {line.split("==")[0] for line in lines if not line.startswith("#")}
    assert wanted == pinned
