"""PQN on small made-up data: values, batches, determinism, checkpoints, exploration, errors."""

from __future__ import annotations

import itertools
import json
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch

from quarterup.agents.agent import AgentState, Transitions
from quarterup.agents.pqn import PQN, PQNSettings, rollout_steps
from quarterup.agents.schedules import Linear

NUM_ENVS = 2
SPACE = gym.spaces.Box(-np.inf, np.inf, (3,), np.float32)
STEPS = 16
"""Of each environment in a rollout."""


def make_agent(seed: int = 0, space: gym.Space[Any] = SPACE, num_envs: int = NUM_ENVS, **others: Any) -> PQN:
    defaults: dict[str, Any] = {
        "rollout_steps": STEPS,
        "batch_size": 8,
        "hidden_sizes": (32,),
        "learning_rate": 1e-3,
        "reward_scale": 1.0,
        "metrics_every": 1,
    }
    return PQN(space, 3, num_envs, PQNSettings(**{**defaults, **others}), seed)


class Player:
    """Random transitions for an agent, which learns whenever it is ready. The bandit's action 2 earns 1, others 0."""

    def __init__(self, agent: PQN, seed: int = 0) -> None:
        self.agent = agent
        self.rng = np.random.default_rng(seed)
        self.ended = np.zeros(NUM_ENVS, np.bool_)
        self.losses: list[float] = []

    def feed(self, rows: int) -> None:
        for _ in range(rows):
            observations = self.rng.standard_normal((NUM_ENVS, 3)).astype(np.float32)
            actions = self.agent.act(observations, explore=True)
            terminated = (self.rng.random(NUM_ENVS) < 0.1) & ~self.ended
            truncated = (self.rng.random(NUM_ENVS) < 0.1) & ~self.ended
            rewards = np.where(self.ended, 0.0, actions == 2).astype(np.float32)
            expert = np.zeros(NUM_ENVS, np.bool_)
            self.agent.observe(Transitions(observations, actions, rewards, terminated, truncated, ~self.ended, expert))
            self.ended = terminated | truncated

    def play(self, rows: int) -> None:
        for _ in range(rows):
            self.feed(1)
            while self.agent.ready():
                self.losses.append(self.agent.learn()["loss"])


def weights(agent: PQN) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in agent.network.parameters()])


@pytest.mark.parametrize("rescaling", [False, True])
@pytest.mark.parametrize("q_lambda", [0.0, 0.65, 1.0])
@pytest.mark.parametrize("terminates", [True, False])
def test_values_in_points_are_those_of_a_chain_that_can_be_computed(
    terminates: bool, q_lambda: float, rescaling: bool
) -> None:
    """One point each step, five steps an episode: what is left of them if it terminates, for ever if truncated."""
    gamma, length = 0.8, 5
    space = gym.spaces.Box(0, 1, (length + 1,), np.float32)
    agent = make_agent(space=space, gamma=gamma, q_lambda=q_lambda, value_rescaling=rescaling, epochs=4)
    positions = np.eye(length + 1, dtype=np.float32)
    rng = np.random.default_rng(0)
    for row in range(2400):
        step = row % (length + 1)
        last = np.full(NUM_ENVS, step == length - 1)
        valid = np.full(NUM_ENVS, step != length)
        agent.observe(
            Transitions(
                np.repeat(positions[step][None], NUM_ENVS, axis=0),
                rng.integers(3, size=NUM_ENVS),
                valid.astype(np.float32),
                last & terminates,
                last & (not terminates),
                valid,
                np.zeros(NUM_ENVS, np.bool_),
            )
        )
        while agent.ready():
            agent.learn()
    with torch.inference_mode():
        values = agent._scale.to_points(agent.network(torch.from_numpy(positions))).numpy()
    for step in range(length):
        ahead = 0.0 if terminates else gamma ** (length - step) * values[length].max()
        expected = (1 - gamma ** (length - step)) / (1 - gamma) + ahead
        assert values[step] == pytest.approx(expected, abs=0.3)
    if not terminates:
        assert abs(values[length].max()) > 0.02


def test_the_better_action_is_found() -> None:
    agent = make_agent(epsilon=Linear(1.0, 0.01, 1000), gamma=0.5)
    Player(agent).play(1500)
    observations = np.random.default_rng(5).standard_normal((500, 3)).astype(np.float32)
    assert (agent.act(observations, explore=False) == 2).mean() > 0.95


def test_each_rollout_is_learned_from_in_its_epochs_and_then_forgotten() -> None:
    agent = make_agent(epochs=3, batch_size=8)
    player = Player(agent)
    player.feed(STEPS)
    assert not agent.ready()  # What the last step led to is not known yet.
    player.feed(1)
    assert agent.ready()
    valid = int(agent._rollout.valid[:-1].sum())
    while agent.ready():
        agent.learn()
    assert agent.updates == 3 * round(valid / 8)
    player.feed(STEPS - 1)
    assert not agent.ready()
    player.feed(1)
    assert agent.ready()


def test_every_valid_step_is_in_one_batch_of_each_epoch_and_no_other_step_is() -> None:
    agent = make_agent(epochs=2, batch_size=5)
    Player(agent).feed(STEPS + 1)
    valid = int(agent._rollout.valid[:-1].sum())
    assert valid < NUM_ENVS * STEPS
    lesson = agent._begin_lesson()
    assert len(lesson.actions) == len(lesson.targets) == len(lesson.observations) == valid
    assert sorted(torch.cat(lesson.batches).tolist()) == sorted([*range(valid)] * 2)
    assert {len(batch) for batch in lesson.batches} <= {4, 5, 6}
    first, second = torch.cat(lesson.batches).chunk(2)
    assert not torch.equal(first, second)


def test_nothing_but_resets_is_no_rollout() -> None:
    agent = make_agent()
    nothing = np.zeros(NUM_ENVS, np.bool_)
    zeros = np.zeros((NUM_ENVS, 3), np.float32)
    for _ in range(3 * STEPS):
        agent.observe(Transitions(zeros, np.zeros(2, np.int64), zeros[:, 0], nothing, nothing, nothing, nothing))
        assert not agent.ready()
    assert agent.env_steps == 0


@pytest.mark.parametrize(("num_envs", "steps"), [(1, 128), (8, 128), (64, 64), (128, 32), (1000, 32)])
def test_a_rollout_is_the_papers_with_its_many_environments_and_longer_with_few(num_envs: int, steps: int) -> None:
    assert rollout_steps(PQNSettings(), num_envs) == steps
    assert rollout_steps(PQNSettings(rollout_steps=7), num_envs) == 7


def test_the_same_seed_and_data_give_the_same_weights_bit_for_bit() -> None:
    players = [Player(make_agent(seed)) for seed in (3, 3, 4)]
    for player in players:
        player.play(100)
        torch.randn(10)  # The global generator plays no part.
    first, second, other = players
    assert len(first.losses) > 20
    assert first.losses == second.losses != other.losses
    assert torch.equal(weights(first.agent), weights(second.agent))


def test_a_loaded_agent_goes_on_with_identical_losses() -> None:
    first = Player(make_agent(seed=1))
    first.play(STEPS + 1)
    state = first.agent.state()
    state = AgentState(dict(state.tensors), json.loads(json.dumps(state.values)))
    second = Player(make_agent(seed=9))
    second.agent.load(state)
    first.agent.load(state)  # A resume leaves out what was not learned from yet.
    assert (second.agent.env_steps, second.agent.updates) == (first.agent.env_steps, first.agent.updates)
    for player in (first, second):
        player.rng, player.ended, player.losses = np.random.default_rng(5), np.zeros(NUM_ENVS, np.bool_), []
        player.play(60)
    assert len(first.losses) > 10
    assert first.losses == second.losses
    assert torch.equal(weights(first.agent), weights(second.agent))


def test_after_loading_new_episodes_may_begin_at_once_and_half_a_rollout_is_forgotten() -> None:
    agent = make_agent()
    player = Player(agent)
    player.feed(STEPS + 1)
    agent.learn()
    assert agent.ready()
    agent.load(agent.state())
    assert not agent.ready()
    player.ended[:] = False
    player.play(STEPS + 1)
    assert player.losses


def test_a_state_is_a_copy_and_one_of_another_network_is_refused() -> None:
    player = Player(make_agent())
    player.play(40)
    state = player.agent.state()
    before = {name: tensor.clone() for name, tensor in state.tensors.items()}
    player.play(40)
    assert all(torch.equal(before[name], tensor) for name, tensor in state.tensors.items())
    now = weights(player.agent)
    with pytest.raises(ValueError, match=r"network\.layers\.0\.bias is .*\(48,\) there"):
        player.agent.load(make_agent(hidden_sizes=(48,)).state())
    assert torch.equal(now, weights(player.agent))


def test_epsilon_is_the_share_of_random_actions_and_falls() -> None:
    agent = make_agent(epsilon=Linear(0.9, 0.3, 100))
    observations = np.zeros((10_000, 3), np.float32)
    greedy = agent.act(observations, explore=False)
    assert (greedy == greedy[0]).all()
    assert (agent.act(observations, explore=True) != greedy[0]).mean() == pytest.approx(0.9 * 2 / 3, abs=0.02)
    agent.actor.env_steps = 50
    assert agent.actor.epsilon() == pytest.approx(0.6)
    agent.actor.env_steps = 1_000
    assert (agent.act(observations, explore=True) != greedy[0]).mean() == pytest.approx(0.3 * 2 / 3, abs=0.02)


def test_greedy_actions_leave_the_random_generator_alone() -> None:
    first, second = Player(make_agent()), Player(make_agent())
    first.agent.act(np.ones((4, 3), np.float32), explore=False)
    first.play(40)
    second.play(40)
    assert first.losses == second.losses


def test_the_learning_rate_falls_to_nothing_if_it_is_told_when() -> None:
    agent = make_agent()
    agent.actor.env_steps = 10**9
    assert agent.learning_rate() == 1e-3
    agent = make_agent(learning_rate=Linear(1e-3, 0.0, 100))
    player = Player(agent)
    player.play(30)
    assert 0 < agent.learning_rate() < 1e-3
    player.play(60)
    assert agent.learning_rate() == 0.0
    before = weights(agent)
    player.play(40)
    assert torch.equal(before, weights(agent))


def test_gradients_are_clipped() -> None:
    free, clipped = make_agent(), make_agent(max_gradient_norm=1e-9)
    changes = []
    for agent in (free, clipped):
        before = weights(agent)
        Player(agent).play(STEPS + 1)
        changes.append((weights(agent) - before).abs().max().item())
    assert changes[0] > 1e-4 > changes[1]


def test_metrics_come_only_when_due() -> None:
    agent = make_agent(metrics_every=4, epochs=2, batch_size=4)
    Player(agent).feed(STEPS + 1)
    metrics = [agent.learn() for _ in range(8)]
    assert [bool(values) for values in metrics] == [False, False, False, True] * 2
    assert set(metrics[3]) == {"loss", "q", "return", "gradient_norm", "epsilon", "learning_rate"}


def test_a_loss_that_is_not_finite_stops_and_leaves_the_weights() -> None:
    agent = make_agent()
    nothing = np.zeros(NUM_ENVS, np.bool_)
    actions, rewards = np.zeros(NUM_ENVS, np.int64), np.zeros(NUM_ENVS, np.float32)
    bad = np.full((NUM_ENVS, 3), np.nan, np.float32)
    for _ in range(STEPS + 1):
        agent.observe(Transitions(bad, actions, rewards, nothing, nothing, ~nothing, nothing))
    before = weights(agent)
    with pytest.raises(FloatingPointError, match="not finite"):
        agent.learn()
    assert torch.equal(before, weights(agent))


def test_pixels_are_learned_from() -> None:
    space = gym.spaces.Box(0, 255, (2, 36, 40), np.uint8)
    agent = make_agent(space=space, rollout_steps=4)
    rng = np.random.default_rng(0)
    nothing = np.zeros(NUM_ENVS, np.bool_)
    for _ in range(5):
        observations = rng.integers(256, size=(NUM_ENVS, 2, 36, 40), dtype=np.uint8)
        actions = agent.act(observations, explore=True)
        agent.observe(Transitions(observations, actions, np.ones(2, np.float32), nothing, nothing, ~nothing, nothing))
    before = weights(agent)
    while agent.ready():
        agent.learn()
    assert not torch.equal(before, weights(agent))


@pytest.mark.parametrize(("clip", "largest"), [(True, 1.0), (False, 300.0)])
def test_rewards_are_clipped_only_if_asked(clip: bool, largest: float) -> None:
    agent = make_agent(clip_rewards=clip, gamma=0.0, rollout_steps=4)
    observations, nothing = np.zeros((NUM_ENVS, 3), np.float32), np.zeros(NUM_ENVS, np.bool_)
    rewards = np.array([300.0, -0.25], np.float32)
    for _ in range(5):
        agent.observe(Transitions(observations, nothing.astype(int), rewards, nothing, nothing, ~nothing, nothing))
    assert agent.learn()["return"] == pytest.approx((largest - 0.25) / 2)
    assert rewards.tolist() == [300.0, -0.25]


def test_the_small_trunk_is_for_small_pictures_what_its_layers_say() -> None:
    space = gym.spaces.Box(0, 255, (4, 42, 42), np.uint8)
    small = list(make_agent(space=space, pixel_trunk="small").network.modules())
    shapes = [(c.out_channels, *c.kernel_size[:1], *c.stride[:1]) for c in small if isinstance(c, torch.nn.Conv2d)]
    assert shapes == [(16, 4, 2), (32, 4, 2), (32, 3, 2)]
    assert next(layer for layer in small if isinstance(layer, torch.nn.Linear)).in_features == 32 * 4 * 4


def test_a_grid_of_few_cells_gets_one_small_convolution() -> None:
    agent = make_agent(space=gym.spaces.Box(0, 1, (4, 10, 10), np.int8))
    kernels = [layer.kernel_size for layer in agent.network.modules() if isinstance(layer, torch.nn.Conv2d)]
    assert kernels == [(3, 3)]
    grid = np.zeros((2, 4, 10, 10), np.int8)
    grid[1, 2, 5, 5] = 1
    empty, one_cell = agent.network(torch.from_numpy(grid))
    assert not torch.equal(empty, one_cell)
    with pytest.raises(ValueError, match="none for the shape"):
        make_agent(space=gym.spaces.Box(0, 1, (4, 2, 10), np.int8))


@pytest.mark.parametrize("shape", [(2, 36, 40), (4, 10, 10), (5,)])
def test_every_hidden_layer_is_normalised(shape: tuple[int, ...]) -> None:
    agent = make_agent(space=gym.spaces.Box(0, 1, shape, np.float32), hidden_sizes=(16, 16))
    layers = [layer for layer in agent.network.modules() if not list(layer.children())]
    for layer, following in itertools.pairwise(layers):
        if isinstance(layer, torch.nn.Linear | torch.nn.Conv2d):
            assert isinstance(following, torch.nn.LayerNorm | torch.nn.GroupNorm)
    small = agent.network.layers[:3](agent.network.pictures(torch.rand(4, *shape)))
    assert small.amax() > 0.5  # Whatever the size of the inputs.


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rollout_steps": -1}, "rollout_steps"),
        ({"epochs": 0}, "epochs, batch_size and metrics_every must be 1 or more, got 0"),
        ({"q_lambda": 1.5}, "q_lambda must be from 0 to 1"),
        ({"reward_scale": 0.0}, "reward_scale must be above 0"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PQNSettings(**settings)


def test_observations_that_no_network_fits_are_refused() -> None:
    with pytest.raises(ValueError, match=r"none for the shape \(10, 10\)"):
        make_agent(space=gym.spaces.Box(0, 1, (10, 10), np.float32))
    with pytest.raises(ValueError, match="Agents take Box observations"):
        make_agent(space=gym.spaces.Discrete(3))


def test_it_has_nowhere_to_keep_demonstrations() -> None:
    agent = make_agent()
    with pytest.raises(ValueError, match="no replay"):
        agent.demonstrate(Transitions(*[np.zeros(1)] * 7), 0)
