"""Evaluation in real MAME: the same episodes whatever plays them, and each of them can be seen again."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

import quarterup
from quarterup.training.evaluation import (
    FIRST_SEED,
    Evaluation,
    EvaluationError,
    evaluate,
    evaluate_in,
    make_env,
    save_evaluation,
)
from quarterup.training.policies import ExpertPolicy, RandomPolicy
from quarterup.training.protocols import ProtocolName, under_protocol
from quarterup.training.references import read_references
from quarterup.training.settings import EnvSettings

GAME = "space_invaders"
SHORT = EnvSettings(max_episode_frames=1200)


class EverySeventh:
    """Looks at nothing but its own environment's observation, so that company can't change what it does."""

    name = "every seventh"
    weights = ""

    def choose(self, observations: NDArray[Any], env: VectorEnv[Any, Any, Any]) -> NDArray[np.int64]:
        return (np.abs(observations).sum(axis=1) * 7).astype(np.int64) % 6


@pytest.fixture(scope="module")
def random_play() -> Evaluation:
    return evaluate(RandomPolicy(3), GAME, EnvSettings(), episodes=5, num_envs=2)


def test_every_seed_is_played_once_and_to_its_end(random_play: Evaluation) -> None:
    assert [episode.seed for episode in random_play.episodes] == [FIRST_SEED + k for k in range(5)]
    for episode in random_play.episodes:
        assert not episode.truncated
        assert (episode.trace.steps, episode.trace.score) == (episode.steps, episode.score)
        assert episode.frames == 4 * episode.steps > 400
    assert len({episode.steps for episode in random_play.episodes}) > 1
    assert random_play.emulator_deaths == 0


def test_the_number_of_emulators_does_not_change_the_episodes() -> None:
    alone = evaluate(EverySeventh(), GAME, SHORT, episodes=4, num_envs=1)
    together = evaluate(EverySeventh(), GAME, SHORT, episodes=4, num_envs=3)
    for one, other in zip(alone.episodes, together.episodes, strict=True):
        np.testing.assert_array_equal(one.trace.holds, other.trace.holds)
        assert (one.seed, one.score, one.frames) == (other.seed, other.score, other.frames)


def test_more_emulators_than_episodes_are_of_no_harm() -> None:
    alone = evaluate(EverySeventh(), GAME, SHORT, episodes=2, num_envs=1)
    env = make_env(GAME, SHORT, 4)
    try:
        crowded = evaluate_in(env, EverySeventh(), SHORT, episodes=2)
    finally:
        env.close()
    assert [one.score for one in crowded.episodes] == [one.score for one in alone.episodes]
    assert [one.seed for one in crowded.episodes] == [FIRST_SEED, FIRST_SEED + 1]


def test_an_episode_ends_at_the_cap_and_says_so() -> None:
    evaluation = evaluate(ExpertPolicy(), GAME, SHORT, episodes=2, num_envs=2)
    assert [(episode.truncated, episode.frames) for episode in evaluation.episodes] == [(True, 1200)] * 2


def test_a_lost_life_never_ends_an_evaluated_episode(random_play: Evaluation) -> None:
    settings = EnvSettings(life_loss_ends_episode=True)
    evaluation = evaluate(RandomPolicy(3), GAME, settings, episodes=5, num_envs=2)
    np.testing.assert_array_equal(evaluation.scores, random_play.scores)


def test_the_protocol_says_what_was_played(random_play: Evaluation, tmp_path: Path) -> None:
    saved = json.loads(save_evaluation(random_play, tmp_path / "evaluations").read_text())
    protocol = saved["protocol"]
    assert (protocol["game"], protocol["machine"], protocol["policy"]) == (GAME, "invaders", "random")
    assert protocol["rom_status"] in ("stand-in", "good", "other checksums")
    assert protocol["emulator"].startswith("MAME 0.")
    assert (protocol["frame_skip"], protocol["sticky"], protocol["episodes"]) == (4, 0.0, 5)
    assert (protocol["name"], protocol["weights"], protocol["exploration"]) == ("run", "", False)
    assert protocol["quarterup"] == quarterup.__version__
    assert all(len(checksum) == 64 for checksum in protocol["rom_sha256"].values())
    assert protocol["rom_sha256"]
    assert saved["mean_95_low"] <= saved["mean"] <= saved["mean_95_high"]
    assert [episode["score"] for episode in saved["episodes"]] == random_play.scores.tolist()


def test_a_second_evaluation_does_not_overwrite_the_first(random_play: Evaluation, tmp_path: Path) -> None:
    names = [save_evaluation(random_play, tmp_path).name for _ in range(2)]
    assert names == ["random-1.json", "random-2.json"]


@pytest.mark.parametrize(("name", "sticky", "noop_max"), [("machado18", 0.25, 0), ("classic", 0.0, 30)])
def test_a_protocol_lays_down_the_rules_and_leaves_the_observation(
    name: ProtocolName, sticky: float, noop_max: int
) -> None:
    mine = EnvSettings(obs="ram", frame_skip=3, sticky=0.1, noop_max=7, max_episode_frames=600)
    rules = under_protocol(mine, name)
    assert (rules.sticky, rules.noop_max, rules.frame_skip, rules.max_episode_frames) == (sticky, noop_max, 4, 108_000)
    assert rules.obs == "ram"
    assert under_protocol(mine, "run") == mine


def test_references_of_another_protocol_are_none_of_the_training(random_play: Evaluation, tmp_path: Path) -> None:
    other = dataclasses.replace(random_play, protocol=dataclasses.replace(random_play.protocol, name="machado18"))
    save_evaluation(other, tmp_path)
    assert read_references(tmp_path) == {}
    save_evaluation(random_play, tmp_path)
    assert read_references(tmp_path) == {"random": random_play.mean}


def test_no_episodes_are_refused() -> None:
    with pytest.raises(EvaluationError, match="at least one"):
        evaluate(RandomPolicy(3), GAME, SHORT, episodes=0, num_envs=1)
