"""Comparisons of runs whose scores are known, and of runs that don't compare."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from quarterup.agents.rainbow_settings import RainbowSettings
from quarterup.envs.settings import EnvSettings
from quarterup.training.comparison import compare
from quarterup.training.errors import RunFolderError
from quarterup.training.groups import groups_by_settings, named_group
from quarterup.training.references import Reference
from quarterup.training.run_folder import RunFolder
from run_maker import make_run, put_evaluation

OTHER_GAME = "other_invaders"


@pytest.fixture
def pair(tmp_path: Path) -> dict[str, list[RunFolder]]:
    """A slow agent that gets far, over three seeds, and a quick one that does not."""
    return {
        "far": [make_run(tmp_path / f"far-{seed}", level=1000, seed=seed, steps_a_second=50) for seed in range(3)],
        "quick": [make_run(tmp_path / f"quick-{seed}", level=400, seed=seed, every=40) for seed in range(3)],
    }


def test_scores_are_taken_where_all_runs_have_been(pair: dict[str, list[RunFolder]]) -> None:
    found = compare(pair)
    assert found.env_steps == 8000
    far, quick = found.groups
    # The last 100 of 160 episodes; the level is reached with the 100th.
    expected = 1000 * np.minimum(np.arange(61, 161) / 100, 1).mean()
    assert far.interquartile_mean.value == pytest.approx(expected, abs=15)
    assert quick.interquartile_mean.value == pytest.approx(400, abs=5)
    assert far.interquartile_mean.low <= far.interquartile_mean.value <= far.interquartile_mean.high
    assert (far.wall_s, quick.wall_s) == (160, 80)
    (improvement,) = found.improvements
    assert (improvement.better, improvement.than, improvement.probability.value) == ("far", "quick", 1.0)


def test_curves_go_from_the_first_episode_of_all_to_the_end_of_the_first(pair: dict[str, list[RunFolder]]) -> None:
    far, quick = compare(pair).groups
    assert far.by_env_steps.places[[0, -1]].tolist() == [50, 10_000]
    assert quick.by_seconds.places[[0, -1]].tolist() == [0.4, 80]
    assert far.by_env_steps.band.values[-1] == pytest.approx(1000, abs=10)
    assert (far.by_env_steps.band.low <= far.by_env_steps.band.values).all()


def test_the_profile_falls_from_all_runs_to_none(pair: dict[str, list[RunFolder]]) -> None:
    found = compare(pair)
    far, quick = found.groups
    assert (far.profile.values[0], far.profile.values[-1]) == (1, 0)
    assert quick.profile.values[np.searchsorted(found.thresholds, 600)] == 0


def test_episodes_that_the_expert_helped_with_do_not_count(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="that the agent played alone"):
        compare({"helped": [make_run(tmp_path / "helped", expert_share=0.5)]})


def test_an_evaluation_counts_where_it_is_asked_for(pair: dict[str, list[RunFolder]]) -> None:
    with pytest.raises(RunFolderError, match="has no evaluation of its agent"):
        compare(pair, score="evaluation")
    for runs, mean in zip(pair.values(), (700, 300), strict=True):
        for run in runs:
            put_evaluation(run, "agent", mean)
    far, quick = compare(pair, score="evaluation").groups
    assert (far.mean.value, quick.mean.value) == (700, 300)
    put_evaluation(pair["quick"][0], "agent", 300, sticky=0.25)
    with pytest.raises(RunFolderError, match=r"sticky is 0.0 and 0.25. Evaluate both"):
        compare(pair, score="evaluation")


def two_games(tmp_path: Path) -> dict[str, list[RunFolder]]:
    first = [make_run(tmp_path / f"a{seed}", level=1000, seed=seed) for seed in range(2)]
    second = [make_run(tmp_path / f"b{seed}", level=50, seed=seed, game=OTHER_GAME) for seed in range(2)]
    return {"agent": first + second}


def test_several_games_are_normalised_by_what_was_measured(tmp_path: Path) -> None:
    groups = two_games(tmp_path)
    put_evaluation(groups["agent"][0], "random", 100)
    put_evaluation(groups["agent"][1], "expert", 600)
    with pytest.raises(RunFolderError, match=f"--reference {OTHER_GAME}=RANDOM,EXPERT"):
        compare(groups)
    found = compare(groups, {OTHER_GAME: Reference(0, 100)})
    assert found.games == [OTHER_GAME, "space_invaders"]
    (group,) = found.groups
    assert group.scores.mean(axis=0) == pytest.approx([0.5, 1.8], abs=0.02)


def test_a_game_must_not_weigh_more_than_another(tmp_path: Path) -> None:
    groups = two_games(tmp_path)
    groups["agent"].pop()
    with pytest.raises(RunFolderError, match="1 of other_invaders, 2 of space_invaders"):
        compare(groups)


@pytest.mark.parametrize(("scores", "said"), [((10, 10), "not above its random play"), ((0, 1), "but no run of it")])
def test_a_reference_that_cannot_be_used_is_refused(tmp_path: Path, scores: tuple[float, float], said: str) -> None:
    game = "space_invaders" if scores[0] else "pong"
    with pytest.raises(RunFolderError, match=said):
        compare({"one": [make_run(tmp_path / "one")]}, {game: Reference(*scores)})


def test_runs_under_other_rules_do_not_compare(tmp_path: Path) -> None:
    runs = [make_run(tmp_path / "one"), make_run(tmp_path / "two", env=EnvSettings(sticky=0.25, noop_max=0))]
    with pytest.raises(RunFolderError, match=r"don't compare: sticky is 0.0 and 0.25, noop_max is 30 and 0"):
        compare({"a": runs[:1], "b": runs[1:]})


def test_a_run_counts_once(tmp_path: Path) -> None:
    run = make_run(tmp_path / "one")
    with pytest.raises(RunFolderError, match="a run counts once"):
        compare({"a": [run], "b": [RunFolder.open(run.path)]})
    with pytest.raises(RunFolderError, match="a run counts once"):
        compare({"a": [run, RunFolder.open(run.path)]})


def test_runs_that_differ_in_the_seed_alone_are_a_group(tmp_path: Path) -> None:
    plain, other = RainbowSettings(), dataclasses.replace(RainbowSettings(), n_step=7)
    runs = [make_run(tmp_path / f"a{seed}", seed=seed, steps=1000 + seed, agent_settings=plain) for seed in range(2)]
    assert list(groups_by_settings(runs)) == ["rainbow"]
    runs += [make_run(tmp_path / f"b{seed}", seed=seed, agent_settings=other) for seed in range(2)]
    groups = groups_by_settings(runs)
    assert {name: [run.path.name for run in members] for name, members in groups.items()} == {
        f"rainbow n_step={plain.n_step}": ["a0", "a1"],
        "rainbow n_step=7": ["b0", "b1"],
    }
    very_other = dataclasses.replace(other, dueling=not other.dueling, prioritized=not other.prioritized)
    runs.append(make_run(tmp_path / "c0", agent_settings=very_other))
    assert list(groups_by_settings(runs)) == ["rainbow as a0", "rainbow as b0", "rainbow as c0"]


def test_a_group_is_named_with_patterns(tmp_path: Path) -> None:
    for name in ("a1", "a2", "b1"):
        make_run(tmp_path / name, episodes=2)
    name, runs = named_group(f"mine = {tmp_path}/a*, {tmp_path}/b1")
    assert (name, [run.path.name for run in runs]) == ("mine", ["a1", "a2", "b1"])
    with pytest.raises(RunFolderError, match=r"is no group\. Give NAME=RUN,RUN"):
        named_group("mine")
    with pytest.raises(RunFolderError, match="No folder is called"):
        named_group(f"mine={tmp_path}/z*")
