from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from quarterup.emulators.emulator import MachineFacts
from quarterup.emulators.roms import rom_hashes
from quarterup.training.errors import RunFolderError
from quarterup.training.run_folder import RunFolder, check_free, describe, next_free

HOLD_THE_LOCK = """
import sys, time
from pathlib import Path
from quarterup.training.run_folder import RunFolder
run = RunFolder.open(Path(sys.argv[1]))
run.lock()
print("locked", flush=True)
time.sleep(60)
"""


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "run", describe({"game": "cartpole", "agent": "rainbow"}, None))


def test_a_new_run_folder_says_everything_and_opens_again(tmp_path: Path) -> None:
    rom = tmp_path / "invaders.zip"
    rom.write_bytes(b"rom")
    facts = MachineFacts("invaders", "Invaders", "MAME 0.251", 224, 256, 59.5, "stand-in", str(rom))
    RunFolder.create(tmp_path / "deep" / "run", describe({"game": "space_invaders", "seed": 7}, facts))
    run = RunFolder.open(tmp_path / "deep" / "run")
    assert run.config.settings == {"game": "space_invaders", "seed": 7}
    assert run.config.machine["emulator"] == "MAME 0.251"
    assert run.config.machine["rom_status"] == "stand-in"
    assert run.config.machine["rom_sha256"] == {"invaders.zip": hashlib.sha256(b"rom").hexdigest()}
    assert {"quarterup", "python", "torch", "numpy"} <= run.config.versions.keys()
    assert run.config.command == tuple(sys.argv)
    assert sorted(path.name for path in run.path.iterdir() if path.is_dir()) == [
        "checkpoints",
        "evaluations",
        "plots",
        "replay",
        "videos",
    ]


def test_every_file_of_a_rom_folder_is_hashed(tmp_path: Path) -> None:
    folder = tmp_path / "invaders"
    folder.mkdir()
    (folder / "a.rom").write_bytes(b"a")
    (folder / "b.rom").write_bytes(b"b")
    assert sorted(rom_hashes(str(folder))) == ["invaders/a.rom", "invaders/b.rom"]


def test_a_run_is_never_begun_where_one_is(run: RunFolder) -> None:
    with pytest.raises(RunFolderError, match=r"holds a run already\. Use --resume"):
        RunFolder.create(run.path, run.config)


def test_a_run_is_never_begun_among_other_files(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(RunFolderError, match="holds other files"):
        check_free(tmp_path)
    with pytest.raises(RunFolderError, match="is a file"):
        check_free(tmp_path / "letter.txt")


def test_an_empty_folder_is_fine(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    RunFolder.create(tmp_path / "empty", describe({}, None))
    assert RunFolder.open(tmp_path / "empty").config.settings == {}


def test_a_folder_that_cannot_be_made_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError, match="cannot be made: Not a directory"):
        RunFolder.create(tmp_path / "file" / "run", describe({}, None))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (None, "has no config.json"),
        ("{", "cannot be read"),
        ("[]", "cannot be read"),
        ('{"format": 1}', "cannot be read"),
        ('{"format": 99}', "another version"),
    ],
)
def test_what_is_not_a_run_folder_is_said(tmp_path: Path, config: str | None, message: str) -> None:
    if config is not None:
        (tmp_path / "config.json").write_text(config)
    with pytest.raises(RunFolderError, match=message):
        RunFolder.open(tmp_path)
    with pytest.raises(RunFolderError, match="does not exist"):
        RunFolder.open(tmp_path / "nowhere")


def test_a_second_process_is_refused_until_the_first_is_dead(run: RunFolder) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_THE_LOCK, str(run.path)], stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "locked\n"
        with pytest.raises(RunFolderError, match=f"Another training, process {owner.pid}, is using"):
            run.lock()
        os.kill(owner.pid, signal.SIGKILL)
    run.lock()  # The dead process holds nothing.
    with pytest.raises(RunFolderError, match=f"process {os.getpid()}"):
        RunFolder.open(run.path).lock()
    run.unlock()
    RunFolder.open(run.path).lock()


def test_runs_without_a_name_are_numbered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    first = next_free("space_invaders", "rainbow")
    assert first == Path("runs/space_invaders-rainbow-1")
    RunFolder.create(first, describe({}, None))
    assert next_free("space_invaders", "rainbow") == Path("runs/space_invaders-rainbow-2")


def test_the_config_is_json_that_other_programs_read(run: RunFolder) -> None:
    values = json.loads((run.path / "config.json").read_text())
    assert values["settings"]["game"] == "cartpole"
    assert values["format"] == 1
