"""What scores are measured against: those of the random and the rule-based player, as evaluations in run folders have
them. Scores of several games are averaged with random play as 0 and a reference as 1."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quarterup.training.errors import RunFolderError
from quarterup.training.protocols import OWN_RULES
from quarterup.training.statistics import Interval

if TYPE_CHECKING:  # It loads torch, which the page's server does without.
    from quarterup.training.run_folder import RunFolder

REFERENCE_POLICIES = ("random", "expert")


@dataclass(frozen=True)
class Reference:
    """Two scores of a game."""

    random: float
    """Becomes 0."""
    expert: float
    """Becomes 1. Usually that of the game's rule-based player."""


def read_references(folder: Path) -> dict[str, Interval]:
    """Mean scores of the random and the rule-based player that `save_evaluation` left in `folder`, the newest of each.

    Only those under the run's own rules: others say nothing about the scores of the training. A file that cannot be
    read is passed over: a plot is drawn without it.
    """
    references: dict[str, Interval] = {}
    for path in sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime):
        try:
            values = json.loads(path.read_text())
            policy, rules = values["protocol"]["policy"], values["protocol"].get("name", OWN_RULES)
            interval = Interval(values["mean"], values["mean_95_low"], values["mean_95_high"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if policy in REFERENCE_POLICIES and rules == OWN_RULES:
            references[policy] = interval
    return references


def normalised(scores: NDArray[np.float64], reference: Reference | None) -> NDArray[np.float64]:
    """As shares of the way from random play to the reference; without a reference as they are."""
    return scores if reference is None else (scores - reference.random) / (reference.expert - reference.random)


def parse_reference(text: str) -> tuple[str, Reference]:
    """A game and its reference from GAME=RANDOM,EXPERT. Raises RunFolderError if it is something else."""
    game, _, scores = text.partition("=")
    try:
        random, expert = map(float, scores.split(","))
    except ValueError:
        raise RunFolderError(
            f"{text!r} is no reference. Give GAME=RANDOM,EXPERT, such as space_invaders=170,1570."
        ) from None
    return game.strip(), Reference(random, expert)


def find_references(
    runs: Sequence[RunFolder], games: Sequence[str], given: Mapping[str, Reference]
) -> dict[str, Reference]:
    """For each game what is given, or else what the evaluations in its runs' folders say.

    Raises RunFolderError if a game has none, if one cannot be used, or if it is of a game that no run plays.
    """
    if strangers := set(given) - set(games):
        raise RunFolderError(f"There is a reference of {', '.join(sorted(strangers))}, but no run of it.")
    found = {game: given[game] if game in given else _measured(game, runs) for game in games}
    for game, reference in found.items():
        if reference.expert <= reference.random:
            raise RunFolderError(
                f"The reference of {game}, {reference.expert:g}, is not above its random play, {reference.random:g}: "
                "scores can't be normalised by them."
            )
    return found


def game_of(run: RunFolder) -> str:
    return str(run.config.settings["game"])


def _measured(game: str, runs: Sequence[RunFolder]) -> Reference:
    of_game = [run for run in runs if game_of(run) == game]
    means = {policy: interval.mean for run in of_game for policy, interval in read_references(run.evaluations).items()}
    if {"random", "expert"} - set(means):
        raise RunFolderError(
            f"Scores of {game} can't be normalised: nobody measured random play and a reference. Play them, with "
            f"`quarterup eval {of_game[0].path} --policy random` and `--policy expert`, or give both scores, with "
            f"`--reference {game}=RANDOM,EXPERT`."
        )
    return Reference(means["random"], means["expert"])
