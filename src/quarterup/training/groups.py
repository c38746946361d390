"""Which runs are seeds of the same thing: groups of runs, as they are named or as their settings say.

Runs of a game whose settings are equal but for the seed are one group. It is called like its agent, and, where the
agent has several groups, also by the settings that tell them apart; where these are many, by its first run's folder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from quarterup.training.errors import RunFolderError
from quarterup.training.run_folder import RunFolder
from quarterup.training.settings import flattened

Groups = dict[str, list[RunFolder]]

NOT_TELLING = frozenset(
    {"game", "seed", "steps", "run", "resume", "json", "save_every_s", "save_every_steps", "eval_episodes", "env.roms"}
)
"""Settings in which the runs of a group may differ: which sample of it this is, how long, and where it is kept."""
MAX_DETAILS = 2
"""Settings that make a name which can still be read."""


def groups_by_settings(runs: Sequence[RunFolder]) -> Groups:
    """The runs by what they try, in their order."""
    groups: Groups = {}
    for run in runs:
        rivals = [other for other in runs if _agent_and_game(other) == _agent_and_game(run)]
        groups.setdefault(_name(run, rivals), []).append(run)
    return groups


def named_group(text: str) -> tuple[str, list[RunFolder]]:
    """A group from NAME=RUN,RUN where a RUN may be a pattern with `*`. Raises RunFolderError if it cannot be read."""
    name, equals, patterns = text.partition("=")
    if not equals or not name.strip() or not patterns.strip():
        raise RunFolderError(f"{text!r} is no group. Give NAME=RUN,RUN, such as 'small=runs/small-*'.")
    paths = [path for pattern in patterns.split(",") for path in _matching(pattern.strip())]
    return name.strip(), [RunFolder.open(path) for path in paths]


def _matching(pattern: str) -> list[Path]:
    if not any(sign in pattern for sign in "*?["):
        return [Path(pattern)]
    path = Path(pattern)
    root = Path(path.anchor)
    found = sorted(path for path in root.glob(str(path.relative_to(root))) if path.is_dir())
    if not found:
        raise RunFolderError(f"No folder is called {pattern}.")
    return found


def _name(run: RunFolder, rivals: Sequence[RunFolder]) -> str:
    """What the group of `run` is called, among all runs of its agent on its game."""
    agent, _ = _agent_and_game(run)
    mine = _telling(run.config.settings)
    others = [_telling(rival.config.settings) for rival in rivals]
    differing = [name for name in mine if any(other.get(name) != mine[name] for other in others)]
    if len(differing) > MAX_DETAILS:
        first = next(rival for rival, other in zip(rivals, others, strict=True) if other == mine)
        return f"{agent} as {first.path.name}"
    return " ".join([agent, *(f"{name.split('.')[-1]}={mine[name]}" for name in differing)])


def _agent_and_game(run: RunFolder) -> tuple[str, str]:
    return run.config.settings["agent"], run.config.settings["game"]


def _telling(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in flattened(settings).items() if name not in NOT_TELLING}
