"""Checkpoints: what a run needs to go on, as safetensors and JSON, whole or not there at all.

A checkpoint is a folder, `checkpoints/step-000012345/`, with three files: the agent's tensors, everything
else as JSON, and the SHA-256 sums of the two in the form that `sha256sum -c` reads. It is written under
another name, forced to the disk, and renamed: a death at any moment leaves whole checkpoints only. The sums
find what breaks later.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch

from quarterup.agents.agent import AgentState
from quarterup.training.errors import CheckpointError
from quarterup.training.files import replace_file, sync_folder, write_file

KEEP_LAST = 3
FORMAT = 1
"""Of `state.json`. Goes up when an older quarterup could not read it."""

TENSORS_FILE = "tensors.safetensors"
STATE_FILE = "state.json"
SUMS_FILE = "SHA256SUMS"
BEST_FILE = "best.json"
_NAME = re.compile(r"step-(\d{9,})")


@dataclass(frozen=True)
class Checkpoint:
    """What one checkpoint holds."""

    env_step: int
    agent: AgentState
    trainer: Mapping[str, Any]
    """The trainer's own counters, plain JSON values."""


@dataclass(frozen=True)
class Best:
    """Which checkpoint had the highest mean score, and what that was."""

    env_step: int
    mean_score: float


class Checkpoints:
    """The `checkpoints/` folder of one run. It keeps the last three and the best."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def env_steps(self) -> list[int]:
        """The env steps of which there are checkpoints, oldest first."""
        if not self.folder.is_dir():
            return []
        matches = (_NAME.fullmatch(path.name) for path in self.folder.iterdir() if path.is_dir())
        return sorted(int(match[1]) for match in matches if match)

    def path(self, env_step: int) -> Path:
        return self.folder / f"step-{env_step:09d}"

    def best(self) -> Best | None:
        """The best checkpoint so far, if one was marked and is still there."""
        try:
            best = Best(**json.loads((self.folder / BEST_FILE).read_text()))
        except (OSError, ValueError, TypeError):
            return None
        return best if self.path(best.env_step).is_dir() else None

    def save(self, checkpoint: Checkpoint, mean_score: float | None = None) -> Path:
        """Write a checkpoint, mark it as the best if `mean_score` beats the best so far, remove old ones.

        Raises CheckpointError, with everything older still in place, if the disk is full or refuses.
        """
        path = self.path(checkpoint.env_step)
        unfinished = _unfinished(path)
        try:
            self.folder.mkdir(exist_ok=True)
            self._remove_unfinished()
            if not path.exists():
                unfinished.mkdir()
                _write_files(unfinished, checkpoint)
                unfinished.rename(path)
                sync_folder(self.folder)
            best = self.best()
            if mean_score is not None and (best is None or mean_score > best.mean_score):
                self._mark_best(Best(checkpoint.env_step, mean_score))
            self._remove_old()
        except OSError as error:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise CheckpointError(
                f"The checkpoint at step {checkpoint.env_step} could not be saved in {self.folder}:"
                f" {error.strerror or error}. {self._what_is_left()} Make room on that disk."
            ) from error
        return path

    def load(self, env_step: int, device: str = "cpu") -> Checkpoint:
        """The checkpoint of that step. Raises CheckpointError if it is missing or damaged."""
        return load_checkpoint(self.path(env_step), device)

    def load_newest(self, device: str = "cpu") -> tuple[Checkpoint, list[str]] | None:
        """The newest checkpoint that is whole, and what is wrong with newer ones; None if there are none.

        Raises CheckpointError if there are checkpoints and all of them are damaged.
        """
        problems: list[str] = []
        for env_step in reversed(self.env_steps()):
            try:
                return self.load(env_step, device), problems
            except CheckpointError as error:
                problems.append(str(error))
        if problems:
            raise CheckpointError(
                f"Every checkpoint in {self.folder} is damaged. " + " ".join(problems) + " Remove them to begin"
                " this run from its start, or restore them from a backup."
            )
        return None

    def discard_after(self, env_step: int) -> None:
        """Remove checkpoints newer than `env_step`: damaged ones, when a run goes on from an older one."""
        for newer in [step for step in self.env_steps() if step > env_step]:
            self._remove(newer)

    def _mark_best(self, best: Best) -> None:
        content = json.dumps({"env_step": best.env_step, "mean_score": best.mean_score})
        replace_file(self.folder / BEST_FILE, content.encode())

    def _remove_old(self) -> None:
        best = self.best()
        for env_step in self.env_steps()[:-KEEP_LAST]:
            if best is None or env_step != best.env_step:
                self._remove(env_step)

    def _remove(self, env_step: int) -> None:
        """Rename, then delete: a death half-way must not leave a checkpoint with files missing."""
        going = _unfinished(self.path(env_step))
        self.path(env_step).rename(going)
        shutil.rmtree(going, ignore_errors=True)

    def _remove_unfinished(self) -> None:
        for path in self.folder.glob(".step-*.unfinished"):
            shutil.rmtree(path)

    def _what_is_left(self) -> str:
        steps = self.env_steps()
        if not steps:
            return "There is no older one."
        return f"The last one saved is that of step {steps[-1]}."


def load_checkpoint(path: Path, device: str = "cpu") -> Checkpoint:
    """Read the checkpoint in the folder `path`. Raises CheckpointError if it is missing or damaged."""
    if not path.is_dir():
        raise CheckpointError(f"There is no checkpoint at {path}.")
    try:
        lines = (path / SUMS_FILE).read_text().splitlines()
        sums = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
        contents = {name: (path / name).read_bytes() for name in (TENSORS_FILE, STATE_FILE)}
        for name, content in contents.items():
            if hashlib.sha256(content).hexdigest() != sums.get(name):
                raise CheckpointError(f"The checkpoint {path} is damaged: {name} does not match its checksum.")
        state = json.loads(contents[STATE_FILE])
        if state["format"] != FORMAT:
            raise CheckpointError(f"The checkpoint {path} has format {state['format']}; this quarterup reads {FORMAT}.")
        tensors = safetensors.torch.load(contents[TENSORS_FILE])
        agent = AgentState({name: tensor.to(device) for name, tensor in tensors.items()}, state["agent"])
        return Checkpoint(state["env_step"], agent, state["trainer"])
    except (OSError, ValueError, KeyError, TypeError, safetensors.SafetensorError) as error:
        raise CheckpointError(f"The checkpoint {path} is damaged: {type(error).__name__}: {error}.") from error


def _unfinished(path: Path) -> Path:
    return path.with_name(f".{path.name}.unfinished")


def _write_files(folder: Path, checkpoint: Checkpoint) -> None:
    state = {
        "format": FORMAT,
        "env_step": checkpoint.env_step,
        "agent": checkpoint.agent.values,
        "trainer": dict(checkpoint.trainer),
    }
    contents = {
        TENSORS_FILE: safetensors.torch.save(_separate(checkpoint.agent.tensors)),
        STATE_FILE: json.dumps(state, indent=1).encode(),
    }
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in contents.items())
    contents[SUMS_FILE] = sums.encode()
    for name, content in contents.items():
        write_file(folder / name, content)
    sync_folder(folder)


def _separate(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """On the CPU, dense, none sharing memory with another: what safetensors can write."""
    return {name: tensor.detach().cpu().clone().contiguous() for name, tensor in tensors.items()}
