"""Demonstrations into a replay: each game is played again, as the agent would have seen it, before the training begins.

They lie in the replay beside what the agent does itself, marked as an expert's, so that they are learned from by their
rewards and, as far as `cloning_weight` says, cloned. They came first, so they are the first to be forgotten when the
replay is full.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from quarterup.agents.agent import Transitions
from quarterup.emulators.roms import rom_hashes
from quarterup.envs.rerun import RerunError, Row, check_trace
from quarterup.envs.trace import Trace
from quarterup.games.registry import find_game
from quarterup.training.demonstrations import DemonstrationError, read_demonstrations
from quarterup.training.environment import TrainingEnv
from quarterup.training.learner import Learner
from quarterup.training.settings import TrainSettings

AT_ONCE = 256
"""Steps that are handed to the learner together."""


@dataclass(frozen=True)
class Taught:
    """What the learner was shown."""

    games: int
    steps: int
    mean_score: float

    def __str__(self) -> str:
        return f"{self.games} games, {self.steps:,} steps, mean score {self.mean_score:,.0f}"


def demonstrations_of(settings: TrainSettings) -> Mapping[Path, Trace]:
    """Those that the settings name, checked as far as that goes without a machine. Raises DemonstrationError."""
    if not settings.demos:
        return {}
    game = find_game(settings.game)
    traces = read_demonstrations(settings.demos, game.id)
    for path, trace in traces.items():
        try:
            check_trace(trace, game.id, len(game.actions), settings.env.frame_skip)
        except RerunError as error:
            raise _refused(path, error) from error
    return traces


def check_machine(traces: Mapping[Path, Trace], env: TrainingEnv) -> None:
    """Raise DemonstrationError if one was played on another ROM set than that of `env`, or in another emulator."""
    if not traces or env.facts is None:
        return
    facts, found = env.facts, rom_hashes(env.facts.rom_path)
    for path, trace in traces.items():
        if trace.rom_sha256 != found:
            reason = (
                f"it was played on another ROM set ({trace.rom_status}) than the one found here ({facts.rom_status},"
                f" {facts.rom_path}). Point --roms to the folder of the first."
            )
            raise _refused(path, reason)
        if trace.emulator.split()[:1] != facts.emulator.split()[:1]:  # Of another version it may come out the same.
            raise _refused(path, f"it was played in {trace.emulator}, and here is {facts.emulator}. See --emulator.")


def teach(
    learner: Learner,
    env: TrainingEnv,
    traces: Mapping[Path, Trace],
    progress: Callable[[int], None] = lambda played: None,
) -> Taught:
    """Play all games again and hand their steps to the learner; `progress` is told how many are done.

    Raises DemonstrationError if one does not come out as it was.
    """
    steps = 0
    for number, (path, trace) in enumerate(traces.items()):
        rows = env.rerun(trace)
        try:
            while part := list(islice(rows, AT_ONCE)):
                learner.demonstrate(transitions_of(part), number % env.num_envs)
                steps += sum(row.valid for row in part)
        except RerunError as error:
            raise _refused(path, error) from error
        progress(number + 1)
    return Taught(len(traces), steps, float(np.mean([trace.score for trace in traces.values()])))


def transitions_of(rows: Sequence[Row]) -> Transitions:
    """Rows one after another, an expert's."""
    return Transitions(
        observations=np.stack([row.observation for row in rows]),
        actions=np.array([row.action for row in rows], np.int64),
        rewards=np.array([row.reward for row in rows], np.float32),
        terminated=np.array([row.terminated for row in rows], np.bool_),
        truncated=np.array([row.truncated for row in rows], np.bool_),
        valid=np.array([row.valid for row in rows], np.bool_),
        expert=np.array([row.valid for row in rows], np.bool_),
    )


def _refused(path: Path, reason: RerunError | str) -> DemonstrationError:
    return DemonstrationError(f"{path} cannot be learned from: {reason}")
