"""What `eval` and `play` are pointed at: a run, one checkpoint of it, or a game; and who plays it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from quarterup.emulators.systems import EmulatorName
from quarterup.envs import ArcadeVectorEnv
from quarterup.envs.settings import EnvSettings
from quarterup.games import UnknownGame, find_game
from quarterup.training.errors import RunFolderError, SettingsError
from quarterup.training.loading import load_policy, settings_of
from quarterup.training.policies import ExpertPolicy, Policy, RandomPolicy
from quarterup.training.presets import settings_for
from quarterup.training.run_folder import CONFIG_FILE, RunFolder

PolicyName = Literal["agent", "random", "expert"]


@dataclass(frozen=True)
class Target:
    """A game under the rules of a run, or under the usual ones."""

    game: str
    env: EnvSettings
    run: RunFolder | None
    checkpoint: str
    """`last`, `best` or an env step."""


def find_target(name: str, checkpoint: str, roms: tuple[Path, ...], emulator: EmulatorName = "auto") -> Target:
    """With `emulator`, or the one that the run was trained in, or the usual one.

    Raises RunFolderError if `name` is neither a run, nor a checkpoint's folder, nor a game.
    """
    path = Path(name)
    if path.parent.name == "checkpoints" and path.is_dir():
        path, checkpoint = path.parent.parent, path.name.removeprefix("step-").lstrip("0") or "0"
    if path.is_dir() or (path / CONFIG_FILE).exists():
        run = RunFolder.open(path)
        settings = settings_of(run)
        chosen = settings.env.emulator if emulator == "auto" else emulator
        env = dataclasses.replace(settings.env, roms=roms or settings.env.roms, emulator=chosen)
        return Target(settings.game, env, run, checkpoint)
    try:
        env = dataclasses.replace(settings_for(name).env, roms=roms, emulator=emulator)
        return Target(find_game(name).id, env, None, checkpoint)
    except UnknownGame as error:
        raise RunFolderError(f"{name} is no run folder, no checkpoint in one, and {error}") from error


def check_policy(target: Target, name: PolicyName) -> None:
    """Raise SettingsError if there is nobody of that name to play. Costs nothing, so ask before emulators start."""
    if name == "agent" and target.run is None:
        raise SettingsError(
            f"{target.game} is a game, not a run, so there is no trained agent to play it. Name a run folder, "
            "or choose --policy random or --policy expert."
        )
    if name == "expert" and find_game(target.game).expert() is None:
        raise SettingsError(f"{target.game} has no rule-based player: --policy expert cannot be used.")


def make_policy(target: Target, name: PolicyName, env: ArcadeVectorEnv, seed: int) -> Policy:
    """Who plays in `env`. Raises CheckpointError if the run has no such checkpoint."""
    if name == "random":
        return RandomPolicy(seed)
    if name == "expert":
        return ExpertPolicy()
    assert target.run is not None
    torch.set_num_threads(1)  # a few observations at a time: more threads would only keep the emulators from running
    return load_policy(target.run, env, target.checkpoint)
