"""`quarterup compare`: groups of runs beside each other, with their uncertainty."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro
from rich.console import Console
from rich.table import Table

from quarterup.cli.console import make_console, make_table
from quarterup.training.aggregates import Estimate
from quarterup.training.comparison import Comparison, ScoreKind, compare
from quarterup.training.comparison_plot import plot_comparison
from quarterup.training.errors import RunFolderError
from quarterup.training.groups import Groups, groups_by_settings, named_group
from quarterup.training.references import parse_reference
from quarterup.training.run_folder import RunFolder

FEW_RUNS = 3
"""With fewer than this many of a game an interval says next to nothing: there is little to draw from."""


@dataclass(frozen=True)
class Settings:
    """Compare agents over their runs: interquartile means with intervals, who beats whom, and what it cost.

    Runs of a game with equal settings but for the seed are one group. `quarterup compare runs/*` compares all of them;
    --group names groups otherwise. A run's score is the mean of its last 100 episodes at the last env step that all of
    the runs reached. Runs of several games are normalised: 0 is random play, 1 the rule-based player.
    """

    runs: tyro.conf.Positional[tuple[Path, ...]] = ()
    """Run folders, grouped by their settings."""
    group: Annotated[tyro.conf.UseAppendAction[tuple[str, ...]], tyro.conf.arg(metavar="NAME=RUN,RUN")] = ()
    """A group by name, such as 'big=runs/big-*'. May be repeated."""
    score: ScoreKind = "training"
    """What counts: episodes of the training, or each run's newest evaluation (`quarterup eval RUN`)."""
    reference: Annotated[tyro.conf.UseAppendAction[tuple[str, ...]], tyro.conf.arg(metavar="GAME=RANDOM,EXPERT")] = ()
    """Scores of a game to normalise by. Left out: those that `quarterup eval RUN --policy random` and `--policy expert`
    left in the runs. May be repeated."""
    out: Path = Path("comparison.png")
    """The PNG."""
    json: bool = False
    """Print everything as one JSON object on the last line."""


def run(settings: Settings) -> int:
    groups = _find_groups(settings)
    if not settings.out.parent.is_dir():
        raise RunFolderError(f"There is no folder {settings.out.parent} to write {settings.out.name} into.")
    given = dict(parse_reference(text) for text in settings.reference)
    comparison = compare(groups, given, settings.score)
    plot_comparison(comparison, settings.out, title=_title(comparison, groups))
    _show(comparison, make_console(json=settings.json), settings.out)
    if settings.json:
        print(json.dumps(to_json(comparison, settings.out)))
    return 0


def _find_groups(settings: Settings) -> Groups:
    groups = groups_by_settings([RunFolder.open(path) for path in settings.runs])
    for name, runs in map(named_group, settings.group):
        if name in groups:
            raise RunFolderError(f"There are two groups called {name!r}. Give one of them another name.")
        groups[name] = runs
    if not groups:
        raise RunFolderError("Name run folders, or groups of them with --group NAME=RUN,RUN.")
    return groups


def _title(comparison: Comparison, groups: Groups) -> str:
    machine = next(iter(groups.values()))[0].config.machine
    count = sum(map(len, groups.values()))
    games = f"{comparison.games[0]} ({machine.get('rom_status', 'no ROM')})"
    return f"{games if len(comparison.games) == 1 else f'{len(comparison.games)} games'}: {count} runs"


def _show(comparison: Comparison, console: Console, picture: Path) -> None:
    score = "normalised score" if comparison.references else "score"
    at = f"after {comparison.env_steps:,} env steps" if comparison.score == "training" else "when evaluated"
    table = make_table(
        f"{', '.join(comparison.games)}: {score} {at}",
        "group", "runs>", "interquartile mean>", "95 % interval>", "mean>", "median>", "seconds>",
    )  # fmt: skip
    for group in comparison.groups:
        found = group.interquartile_mean
        table.add_row(
            group.name,
            str(group.scores.size),
            _figure(found.value, comparison),
            f"{_figure(found.low, comparison)} to {_figure(found.high, comparison)}",
            _figure(group.mean.value, comparison),
            _figure(group.median.value, comparison),
            f"{group.wall_s:,.0f}",
        )
    console.print(table)
    if comparison.improvements:
        console.print(_improvements(comparison))
    few = [group.name for group in comparison.groups if len(group.scores) < FEW_RUNS]
    if few:
        console.print(f"Fewer than {FEW_RUNS} runs of a game: intervals of {', '.join(few)} say next to nothing.")
    console.print(f"plot: {picture}", soft_wrap=True)


def _improvements(comparison: Comparison) -> Table:
    table = make_table("chance that a run of one beats a run of the other", "one", "other", "chance>", "95 % interval>")
    for found in comparison.improvements:
        chance = found.probability
        table.add_row(found.better, found.than, f"{chance.value:.0%}", f"{chance.low:.0%} to {chance.high:.0%}")
    return table


def _figure(value: float, comparison: Comparison) -> str:
    return f"{value:.2f}" if comparison.references else f"{value:,.0f}"


def to_json(comparison: Comparison, picture: Path) -> dict[str, Any]:
    """What `--json` prints."""
    return {
        "games": comparison.games,
        "references": {game: vars(reference) for game, reference in comparison.references.items()},
        "score": comparison.score,
        "env_steps": comparison.env_steps,
        "frame_skip": comparison.frame_skip,
        "plot": str(picture),
        "groups": {
            group.name: {
                "runs": _by_game(comparison, [[str(path) for path in of_game] for of_game in group.runs]),
                "scores": _by_game(comparison, group.scores.T.tolist()),
                "interquartile_mean": _estimate(group.interquartile_mean),
                "mean": _estimate(group.mean),
                "median": _estimate(group.median),
                "wall_s": round(group.wall_s, 1),
                "performance_profile": {
                    "thresholds": comparison.thresholds.tolist(),
                    **{name: values.tolist() for name, values in vars(group.profile).items()},
                },
                **{
                    name: {
                        axis: curve.places.tolist(),
                        **{name: values.tolist() for name, values in vars(curve.band).items()},
                    }
                    for name, axis, curve in (
                        ("by_env_steps", "env_steps", group.by_env_steps),
                        ("by_seconds", "wall_s", group.by_seconds),
                    )
                },
            }
            for group in comparison.groups
        },
        "probability_of_improvement": [
            {"better": one.better, "than": one.than, **_estimate(one.probability)} for one in comparison.improvements
        ],
    }


def _by_game(comparison: Comparison, values: list[Any]) -> Mapping[str, Any]:
    return dict(zip(comparison.games, values, strict=True))


def _estimate(estimate: Estimate) -> dict[str, float]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}
