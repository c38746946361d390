"""The race to the rule-based player's score: what counts as reached, what is said of it, and going on after a stop."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections import deque
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


@pytest.fixture
def arcade(race: ModuleType) -> ModuleType:
    """What `race` measures with."""
    return sys.modules["timed_arcade"]


class Idle:
    """A player that does nothing."""

    def act(self, observations: Any, *, explore: bool) -> Any:
        assert not explore
        return np.zeros(len(observations), np.int64)


def run(contender: str, seed: int, seconds: float, *, reached: bool, greedy_s: float | None = None) -> dict[str, Any]:
    greedy = None if greedy_s is None else {"seconds": greedy_s, "env_steps": int(greedy_s), "mean_score": 9.0}
    ended = {"ended_seconds": seconds, "ended_env_steps": int(seconds)}
    reached_when = {"reached": reached, "seconds": seconds, "env_steps": int(seconds)}
    return {"contender": contender, "seed": seed, **reached_when, **ended, "greedy": greedy}


def play(env: Any, steps: int) -> list[float]:
    """Rewards of random play, one list for the first environment; ends with RunOver at the latest."""
    rng = np.random.default_rng(0)
    env.reset(seed=1)
    rewards = []
    for _ in range(steps):
        _, reward, _, _, _ = env.step(rng.integers(env.single_action_space.n, size=env.num_envs))
        rewards.append(float(reward[0]))
    return rewards


def played_to_its_end(
    race: ModuleType,
    target: float,
    limit_s: float,
    *,
    steps: int = 20_000,
    mode: AutoresetMode = AutoresetMode.NEXT_STEP,
    greedy_is_enough: bool = False,
) -> Any:
    """The emulators of a run of random play that was over within `steps`."""
    rules = race.Rules(target, limit_s, greedy_is_enough)
    env = race.TimedArcade(race.our_settings("pqn"), mode, Idle, **vars(rules))
    try:
        with pytest.raises(race.RunOver):
            play(env, steps)
    finally:
        env.close()
    return env


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_a_game_counts_once_when_its_last_life_is_lost(
    race: ModuleType, arcade: ModuleType, mode: AutoresetMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arcade, "GAMES_IN_MEAN", 1)
    monkeypatch.setattr(arcade, "LOOK_EVERY_S", 0.0)
    for name in ("GAMES_IN_LOOK", "LOOK_EMULATORS"):
        monkeypatch.setattr(arcade, name, 1)
    env = played_to_its_end(race, 0.0, 120.0, mode=mode)
    outcome = env.outcome()
    assert race.our_settings("pqn").env.life_loss_ends_episode
    assert outcome["reached"]
    assert outcome["games"] == 1
    assert env.env_steps > 4 * 100, "three ships last longer than that, in four emulators"
    assert outcome["mean_score"] == env.scores[0] >= 0
    first, second = outcome["looks"]
    assert second["env_steps"] == 8
    assert outcome["greedy"] == first, "two looks in a row, of which the first counts"
    assert first["mean_score"] == second["mean_score"], "always the same games"
    assert first["env_steps"] == 4, "the score of 0 was reached at once"


def test_the_time_is_up_whatever_the_score(race: ModuleType) -> None:
    assert not played_to_its_end(race, 0.0, 0.01).outcome()["reached"]


def test_a_run_that_waits_for_games_without_exploration_waits_for_nothing_else(
    race: ModuleType, arcade: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arcade, "LOOK_EVERY_S", 0.0)
    for name in ("GAMES_IN_LOOK", "LOOK_EMULATORS"):
        monkeypatch.setattr(arcade, name, 1)
    outcome = played_to_its_end(race, 0.0, 120.0, steps=3, greedy_is_enough=True).outcome()
    assert (outcome["greedy"]["env_steps"], outcome["ended_env_steps"], outcome["reached"]) == (4, 8, False)


def test_the_mean_is_of_enough_games_only(race: ModuleType) -> None:
    env = object.__new__(race.TimedArcade)
    env.target, env.scores, env.games, env.best_mean = 100.0, deque(maxlen=50), 0, None
    for _ in range(49):
        env._take_score(1000.0)
    assert not env._mean_is_high()
    env._take_score(0.0)
    assert env._mean_is_high()


@pytest.mark.parametrize(("means", "first"), [((9, 1, 9, 9), 2), ((9, 1, 9), None), ((9,), None), ((9, 9, 1), 0)])
def test_one_good_look_alone_may_be_luck(
    race: ModuleType, arcade: ModuleType, means: tuple[float, ...], first: int | None
) -> None:
    env = object.__new__(race.TimedArcade)
    env.target = 5.0
    env.looks = [arcade.Look(float(i), i, mean) for i, mean in enumerate(means)]
    assert env.greedy == (None if first is None else env.looks[first])


def test_a_peer_that_did_not_get_there_makes_the_ratio_a_lower_bound(race: ModuleType) -> None:
    runs = [run("pqn", 1, 100.0, reached=True, greedy_s=50.0), run("sb3_dqn", 1, 600.0, reached=False, greedy_s=200.0)]
    said = race.summary(runs)
    assert said["pqn"]["training"]["reached"] == "1 of 1"
    ratios = said["sb3_dqn_over_pqn"]
    assert ratios["training"] == {"seconds": 6.0, "env_steps": 6.0, "is_lower_bound": True}
    assert ratios["greedy"] == {"seconds": 4.0, "env_steps": 4.0, "is_lower_bound": False}


def test_there_is_no_ratio_if_one_of_ours_did_not_get_there(race: ModuleType) -> None:
    runs = [run("pqn", 1, 100.0, reached=True, greedy_s=9.0), run("pqn", 2, 600.0, reached=False)]
    assert race.summary([*runs, run("sb3_dqn", 1, 300.0, reached=True, greedy_s=9.0)])["sb3_dqn_over_pqn"] == {}


def test_a_run_without_exploration_that_never_got_there_counts_with_all_the_time_it_had(race: ModuleType) -> None:
    assert race.summary([run("pqn", 1, 300.0, reached=True)])["pqn"]["greedy"]["median_seconds"] == 300.0


def test_a_race_goes_on_where_it_was_and_is_written_after_each_run(
    race: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "race.json"
    asked: list[int] = []

    def contender(seed: int, rules: Any) -> dict[str, Any]:
        if seed == 2 and len(asked) == 1:
            asked.append(seed)
            raise KeyboardInterrupt
        asked.append(seed)
        return {**run("pqn", seed, 1.0, reached=True), "games": 1, "mean_score": rules.target}

    monkeypatch.setitem(race.CONTENDERS, "pqn", contender)
    command = ["time_to_score.py", "--contender", "pqn", "--expert-score", "7", "--results", str(path)]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(KeyboardInterrupt):
        race.main()
    assert [run["seed"] for run in json.loads(path.read_text())["runs"]] == [1]
    race.main()
    assert asked == [1, 2, 2, 3]
    assert json.loads(path.read_text())["summary"]["pqn"]["training"]["reached"] == "3 of 3"
    monkeypatch.setattr(sys, "argv", [*command, "--limit-minutes", "1"])
    with pytest.raises(SystemExit, match="another end"):
        race.main()


@pytest.mark.parametrize("agent", ["pqn", "rainbow", "quick"])
def test_ours_is_looked_at_while_it_learns(
    race: ModuleType, arcade: ModuleType, agent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arcade, "LOOK_EVERY_S", 1.0)
    for name in ("GAMES_IN_LOOK", "LOOK_EMULATORS"):
        monkeypatch.setattr(arcade, name, 1)
    outcome = race.ours(agent, seed=1, rules=race.Rules(0.0, 3.0, greedy_is_enough=False))
    assert outcome["greedy"] is not None
    assert len(outcome["looks"]) == 2


@pytest.mark.skipif(importlib.util.find_spec("stable_baselines3") is None, reason="needs stable-baselines3")
def test_the_peer_learns_in_the_same_emulators(
    race: ModuleType, arcade: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GAMES_IN_LOOK", "LOOK_EMULATORS"):
        monkeypatch.setattr(arcade, name, 1)
    settings = {**race.PEER_SETTINGS, "learning_starts": 100, "buffer_size": 10_000}
    outcome = race.peer(seed=1, rules=race.Rules(1e9, 6.0, greedy_is_enough=False), settings=settings)
    assert outcome["seconds"] >= 6.0
    assert outcome["env_steps"] > 400
    assert len(outcome["looks"]) == 1


def test_all_have_networks_of_one_size(race: ModuleType) -> None:
    quick, rainbow, pqn = (race.our_settings(contender).agent_settings for contender in ("quick", "rainbow", "pqn"))
    for one in (quick, rainbow):
        assert (*one.hidden_sizes, one.head_size) == pqn.hidden_sizes
        assert not one.dueling
    assert list(pqn.hidden_sizes) == race.PEER_SETTINGS["policy_kwargs"]["net_arch"]
