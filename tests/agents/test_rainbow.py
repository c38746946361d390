"""Rainbow on small made-up data: values, determinism, checkpoints, exploration, cloning, errors."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch

from quarterup.agents.agent import AgentState, Transitions
from quarterup.agents.rainbow import Rainbow, RainbowActor
from quarterup.agents.rainbow_settings import RainbowSettings
from quarterup.agents.schedules import Cosine, Linear

NUM_ENVS = 2
BETA_1 = 0.9
"""Of Adam: a first moment's share in the one before it."""
SPACE = gym.spaces.Box(-np.inf, np.inf, (3,), np.float32)


def make_agent(
    seed: int = 0, replay_directory: Path | None = None, space: gym.Space[Any] = SPACE, **others: Any
) -> Rainbow:
    defaults: dict[str, Any] = {
        "hidden_sizes": (32,),
        "head_size": 32,
        "batch_size": 32,
        "replay_capacity": 2_000,
        "learning_starts": 100,
        "target_every": 20,
        "metrics_every": 1,
        "learning_rate": 1e-3,
        "adam_epsilon": 1e-6,
        "reward_scale": 1.0,
        "v_min": -5.0,
        "v_max": 15.0,
    }
    return Rainbow(space, 3, NUM_ENVS, RainbowSettings(**{**defaults, **others}), seed, replay_directory)


def feed(agent: Rainbow, rows: int, seed: int = 0) -> None:
    """Random transitions; the expert's action is the index of the largest number of the observation."""
    rng = np.random.default_rng(seed)
    ended = np.zeros(NUM_ENVS, dtype=bool)
    for _ in range(rows):
        observations = rng.standard_normal((NUM_ENVS, 3)).astype(np.float32)
        expert = rng.random(NUM_ENVS) < 0.5
        actions = np.where(expert, observations.argmax(axis=1), rng.integers(3, size=NUM_ENVS))
        terminated = (rng.random(NUM_ENVS) < 0.05) & ~ended
        truncated = (rng.random(NUM_ENVS) < 0.05) & ~ended
        rewards = rng.standard_normal(NUM_ENVS).astype(np.float32)
        agent.observe(Transitions(observations, actions, rewards, terminated, truncated, ~ended, expert))
        ended = terminated | truncated


def weights(agent: Rainbow) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in agent.online.parameters()])


SWITCHED: tuple[dict[str, Any], ...] = (
    {"double": False},
    {"dueling": False},
    {"noisy": False, "epsilon": 0.1},
    {"prioritized": False},
    {"values": "mean"},
    {"values": "iqn"},
    {"value_rescaling": False},
    {"layer_norm": True},
)
MUNCHAUSEN: tuple[dict[str, Any], ...] = (
    {"values": "mean", "munchausen": True, "value_rescaling": False},
    {"values": "iqn", "munchausen": True},
)
"""Where all actions are worth the same, its targets come to differ from others by some hundredths only. That takes
longer: differences between actions, as fresh networks have, shrink by a tenth with each target network."""
ALL_SWITCHED = {name: value for switch in SWITCHED for name, value in switch.items()}
"""Switched on or off, of quantiles and mean the former."""


@pytest.mark.parametrize(
    ("settings", "terminates"),
    [
        ({}, False),
        (ALL_SWITCHED, False),
        ({}, True),
        (ALL_SWITCHED, True),
        *[(switch, True) for switch in (*SWITCHED, *MUNCHAUSEN)],
    ],
)
def test_values_in_points_are_those_of_a_chain_that_can_be_computed(settings: dict[str, Any], terminates: bool) -> None:
    """One point each step, five steps an episode: what is left of them if it terminates, for ever if
    truncated."""
    gamma, length = 0.8, 5
    space = gym.spaces.Box(0, 1, (length + 1,), np.float32)
    agent = make_agent(space=space, gamma=gamma, n_step=3, learning_starts=200, **settings)
    positions = np.eye(length + 1, dtype=np.float32)
    rng = np.random.default_rng(0)
    for row in range(400):
        step = row % (length + 1)
        last = np.full(NUM_ENVS, step == length - 1)
        agent.observe(
            Transitions(
                np.repeat(positions[step][None], NUM_ENVS, axis=0),
                rng.integers(3, size=NUM_ENVS),
                np.full(NUM_ENVS, 0.0 if step == length else 1.0, dtype=np.float32),
                last & terminates,
                last & (not terminates),
                np.full(NUM_ENVS, step != length),
                np.zeros(NUM_ENVS, dtype=bool),
            )
        )
    for _ in range(1500 if agent.settings.munchausen else 400):
        agent.learn()
    agent.online.remove_noise()
    with torch.inference_mode():
        taus = torch.linspace(0.1, 0.9, 9).expand(length + 1, -1)
        values = agent.points(agent.online(torch.from_numpy(positions), taus)).numpy()
    for step in range(length):
        if terminates:
            expected = (1 - gamma ** (length - step)) / (1 - gamma)
        else:
            # The final observation is never acted on; what it is worth is the network's own guess.
            ahead = gamma ** (length - step)
            expected = (1 - ahead) / (1 - gamma) + ahead * values[length].max()
        assert values[step] == pytest.approx(expected, abs=0.4)
    if not terminates:
        assert abs(values[length].max()) > 0.02


@pytest.mark.parametrize("dueling", [True, False])
def test_a_fresh_agent_expects_next_to_nothing_wherever_the_support_lies(dueling: bool) -> None:
    """Not the middle of the support: an agent that begins with great hopes takes long to lose them."""
    for low, high in [(-100.0, 2000.0), (0.0, 300.0), (-50.0, 50.0)]:
        agent = make_agent(v_min=low, v_max=high, atoms=51, dueling=dueling)
        expected = agent.points(agent.online(torch.zeros(1, 3)))
        assert expected.abs().max() < 0.06 * (high - low)


def test_the_same_seed_and_data_give_the_same_weights_bit_for_bit() -> None:
    first, second, other = make_agent(seed=3), make_agent(seed=3), make_agent(seed=4)
    torch.manual_seed(0)
    losses = []
    for agent in (first, second, other):
        feed(agent, 100)
        losses.append([agent.learn()["loss"] for _ in range(25)])
        torch.randn(10)  # The global generator plays no part.
    assert losses[0] == losses[1] != losses[2]
    assert torch.equal(weights(first), weights(second))
    observations = np.random.default_rng(0).standard_normal((50, 3)).astype(np.float32)
    np.testing.assert_array_equal(first.act(observations, explore=True), second.act(observations, explore=True))


EVERYTHING: dict[str, Any] = {
    "values": "iqn",
    "munchausen": True,
    "pixel_trunk": "impala",
    "impala_width": 1,
    "spectral_norm": True,
    "batch_size": 4,
    "replay_capacity": 400,
    "learning_starts": 10,
    "learning_rate": Cosine(1e-3, 1e-4, 1000, warmup=10),
    "epsilon": Linear(0.5, 0.0, 100),
}
PIXELS = gym.spaces.Box(0, 255, (2, 36, 36), np.uint8)


def feed_pixels(agent: Rainbow, rows: int) -> None:
    rng = np.random.default_rng(0)
    stacks = np.repeat(rng.integers(256, size=(NUM_ENVS, 1, 36, 36)).astype(np.uint8), 2, axis=1)
    nothing = np.zeros(NUM_ENVS, dtype=bool)
    for _ in range(rows):
        actions = agent.act(stacks, explore=True)
        agent.observe(Transitions(stacks, actions, np.ones(NUM_ENVS, np.float32), nothing, nothing, ~nothing, nothing))
        fresh = rng.integers(256, size=(NUM_ENVS, 1, 36, 36)).astype(np.uint8)
        stacks = np.concatenate([stacks[:, 1:], fresh], axis=1)


def test_all_the_later_parts_together_are_deterministic_and_go_on_from_a_checkpoint(tmp_path: Path) -> None:
    first = make_agent(space=PIXELS, replay_directory=tmp_path / "first", **EVERYTHING)
    second = make_agent(space=PIXELS, **EVERYTHING)
    for agent in (first, second):
        feed_pixels(agent, 20)
    assert [first.learn() for _ in range(3)] == [second.learn() for _ in range(3)]
    assert torch.equal(weights(first), weights(second))
    state = through_json(first.state())
    shutil.copytree(tmp_path / "first", tmp_path / "again")
    again = make_agent(seed=9, space=PIXELS, replay_directory=tmp_path / "again", **EVERYTHING)
    again.load(state)
    assert [first.learn() for _ in range(3)] == [again.learn() for _ in range(3)]
    assert torch.equal(weights(first), weights(again))


def test_playing_greedily_draws_no_taus_and_leaves_the_spectral_norm_alone() -> None:
    first, second = (make_agent(space=PIXELS, **EVERYTHING) for _ in range(2))
    for agent in (first, second):
        feed_pixels(agent, 20)
    stacks = np.full((2, 2, 36, 36), 7, dtype=np.uint8)
    actions = {tuple(first.act(stacks, explore=False).tolist()) for _ in range(5)}
    assert len(actions) == 1
    assert first.learn() == second.learn()


def test_another_actor_with_the_weights_of_an_agents_plays_alike() -> None:
    agent = make_agent(space=PIXELS, **EVERYTHING)
    feed_pixels(agent, 20)
    other = RainbowActor(PIXELS, agent.actor._num_actions, agent.settings, seed=7)
    stacks = np.random.default_rng(0).integers(256, size=(64, 2, 36, 36), dtype=np.uint8)
    for _ in range(3):
        agent.learn()
        with torch.no_grad():
            torch._foreach_copy_(other.weights(), agent.actor.weights())
        assert any(name.endswith(".left") for name in other.network.state_dict())
        assert all(torch.equal(other.network.state_dict()[name], t) for name, t in agent.online.state_dict().items())
        assert np.array_equal(other.act(stacks, explore=False), agent.act(stacks, explore=False))


def through_json(state: AgentState) -> AgentState:
    return AgentState(dict(state.tensors), json.loads(json.dumps(state.values)))


def test_a_loaded_agent_goes_on_with_identical_losses(tmp_path: Path) -> None:
    agent = make_agent(replay_directory=tmp_path / "first")
    feed(agent, 100)
    for _ in range(30):
        agent.learn()
    state = through_json(agent.state())
    shutil.copytree(tmp_path / "first", tmp_path / "second")
    again = make_agent(seed=9, replay_directory=tmp_path / "second")
    again.load(state)
    assert again.ready()
    assert (again.env_steps, again.updates) == (agent.env_steps, agent.updates)
    assert [agent.learn() for _ in range(30)] == [again.learn() for _ in range(30)]
    assert torch.equal(weights(agent), weights(again))
    observations = np.random.default_rng(0).standard_normal((50, 3)).astype(np.float32)
    np.testing.assert_array_equal(agent.act(observations, explore=True), again.act(observations, explore=True))
    feed(again, 5)


def test_a_state_is_a_copy() -> None:
    agent = make_agent()
    feed(agent, 100)
    agent.learn()
    state = agent.state()
    before = {name: tensor.clone() for name, tensor in state.tensors.items()}
    agent.learn()
    assert all(torch.equal(before[name], tensor) for name, tensor in state.tensors.items())
    agent.load(state)
    agent.learn()
    assert all(torch.equal(before[name], tensor) for name, tensor in state.tensors.items())


def test_an_agent_whose_replay_was_lost_waits_until_it_is_filled_again() -> None:
    agent = make_agent()
    feed(agent, 100)
    again = make_agent()
    again.load(agent.state())
    assert agent.ready()
    assert not again.ready()
    feed(again, 100)
    assert again.ready()


def test_after_loading_new_episodes_may_begin_at_once() -> None:
    agent = make_agent()
    feed(agent, 100)
    nothing, all_ended = np.zeros(NUM_ENVS, dtype=bool), np.ones(NUM_ENVS, dtype=bool)
    zeros = np.zeros((NUM_ENVS, 3), dtype=np.float32)
    actions, rewards = np.zeros(NUM_ENVS, dtype=np.int64), np.zeros(NUM_ENVS, dtype=np.float32)
    agent.observe(Transitions(zeros, actions, rewards, nothing, nothing, nothing, nothing))
    agent.observe(Transitions(zeros, actions, rewards, all_ended, nothing, all_ended, nothing))
    agent.load(agent.state())
    agent.observe(Transitions(zeros, actions, rewards, nothing, nothing, all_ended, nothing))


def test_a_state_of_another_network_is_refused_by_name_and_changes_nothing() -> None:
    agent, wider = make_agent(), make_agent(head_size=48)
    before = weights(agent)
    with pytest.raises(ValueError, match=r"online\.head\.advantage\.weight is .*\(153, 48\) there"):
        agent.load(wider.state())
    with pytest.raises(ValueError, match=r"has no tensor online\.head\.advantage\.bias_sigma"):
        agent.load(make_agent(noisy=False, epsilon=0.1).state())
    assert torch.equal(before, weights(agent))


def test_a_state_from_another_kind_of_device_can_be_loaded() -> None:
    agent = make_agent(seed=1)
    tensors = {**agent.state().tensors, "generator": torch.zeros(16, dtype=torch.uint8)}
    again = make_agent(seed=2)
    again.load(AgentState(tensors, agent.state().values))
    assert torch.equal(weights(again), weights(agent))


@pytest.mark.parametrize("values", ["c51", "mean"])
def test_double_q_learning_differs_as_soon_as_the_two_networks_do(values: str) -> None:
    settings: dict[str, Any] = {"noisy": False, "epsilon": 0.1, "values": values, "target_every": 1000}
    double, single = make_agent(double=True, **settings), make_agent(double=False, **settings)
    losses = []
    for agent in (double, single):
        feed(agent, 100)
        losses.append([agent.learn()["loss"] for _ in range(40)])
    assert losses[0][0] == losses[1][0]
    assert losses[0][-1] != losses[1][-1]


def test_importance_weights_scale_the_loss_by_beta() -> None:
    without, full = make_agent(beta=0.0), make_agent(beta=1.0)
    for agent in (without, full):
        feed(agent, 100)
        metrics = [agent.learn() for _ in range(20)][-1]
        ratio = metrics["loss"] / metrics["error"]
        if agent is without:
            assert ratio == pytest.approx(1.0, abs=1e-4)
        else:
            assert ratio < 0.9


@pytest.mark.parametrize("prioritized", [True, False])
def test_errors_become_priorities_only_if_prioritized(prioritized: bool) -> None:
    agent = make_agent(prioritized=prioritized)
    feed(agent, 100)
    for _ in range(20):
        agent.learn()
    alike = agent.replay.sample(100, 1.0, np.random.default_rng(0)).weights.unique().numel() == 1
    assert alike != prioritized


def test_each_update_draws_new_noise_for_both_networks() -> None:
    agent = make_agent()
    feed(agent, 100)
    drawn = []
    for _ in range(2):
        agent.learn()
        for network in (agent.online, agent.target):
            noise = next(iter(network.head.children())).noise_in
            assert isinstance(noise, torch.Tensor)
            drawn.append(tuple(noise.flatten().tolist()))
    assert len(set(drawn)) == 4


def test_the_learning_rate_is_that_of_the_settings() -> None:
    still, moving = make_agent(learning_rate=0.0), make_agent(learning_rate=1e-3, adam_epsilon=1e-12)
    for agent in (still, moving):
        feed(agent, 100)
        before = weights(agent)
        agent.learn()
        step = (weights(agent) - before).abs().max().item()
        assert step == pytest.approx(agent.settings.learning_rate, rel=1e-3)


def test_schedules_are_followed_by_env_steps() -> None:
    agent = make_agent(
        learning_rate=Cosine(1e-3, 1e-4, 1000),
        beta=Linear(0.0, 1.0, 400),
        epsilon=Linear(1.0, 0.0, 400),
        priority_exponent=Linear(1.0, 0.0, 400),
    )
    feed(agent, 100)
    metrics, share = agent.learn(), agent.env_steps / 400
    assert 0.4 < share < 0.5
    assert metrics["beta"] == pytest.approx(share)
    assert metrics["epsilon"] == pytest.approx(1 - share)
    assert agent.replay.priority_exponent == pytest.approx(1 - share)
    cosine = 1e-4 + 9e-4 * (1 + np.cos(np.pi * agent.env_steps / 1000)) / 2
    assert metrics["learning_rate"] == agent.optimizer.param_groups[0]["lr"] == pytest.approx(cosine)


def test_the_learning_rate_may_begin_at_0() -> None:
    agent = make_agent(learning_rate=Linear(0.0, 1e-3, 1000))
    assert agent.optimizer.param_groups[0]["lr"] == 0.0


@pytest.mark.parametrize("values", ["c51", "iqn", "mean"])
def test_an_update_waits_for_the_device_only_once(values: str, monkeypatch: pytest.MonkeyPatch) -> None:
    agent = make_agent(values=values, metrics_every=1000, cloning_weight=1.0)
    feed(agent, 100)
    agent.learn()
    waits: list[str] = []
    for name in ("item", "cpu", "tolist", "__bool__", "__float__", "__int__", "nonzero"):
        original = getattr(torch.Tensor, name)

        def counted(self: torch.Tensor, *args: Any, _name: str = name, _original: Any = original) -> Any:
            waits.append(_name)
            return _original(self, *args)

        monkeypatch.setattr(torch.Tensor, name, counted)
    agent.learn()
    assert waits == ["cpu"]


@pytest.mark.parametrize(("clip", "largest"), [(True, 1.0), (False, 300.0)])
def test_rewards_are_clipped_only_if_asked(clip: bool, largest: float) -> None:
    agent = make_agent(clip_rewards=clip, n_step=1)
    observations, nothing = np.zeros((NUM_ENVS, 3), np.float32), np.zeros(NUM_ENVS, bool)
    actions = np.zeros(NUM_ENVS, np.int64)
    for _ in range(100):
        rewards = np.array([300.0, -0.25], np.float32)
        agent.observe(Transitions(observations, actions, rewards, nothing, nothing, ~nothing, nothing))
        assert rewards.tolist() == [300.0, -0.25]
    assert set(agent.replay.sample(64, 0.0, np.random.default_rng(0)).returns.tolist()) == {largest, -0.25}


def test_metrics_come_only_when_due() -> None:
    agent = make_agent(metrics_every=5)
    feed(agent, 100)
    due = [bool(agent.learn()) for _ in range(10)]
    assert due == [False, False, False, False, True] * 2


def test_the_target_network_is_copied_only_when_due() -> None:
    agent = make_agent(target_every=4)
    feed(agent, 100)
    start = weights(agent)
    for update in range(1, 9):
        agent.learn()
        target = torch.cat([p.flatten() for p in agent.target.parameters()])
        if update < 4:
            assert torch.equal(target, start)
        elif update % 4 == 0:
            assert torch.equal(target, weights(agent))
        else:
            assert not torch.equal(target, weights(agent))


def test_actions_are_random_until_learning_starts() -> None:
    agent = make_agent()
    observations = np.zeros((3000, 3), dtype=np.float32)
    assert np.bincount(agent.act(observations, explore=True), minlength=3).min() > 850
    assert len(set(agent.act(observations, explore=False).tolist())) == 1


def test_noise_differs_between_environments_and_greedy_actions_have_none() -> None:
    agent = make_agent()
    feed(agent, 100)
    observations = np.zeros((500, 3), dtype=np.float32)
    assert len(set(agent.act(observations, explore=True).tolist())) > 1
    assert len(set(agent.act(observations, explore=False).tolist())) == 1


def test_epsilon_is_the_share_of_random_actions() -> None:
    agent = make_agent(noisy=False, epsilon=Linear(0.9, 0.3, 10))
    feed(agent, 100)
    observations = np.zeros((10_000, 3), dtype=np.float32)
    greedy = agent.act(observations[:1], explore=False)[0]
    share = (agent.act(observations, explore=True) != greedy).mean()
    assert share == pytest.approx(0.3 * 2 / 3, abs=0.02)
    agent = make_agent(noisy=False, epsilon=Linear(0.9, 0.0, 10))
    feed(agent, 100)
    assert len(set(agent.act(observations, explore=True).tolist())) == 1


def test_greedy_actions_leave_the_random_generators_alone() -> None:
    first, second = make_agent(), make_agent()
    for agent in (first, second):
        feed(agent, 100)
    for _ in range(5):
        first.act(np.ones((4, 3), dtype=np.float32), explore=False)
    assert first.learn() == second.learn()


@pytest.mark.parametrize("values", ["c51", "iqn", "mean"])
@pytest.mark.parametrize(("weight", "copies"), [(1.0, True), (0.0, False)])
def test_the_experts_actions_are_cloned(weight: float, copies: bool, values: str) -> None:
    agent = make_agent(cloning_weight=weight, values=values)
    feed(agent, 500)
    for _ in range(300):
        agent.learn()
    observations = np.random.default_rng(5).standard_normal((500, 3)).astype(np.float32)
    agreement = (agent.act(observations, explore=False) == observations.argmax(axis=1)).mean()
    assert (agreement > 0.85) == copies


def test_the_weight_of_cloning_falls_to_nothing() -> None:
    agent, without = make_agent(cloning_weight=Linear(1.0, 0.0, 150)), make_agent()
    feed(agent, 65)
    assert 0.1 < agent.learn()["cloning_weight"] < 0.3
    agent = make_agent(cloning_weight=Linear(1.0, 0.0, 150))
    for each in (agent, without):
        feed(each, 100)
    assert agent.learn() == without.learn()


def test_a_loss_that_is_not_finite_stops_and_leaves_the_weights() -> None:
    agent = make_agent()
    feed(agent, 100)
    agent.observe(
        Transitions(
            np.full((NUM_ENVS, 3), np.nan, dtype=np.float32),
            np.zeros(NUM_ENVS, dtype=np.int64),
            np.zeros(NUM_ENVS, dtype=np.float32),
            np.zeros(NUM_ENVS, dtype=bool),
            np.zeros(NUM_ENVS, dtype=bool),
            np.zeros(NUM_ENVS, dtype=bool),
            np.zeros(NUM_ENVS, dtype=bool),
        )
    )
    seen = [weights(agent)]

    def learn_until_it_is_sampled() -> None:
        for _ in range(200):
            agent.learn()
            seen.append(weights(agent))

    with pytest.raises(FloatingPointError, match="not finite"):
        learn_until_it_is_sampled()
    assert torch.equal(seen[-1], weights(agent))


def test_gradients_are_clipped() -> None:
    agent = make_agent(max_gradient_norm=1e-3)
    feed(agent, 100)
    assert agent.learn()["gradient_norm"] > 1e-2
    moments = [agent.optimizer.state[p]["exp_avg"].norm() for p in agent.online.parameters()]
    assert torch.stack(moments).norm().item() == pytest.approx(1e-3 * (1 - BETA_1), rel=1e-3)


def test_in_bfloat16_the_loss_is_about_the_same_and_weights_stay_float32() -> None:
    agents = [make_agent(amp=amp, double=False) for amp in (False, True)]  # Double, near-ties would be decided anew.
    for agent in agents:
        feed(agent, 100)
    exact, rounded = (agent.learn()["loss"] for agent in agents)
    assert rounded != exact
    assert rounded == pytest.approx(exact, rel=0.1)
    assert {p.dtype for p in agents[1].online.parameters()} == {torch.float32}


def test_bfloat16_goes_through_every_kind_of_network() -> None:
    pixels = gym.spaces.Box(0, 255, (4, 40, 40), np.uint8)
    settings = {"values": "iqn", "munchausen": True, "pixel_trunk": "impala", "impala_width": 1, "spectral_norm": True}
    agent = make_agent(space=pixels, amp=True, replay_capacity=200, **settings)
    nothing, observations = np.zeros(NUM_ENVS, dtype=bool), np.zeros((NUM_ENVS, 4, 40, 40), np.uint8)
    for _ in range(60):
        agent.observe(
            Transitions(
                observations,
                np.zeros(NUM_ENVS, np.int64),
                np.ones(NUM_ENVS, np.float32),
                nothing,
                nothing,
                ~nothing,
                nothing,
            )
        )
    assert np.isfinite(agent.learn()["loss"])


def test_returns_beyond_the_support_are_reported() -> None:
    narrow, wide = make_agent(v_min=-0.1, v_max=0.1), make_agent(v_min=-100, v_max=100)
    for agent in (narrow, wide):
        feed(agent, 100)
    assert narrow.learn()["beyond_support"] > 0.5
    assert wide.learn()["beyond_support"] < 0.1


def test_pixels_are_learned_from_stacks_kept_once() -> None:
    agent = make_agent(space=gym.spaces.Box(0, 255, (4, 40, 40), np.uint8), replay_capacity=400)
    rng = np.random.default_rng(0)
    first = rng.integers(256, size=(NUM_ENVS, 1, 40, 40)).astype(np.uint8)
    stacks = np.repeat(first, 4, axis=1)
    for _ in range(60):
        nothing = np.zeros(NUM_ENVS, dtype=bool)
        actions = agent.act(stacks, explore=True)
        agent.observe(Transitions(stacks, actions, np.ones(NUM_ENVS, np.float32), nothing, nothing, ~nothing, nothing))
        fresh = rng.integers(256, size=(NUM_ENVS, 1, 40, 40)).astype(np.uint8)
        stacks = np.concatenate([stacks[:, 1:], fresh], axis=1)
    before = weights(agent)
    assert np.isfinite(agent.learn()["loss"])
    assert not torch.equal(before, weights(agent))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"v_min": 3.0, "v_max": 3.0}, "v_min below v_max"),
        ({"atoms": 1}, "2 atoms"),
        ({"reward_scale": 0.0}, "reward_scale"),
        ({"taus": 0}, "taus"),
        ({"impala_width": 0}, "impala_width"),
        ({"munchausen": True}, "munchausen is there for values iqn and mean, not for c51"),
        ({"noisy": False}, "Set it, to linear"),
        ({"epsilon": Linear(2.0, 0.0, 10)}, r"epsilon must be from 0 to 1, not linear\(2, 0, 10\)"),
        ({"beta": 1.1}, "beta must be from 0 to 1"),
        ({"learning_rate": -1e-3}, "learning_rate must be 0 or more"),
        ({"priority_exponent": -1}, "priority_exponent must be 0 or more"),
        ({"cloning_weight": -1}, "cloning_weight must be 0 or more"),
        ({"learning_starts": 11, "replay_capacity": 10}, "never reached"),
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RainbowSettings(**wrong)


def test_spaces_without_a_network_are_refused() -> None:
    with pytest.raises(ValueError, match="Box"):
        make_agent(space=gym.spaces.Discrete(3))
    with pytest.raises(ValueError, match="none for the shape"):
        make_agent(space=gym.spaces.Box(0, 255, (210, 160, 3), np.uint8))


def test_demonstrations_lie_in_the_replay_as_an_experts_and_count_as_nobodys_steps() -> None:
    agent = make_agent(clip_rewards=True)
    rows = 5
    steps = Transitions(
        observations=np.arange(rows * 3, dtype=np.float32).reshape(rows, 3),
        actions=np.array([2, 1, 0, 1, 0]),
        rewards=np.array([0, 30, 0, 10, 0], np.float32),
        terminated=np.array([False, False, False, True, False]),
        truncated=np.zeros(rows, np.bool_),
        valid=np.array([True, True, True, True, False]),
        expert=np.array([True, True, True, True, False]),
    )
    agent.demonstrate(steps, 1)
    assert agent.env_steps == 0
    assert agent.replay.rows_written.tolist() == [rows if stream == 1 else 0 for stream in range(NUM_ENVS)]
    batch = agent.replay.sample(64, 0.0, np.random.default_rng(1))
    assert batch.expert.all()
    assert set(batch.actions.tolist()) == {0, 1, 2}
    assert batch.returns.max() < 2.0  # Clipped, like what it does itself.
    feed(agent, 40)
    assert agent.env_steps > 0
    with pytest.raises(ValueError, match="ended its episode"):
        agent.demonstrate(dataclasses.replace(steps, valid=np.ones(rows, np.bool_)), 1)
