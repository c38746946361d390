"""The race to the rule-based player's score: what counts as reached, what is said of it, and going on after a stop."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from gymnasium.vector import AutoresetMode


@pytest.fixture
def race(script: Callable[[str], ModuleType]) -> ModuleType:
    """Of its own for each test, so that constants can be changed."""
    return script("time_to_score")


def run(contender: str, seed: int, seconds: float, *, reached: bool) -> dict[str, Any]:
    return {"contender": contender, "seed": seed, "reached": reached, "seconds": seconds, "env_steps": int(seconds)}


def play(env: Any, steps: int) -> list[float]:
    """Rewards of random play, one list for the first environment; ends with RunOver at the latest."""
    rng = np.random.default_rng(0)
    env.reset(seed=1)
    rewards = []
    for _ in range(steps):
        _, reward, _, _, _ = env.step(rng.integers(env.single_action_space.n, size=env.num_envs))
        rewards.append(float(reward[0]))
    return rewards


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_a_game_counts_once_when_its_last_life_is_lost(race: ModuleType, mode: AutoresetMode) -> None:
    race.GAMES_IN_MEAN = 1
    settings = race.our_settings("pqn")
    env = race.TimedArcade(settings, mode, target=0.0, limit_s=120.0)
    try:
        with pytest.raises(race.RunOver):
            play(env, 20_000)
    finally:
        env.close()
    outcome = env.outcome()
    assert settings.env.life_loss_ends_episode
    assert outcome["reached"]
    assert outcome["games"] == 1
    assert env.env_steps > 4 * 100, "three ships last longer than that, in four emulators"
    assert outcome["mean_score"] == env.scores[0] >= 0


def test_the_time_is_up_whatever_the_score(race: ModuleType) -> None:
    env = race.TimedArcade(race.our_settings("pqn"), AutoresetMode.NEXT_STEP, target=0.0, limit_s=0.01)
    try:
        with pytest.raises(race.RunOver):
            play(env, 20_000)
    finally:
        env.close()
    assert not env.outcome()["reached"]


def test_the_mean_is_of_enough_games_only(race: ModuleType) -> None:
    env = object.__new__(race.TimedArcade)
    env.target, env.scores, env.games, env.best_mean, env.reached = 100.0, race.deque(maxlen=50), 0, None, False
    for _ in range(49):
        env._take_score(1000.0)
    assert not env.reached
    env._take_score(0.0)
    assert env.reached


def test_a_peer_that_did_not_get_there_makes_the_ratio_a_lower_bound(race: ModuleType) -> None:
    runs = [run("pqn", 1, 100.0, reached=True), run("sb3_dqn", 1, 600.0, reached=False)]
    said = race.summary(runs)
    assert said["pqn"]["reached"] == "1 of 1"
    assert said["sb3_dqn_over_pqn"] == {"seconds": 6.0, "is_lower_bound": True}


def test_there_is_no_ratio_if_one_of_ours_did_not_get_there(race: ModuleType) -> None:
    runs = [run("pqn", 1, 100.0, reached=True), run("pqn", 2, 600.0, reached=False)]
    assert "sb3_dqn_over_pqn" not in race.summary([*runs, run("sb3_dqn", 1, 300.0, reached=True)])


def test_a_race_goes_on_where_it_was_and_is_written_after_each_run(
    race: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "race.json"
    asked: list[int] = []

    def contender(seed: int, target: float, limit_s: float) -> dict[str, Any]:
        if seed == 2 and len(asked) == 1:
            asked.append(seed)
            raise KeyboardInterrupt
        asked.append(seed)
        return {"reached": True, "seconds": 1.0, "env_steps": 5, "games": 1, "mean_score": target}

    monkeypatch.setitem(race.CONTENDERS, "pqn", contender)
    command = ["time_to_score.py", "--contender", "pqn", "--expert-score", "7", "--results", str(path)]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(KeyboardInterrupt):
        race.main()
    assert [run["seed"] for run in json.loads(path.read_text())["runs"]] == [1]
    race.main()
    assert asked == [1, 2, 2, 3]
    assert json.loads(path.read_text())["summary"]["pqn"]["reached"] == "3 of 3"
    monkeypatch.setattr(sys, "argv", [*command, "--limit-minutes", "1"])
    with pytest.raises(SystemExit, match="another limit"):
        race.main()


@pytest.mark.skipif(importlib.util.find_spec("stable_baselines3") is None, reason="needs stable-baselines3")
def test_the_peer_learns_in_the_same_emulators(race: ModuleType) -> None:
    race.PEER_SETTINGS = {**race.PEER_SETTINGS, "learning_starts": 100, "buffer_size": 10_000}
    outcome = race.peer(seed=1, target=1e9, limit_s=5.0)
    assert outcome["seconds"] >= 5.0
    assert outcome["env_steps"] > 400
