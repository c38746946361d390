"""Which runs may stand beside each other: those of one game, one ROM, and the same rules."""

from __future__ import annotations

from collections.abc import Sequence

from quarterup.training.errors import RunFolderError
from quarterup.training.loading import settings_of
from quarterup.training.run_folder import RunFolder
from quarterup.training.settings import TrainSettings

RULES = ("frame_skip", "sticky", "noop_max", "life_loss_ends_episode", "max_episode_frames")
"""The settings of the environment that scores depend on, whoever plays."""


def check_comparable(runs: Sequence[RunFolder]) -> TrainSettings:
    """The settings of the first run. Raises RunFolderError if another was played otherwise."""
    first = settings_of(runs[0])
    for run in runs[1:]:
        other = settings_of(run)
        machines = runs[0].config.machine, run.config.machine
        pairs = [
            ("the game", first.game, other.game),
            ("the ROM", *(machine.get("rom_status") for machine in machines)),
            *((name, getattr(first.env, name), getattr(other.env, name)) for name in RULES),
        ]
        differing = [f"{name} is {ours} and {theirs}" for name, ours, theirs in pairs if ours != theirs]
        if differing:
            raise RunFolderError(f"The scores of {runs[0].path} and {run.path} don't compare: {', '.join(differing)}.")
    return first
