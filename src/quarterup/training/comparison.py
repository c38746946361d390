"""Groups of runs beside each other: their scores after as many env steps, how sure these are, and how they came.

The score of a run is the mean of its last 100 episodes of the training, exploration included, at the last env step that
all compared runs have reached; or, if asked for, the mean of its newest evaluation. Episodes in which the rule-based
player chose actions say nothing about the agent and don't count. Over several games, scores are normalised: 0 is
random play, 1 the reference, which usually is the game's rule-based player.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from quarterup.training.aggregates import (
    Band,
    Estimate,
    Scores,
    estimate,
    estimate_along,
    interquartile_mean,
    mean,
    median,
    performance_profile,
    probability_of_improvement,
)
from quarterup.training.comparable import check_comparable
from quarterup.training.errors import RunFolderError
from quarterup.training.metrics import MetricsReader
from quarterup.training.references import Reference, find_references, game_of, normalised
from quarterup.training.run_folder import RunFolder
from quarterup.training.statistics import WINDOW_EPISODES, running_mean

POINTS = 80
"""Of a curve. More are not seen at its size."""
CURVE_RESAMPLES = 1_000
THRESHOLDS = 101

ScoreKind = Literal["training", "evaluation"]


@dataclass(frozen=True)
class RunCurve:
    """One run: when episodes ended, rising, and the mean score of the last 100 then; arrays of shape (episodes,)."""

    path: Path
    env_steps: NDArray[np.int64]
    wall_s: NDArray[np.float64]
    means: NDArray[np.float64]

    def at(self, places: NDArray[np.float64], axis: NDArray[Any]) -> Scores:
        """The mean score at each of `places` on `axis`, which is `env_steps` or `wall_s`."""
        return self.means[np.searchsorted(axis, places, side="right") - 1]


@dataclass(frozen=True)
class EfficiencyCurve:
    """The interquartile mean over what it cost: env steps, or seconds of training."""

    places: NDArray[np.float64]
    band: Band


@dataclass(frozen=True)
class GroupResult:
    """What a group of runs reached."""

    name: str
    runs: list[list[Path]]
    """For each game, its runs."""
    scores: Scores
    """Shape (runs, games), normalised if the comparison is."""
    interquartile_mean: Estimate
    mean: Estimate
    median: Estimate
    wall_s: float
    """Median over the runs of the seconds of training until the compared env step."""
    profile: Band
    by_env_steps: EfficiencyCurve
    by_seconds: EfficiencyCurve


@dataclass(frozen=True)
class Improvement:
    """The chance that a run of `better` beats one of `than`."""

    better: str
    than: str
    probability: Estimate


@dataclass(frozen=True)
class Comparison:
    """Groups of runs beside each other."""

    games: list[str]
    references: Mapping[str, Reference]
    """By game; empty where scores are the game's own."""
    score: ScoreKind
    env_steps: int
    """At which the scores of the training were taken."""
    frame_skip: int
    thresholds: NDArray[np.float64]
    groups: list[GroupResult]
    improvements: list[Improvement]


def compare(
    groups: Mapping[str, Sequence[RunFolder]],
    given: Mapping[str, Reference] | None = None,
    score: ScoreKind = "training",
) -> Comparison:
    """Compare groups of runs; `given` are references by game, which make even the scores of one game normalised ones.

    Raises RunFolderError if the runs don't compare, or something is missing that the comparison needs.
    """
    check_members(groups)
    everyone = [run for runs in groups.values() for run in runs]
    games = sorted({game_of(run) for run in everyone})
    settings = [check_comparable([run for run in everyone if game_of(run) == game]) for game in games]
    tables = {name: _by_game(name, runs, games) for name, runs in groups.items()}
    references = find_references(everyone, games, given or {}) if len(games) > 1 or given else {}
    curves = {
        name: [[_curve(run, references.get(game)) for run in runs] for game, runs in zip(games, table, strict=True)]
        for name, table in tables.items()
    }
    env_steps = min(int(curve.env_steps[-1]) for group in curves.values() for curve in _flatten(group))
    if score == "evaluation":
        for game in games:
            _check_protocols([run for run in everyone if game_of(run) == game])
        scores = {name: _evaluated(table, games, references) for name, table in tables.items()}
    else:
        scores = {name: _scores_at(group, env_steps) for name, group in curves.items()}
    top = max(float(values.max()) for values in scores.values())
    bottom = min(0.0, min(float(values.min()) for values in scores.values()))
    thresholds = np.linspace(bottom, top, THRESHOLDS)
    return Comparison(
        games=games,
        references=references,
        score=score,
        env_steps=env_steps,
        frame_skip=settings[0].env.frame_skip,
        thresholds=thresholds,
        groups=[_result(name, curves[name], scores[name], env_steps, thresholds) for name in groups],
        improvements=[
            Improvement(one, other, probability_of_improvement(scores[one], scores[other]))
            for one, other in combinations(groups, 2)
        ],
    )


def check_members(groups: Mapping[str, Sequence[RunFolder]]) -> None:
    """Raise RunFolderError for a run that is in two groups, or twice in one."""
    seen: dict[Path, str] = {}
    for name, runs in groups.items():
        for run in runs:
            if (other := seen.get(run.path.resolve())) is not None:
                raise RunFolderError(f"{run.path} is in {other!r} and again in {name!r}: a run counts once.")
            seen[run.path.resolve()] = name


def _result(
    name: str, curves: list[list[RunCurve]], scores: Scores, env_steps: int, thresholds: NDArray[np.float64]
) -> GroupResult:
    return GroupResult(
        name=name,
        runs=[[curve.path for curve in of_game] for of_game in curves],
        scores=scores,
        interquartile_mean=estimate(scores, interquartile_mean),
        mean=estimate(scores, mean),
        median=estimate(scores, median),
        wall_s=float(np.median([curve.wall_s[_last_until(curve, env_steps)] for curve in _flatten(curves)])),
        profile=performance_profile(scores, thresholds),
        by_env_steps=_efficiency(curves, "env_steps"),
        by_seconds=_efficiency(curves, "wall_s"),
    )


def _efficiency(curves: list[list[RunCurve]], axis: Literal["env_steps", "wall_s"]) -> EfficiencyCurve:
    """From where all runs have an episode until the first of them ends."""
    ends = [getattr(curve, axis) for curve in _flatten(curves)]
    begin, end = max(values[0] for values in ends), min(values[-1] for values in ends)
    places = np.linspace(begin, max(begin, end), POINTS)
    games = [np.stack([curve.at(places, getattr(curve, axis)) for curve in of_game], axis=1) for of_game in curves]
    scores = np.stack(games, axis=-1)  # (points, runs, games)
    return EfficiencyCurve(places, estimate_along(scores, interquartile_mean, resamples=CURVE_RESAMPLES))


def _scores_at(curves: list[list[RunCurve]], env_steps: int) -> Scores:
    for curve in _flatten(curves):
        if curve.env_steps[0] > env_steps:
            raise RunFolderError(
                f"No episode of {curve.path} had ended after {env_steps:,} env steps, which is how far the shortest of "
                "the runs went. Leave that one out, or train it longer."
            )
    return np.array([[curve.means[_last_until(curve, env_steps)] for curve in of_game] for of_game in curves]).T


def _last_until(curve: RunCurve, env_steps: int) -> int:
    return max(0, int(np.searchsorted(curve.env_steps, env_steps, side="right")) - 1)


def _curve(run: RunFolder, reference: Reference | None) -> RunCurve:
    with MetricsReader(run.metrics) as metrics:
        episodes = metrics.episodes()
    own = episodes.expert_shares == 0
    if not own.any():
        raise RunFolderError(f"No episode of {run.path} has ended that the agent played alone: there is no score yet.")
    means = running_mean(episodes.scores[own], WINDOW_EPISODES)
    return RunCurve(run.path, episodes.env_steps[own], episodes.wall_s[own], normalised(means, reference))


def _by_game(name: str, runs: Sequence[RunFolder], games: Sequence[str]) -> list[list[RunFolder]]:
    """The runs of a group by game, as many of each."""
    table = [[run for run in runs if game_of(run) == game] for game in games]
    counts = [len(of_game) for of_game in table]
    if len(set(counts)) > 1:
        found = ", ".join(f"{count} of {game}" for count, game in zip(counts, games, strict=True))
        raise RunFolderError(
            f"{name!r} has {found} among its runs: each game must have as many, or it would weigh more than others. "
            "`--group NAME=RUN,RUN` says which runs belong together."
        )
    return table


def _evaluated(table: list[list[RunFolder]], games: Sequence[str], references: Mapping[str, Reference]) -> Scores:
    return np.array(
        [
            [float(normalised(np.array(_evaluation(run)["mean"]), references.get(game))) for run in runs]
            for game, runs in zip(games, table, strict=True)
        ]
    ).T


def _evaluation(run: RunFolder) -> dict[str, Any]:
    """The newest evaluation of the run's agent."""
    files = sorted(run.evaluations.glob("agent-*.json"), key=lambda path: path.stat().st_mtime)
    if not files:
        raise RunFolderError(f"{run.path} has no evaluation of its agent. `quarterup eval {run.path}` makes one.")
    try:
        values: dict[str, Any] = json.loads(files[-1].read_text())
        return {"mean": float(values["mean"]), "protocol": dict(values["protocol"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunFolderError(f"{files[-1]} cannot be read: {error}.") from error


def _check_protocols(runs: Sequence[RunFolder]) -> None:
    """Raise RunFolderError unless the newest evaluations of all runs kept to the same rules."""
    rules = ("frame_skip", "sticky", "noop_max", "max_episode_frames", "episodes", "first_seed")
    first = _evaluation(runs[0])["protocol"]
    for run in runs[1:]:
        other = _evaluation(run)["protocol"]
        pairs = [(rule, first.get(rule), other.get(rule)) for rule in rules]
        differing = [f"{rule} is {ours} and {theirs}" for rule, ours, theirs in pairs if ours != theirs]
        if differing:
            raise RunFolderError(
                f"The newest evaluations of {runs[0].path} and {run.path} don't compare: {', '.join(differing)}. "
                "Evaluate both under one protocol."
            )


def _flatten(curves: Iterable[Iterable[RunCurve]]) -> list[RunCurve]:
    return [curve for of_game in curves for curve in of_game]
