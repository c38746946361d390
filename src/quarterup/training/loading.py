"""From a run folder back to its settings and what it has learned."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import torch

from quarterup.agents.agent import Actor
from quarterup.agents.registry import AgentKind, agent_kind
from quarterup.training.checkpoints import Checkpoint
from quarterup.training.errors import CheckpointError, SettingsError
from quarterup.training.policies import AgentPolicy
from quarterup.training.run_folder import RunFolder
from quarterup.training.settings import TrainSettings, from_json


def kind_of_agent(name: str) -> AgentKind:
    """The algorithm of that name. Raises SettingsError, with the names there are, if there is none."""
    try:
        return agent_kind(name)
    except ValueError as error:
        raise SettingsError(str(error)) from None


def find_device(name: str) -> str:
    """What `--device` means here. Raises SettingsError if torch cannot use it."""
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise SettingsError(f"--device {name} cannot be used here: {reason} `--device cpu` always can.") from error
    return name


def settings_of(run: RunFolder) -> TrainSettings:
    """The settings that a run was begun with. Raises SettingsError if another version of quarterup wrote them."""
    recorded = run.config.settings
    return from_json(recorded, kind_of_agent(recorded["agent"]).settings)


def load_policy(run: RunFolder, env: Any, checkpoint: str = "last", device: str = "cpu") -> AgentPolicy:
    """What a run has learned, to play in `env`: a vector environment with the observations that it was trained on.

    `checkpoint` is `last`, `best` or an env step. Raises CheckpointError if there is none such, or it does not fit.
    """
    saved = find_checkpoint(run, checkpoint)
    actor = load_actor(run, saved, env.single_observation_space, int(env.single_action_space.n), device)
    return AgentPolicy(actor, weights_of(saved.env_step))


def weights_of(env_step: int) -> str:
    """How an evaluation calls the weights of a checkpoint."""
    return f"step {env_step}"


def load_actor(
    run: RunFolder, saved: Checkpoint, observation_space: gym.Space[Any], num_actions: int, device: str = "cpu"
) -> Actor:
    """What a run has learned, without anything to play in. Raises CheckpointError if `saved` does not fit."""
    settings = settings_of(run)
    actor = kind_of_agent(settings.agent).make_actor(
        observation_space, num_actions, settings.agent_settings, settings.seed, device
    )
    try:
        actor.load(saved.agent)
    except ValueError as error:
        raise CheckpointError(f"The checkpoint of step {saved.env_step} in {run.path} does not fit: {error}") from error
    return actor


def find_checkpoint(run: RunFolder, name: str) -> Checkpoint:
    """The checkpoint called `last`, `best`, or by its env step. Raises CheckpointError if there is none such."""
    checkpoints = run.checkpoints
    if name == "last":
        newest = checkpoints.load_newest()
        if newest is None:
            raise CheckpointError(f"{run.path} has no checkpoint yet.")
        return newest[0]
    if name == "best":
        best = checkpoints.best()
        if best is None:
            raise CheckpointError(f"{run.path} has no best checkpoint yet. Use the last one.")
        return checkpoints.load(best.env_step)
    there = checkpoints.env_steps()
    if not name.isdigit() or int(name) not in there:
        names = ", ".join(map(str, there)) or "none"
        raise CheckpointError(
            f"{run.path} has no checkpoint {name!r}. There are `last`, `best`, and those of steps {names}."
        )
    return checkpoints.load(int(name))
