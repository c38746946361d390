"""What scores of several games are measured against, to be averaged: random play becomes 0, a reference 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quarterup.training.errors import RunFolderError
from quarterup.training.evaluation import read_references
from quarterup.training.run_folder import RunFolder


@dataclass(frozen=True)
class Reference:
    """Two scores of a game."""

    random: float
    """Becomes 0."""
    expert: float
    """Becomes 1. Usually that of the game's rule-based player."""


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
