"""A run folder: everything about one training, in one place.

config.json     settings, versions, machine and ROM hashes, command line, commit
metrics.db      every number, see `metrics.py`
checkpoints/    see `checkpoints.py`
replay/         the agent's memory of what happened
videos/ plots/  what was made from them
lock            held by the process that trains
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import quarterup
from quarterup.emulators.emulator import MachineFacts
from quarterup.emulators.roms import rom_hashes
from quarterup.training.checkpoints import Checkpoints
from quarterup.training.errors import RunFolderError
from quarterup.training.files import sync_folder, write_file
from quarterup.training.locks import (
    LEARNER_LOCK,
    LEARNER_PATIENCE_S,
    LOOK_PATIENCE_S,
    RUN_LOCK,
    is_run_in_use,
    open_and_lock,
)

CONFIG_FILE = "config.json"
FORMAT = 1
"""Of `config.json`. Goes up when an older quarterup could not read it."""

PARTS = ("checkpoints", "replay", "evaluations", "videos", "plots")
RUNS = Path("runs")
"""Where runs go that were given no folder."""

REPORTED_PACKAGES = ("torch", "numpy", "gymnasium", "numba", "safetensors")


@dataclass(frozen=True)
class RunConfig:
    """What `config.json` says."""

    settings: Mapping[str, Any]
    """As `settings.to_json` gives them."""
    machine: Mapping[str, Any]
    """`MachineFacts` by name, and `rom_sha256`; empty where no emulator is used."""
    versions: Mapping[str, str]
    command: tuple[str, ...]
    commit: str | None
    """Of the quarterup checkout it ran from, with `+changes` if there were any."""
    created: str
    """ISO 8601, with the time zone."""


class RunFolder:
    """One run folder that exists. `create` and `open` make these."""

    def __init__(self, path: Path, config: RunConfig) -> None:
        self.path = path
        self.config = config
        self._lock: IO[str] | None = None

    @classmethod
    def create(cls, path: Path, config: RunConfig) -> RunFolder:
        """Make a new run folder. Raises RunFolderError if `path` is taken or cannot be written."""
        check_free(path)
        unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
        try:
            unfinished.mkdir(parents=True)
            for part in PARTS:
                (unfinished / part).mkdir()
            text = json.dumps({"format": FORMAT, **dataclasses.asdict(config)}, indent=1)
            write_file(unfinished / CONFIG_FILE, f"{text}\n".encode())
            unfinished.rename(path)
            sync_folder(path.parent)
        except OSError as error:
            shutil.rmtree(unfinished, ignore_errors=True)
            check_free(path)
            raise RunFolderError(f"The run folder {path} cannot be made: {error.strerror or error}.") from error
        return cls(path, config)

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """Open a run folder. Raises RunFolderError if it is not one."""
        try:
            values = json.loads((path / CONFIG_FILE).read_text())
            if values.pop("format") != FORMAT:
                raise RunFolderError(f"{path} is a run of another version of quarterup, which this one can't read.")
            config = RunConfig(**{**values, "command": tuple(values["command"])})
        except FileNotFoundError as error:
            what = "has no config.json" if path.is_dir() else "does not exist"
            raise RunFolderError(f"{path} is not a run folder: it {what}.") from error
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise RunFolderError(f"{path / CONFIG_FILE} cannot be read: {error}.") from error
        return cls(path, config)

    @property
    def metrics(self) -> Path:
        return self.path / "metrics.db"

    @property
    def checkpoints(self) -> Checkpoints:
        return Checkpoints(self.path / "checkpoints")

    @property
    def replay(self) -> Path:
        return self.path / "replay"

    @property
    def learner_lock(self) -> Path:
        """Held by a learner process for as long as it lives, which may be longer than its training."""
        return self.replay.with_name(LEARNER_LOCK)

    @property
    def evaluations(self) -> Path:
        return self.path / "evaluations"

    @property
    def videos(self) -> Path:
        return self.path / "videos"

    @property
    def plots(self) -> Path:
        return self.path / "plots"

    def lock(self) -> None:
        """Claim the folder for this process, until `unlock` or its death, however that comes about.

        Raises RunFolderError if another process trains on it, or it cannot be written.
        """
        try:
            file, locked = open_and_lock(self.path / RUN_LOCK, LOOK_PATIENCE_S)
        except OSError as error:
            raise RunFolderError(f"{self.path} cannot be written: {error.strerror or error}.") from error
        if not locked:
            file.seek(0)
            owner = file.read().strip() or "unknown"
            file.close()
            raise RunFolderError(
                f"Another training, process {owner}, is using {self.path}. Wait for it to end, or use another folder."
            )
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        self._lock = file
        self._wait_for_learner()

    def is_in_use(self) -> bool:
        """Whether a training holds the folder."""
        return is_run_in_use(self.path)

    def _wait_for_learner(self) -> None:
        """The learner process of a training that was killed notices that only after its update: see `learner_lock`."""
        file, locked = open_and_lock(self.learner_lock, LEARNER_PATIENCE_S)
        file.close()
        if not locked:
            self.unlock()
            raise RunFolderError(
                f"The learner process of an earlier training still writes to {self.replay}. Wait for it to end."
            )

    def unlock(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def clear_replay(self) -> None:
        """Forget what happened: for a run that begins again because it died before its first checkpoint."""
        shutil.rmtree(self.replay, ignore_errors=True)
        self.replay.mkdir(exist_ok=True)


def check_free(path: Path) -> None:
    """Raise RunFolderError unless `path` is free for a new run."""
    if (path / CONFIG_FILE).exists():
        raise RunFolderError(f"{path} holds a run already. Use --resume to go on with it, or another --run.")
    if path.is_dir() and any(path.iterdir()):
        raise RunFolderError(f"{path} exists and holds other files. Choose a new folder with --run.")
    if path.exists() and not path.is_dir():
        raise RunFolderError(f"{path} is a file. Choose a new folder with --run.")


def next_free(game: str, agent: str) -> Path:
    """The folder of a run that was given none: runs/GAME-AGENT-NUMBER, the first number that is free."""
    number = 1
    while (path := RUNS / f"{game}-{agent}-{number}").exists():
        number += 1
    return path


def describe(settings: Mapping[str, Any], facts: MachineFacts | None) -> RunConfig:
    """What is known about a run that begins now in this process, on the machine of `facts`."""
    machine = {} if facts is None else {**dataclasses.asdict(facts), "rom_sha256": rom_hashes(facts.rom_path)}
    return RunConfig(
        settings=settings,
        machine=machine,
        versions={
            "quarterup": quarterup.__version__,
            "python": platform.python_version(),
            "system": platform.platform(),
            **{name: importlib.metadata.version(name) for name in REPORTED_PACKAGES},
        },
        command=tuple(sys.argv),
        commit=_commit(),
        created=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    )


def _commit() -> str | None:
    def git(*arguments: str) -> str:
        command = ["git", "-C", str(Path(quarterup.__file__).parent), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()

    with contextlib.suppress(OSError, subprocess.SubprocessError):
        git("ls-files", "--error-unmatch", "__init__.py")  # Fails where the checkout around us is of something else.
        return git("describe", "--always", "--abbrev=40", "--dirty=+changes", "--exclude=*")
    return None
