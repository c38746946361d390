from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from cartpole_run import Silence, scalars_and_weights, settings, train_cartpole
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from quarterup.agents.agent import AgentState, Transitions
from quarterup.agents.pqn import PQNSettings
from quarterup.agents.schedules import Linear
from quarterup.training.best_games import BestGames
from quarterup.training.checkpoints import Checkpoint
from quarterup.training.environment import TrainingEnv
from quarterup.training.errors import CheckpointError, TrainingError
from quarterup.training.interrupts import Interrupts
from quarterup.training.learner import LearnerBetween
from quarterup.training.live import Live
from quarterup.training.metrics import MetricsReader, MetricsWriter
from quarterup.training.progress import Phase
from quarterup.training.run_folder import RunFolder, describe
from quarterup.training.trainer import Trainer


class Counting(VectorEnv[Any, Any, Any]):
    """Each environment observes its step number and earns 1 a step; its game has three lives of `life` steps each."""

    metadata = {"autoreset_mode": AutoresetMode.NEXT_STEP}  # noqa: RUF012
    has_expert = True

    def __init__(self, num_envs: int, life: int, log: list[str], life_loss_ends_episode: bool = False) -> None:
        self.num_envs = num_envs
        self.single_observation_space = spaces.Box(0, np.inf, (1,), np.float32)
        self.single_action_space = spaces.Discrete(4)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._life = life
        self._life_loss_ends_episode = life_loss_ends_episode
        self._log = log
        self.seeds: list[int] = []
        self.actions: list[NDArray[np.int64]] = []
        self.die_at: int | None = None

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[NDArray[np.float32], dict[str, Any]]:
        assert seed is not None
        self.seeds.append(seed)
        self._steps = np.zeros(self.num_envs, np.int64)
        self._ended = np.zeros(self.num_envs, np.bool_)
        return self._observe(), {}

    def send(self, actions: NDArray[np.int64]) -> None:
        self._log.append("send")
        self.actions.append(actions.copy())

    def receive(self) -> tuple[Any, ...]:
        self._log.append("receive")
        game_over = self._steps >= 3 * self._life
        self._steps = np.where(game_over & self._ended, 0, self._steps + ~self._ended)
        rewards = np.where(self._ended, 0.0, 1.0)
        lost = (self._steps % self._life == 0) & ~self._ended
        over = self._steps >= 3 * self._life
        terminated = lost if self._life_loss_ends_episode else over & lost
        truncated = np.zeros(self.num_envs, np.bool_)
        died = np.full(self.num_envs, "", object)
        if self.die_at == len(self.actions):
            truncated[0], terminated[0], died[0] = True, False, "The emulator died: killed.\nlast line"
            self._steps[0] = 3 * self._life
        self._ended = terminated | truncated
        infos = {
            "score": 10.0 * self._steps,
            "lives": 3 - self._steps // self._life,
            "level": self._steps // 10,
            "emulator_died": died,
        }
        return self._observe(), rewards, terminated, truncated, infos

    def expert_actions(self) -> NDArray[np.int64]:
        return np.full(self.num_envs, 3, np.int64)

    def _observe(self) -> NDArray[np.float32]:
        return self._steps[:, None].astype(np.float32)


UPDATES_PER_ROLLOUT = 6


class Recorder:
    """An agent that always chooses 0 and remembers everything it was given."""

    def __init__(self, log: list[str], starts: int = 0) -> None:
        self.log = log
        self.seen: list[Transitions] = []
        self.starts = starts
        self.replays = True
        self.rollout = 0
        """Vector steps of a rollout, for an agent without a replay."""
        self.updates = 0
        self.env_steps = 0
        self.fail_at: int | None = None

    @property
    def actor(self) -> Recorder:
        return self

    def weights(self) -> list[torch.Tensor]:
        return []

    def fill(self) -> float:
        return 0.5

    def act(self, observations: NDArray[Any], *, explore: bool) -> NDArray[np.int64]:
        assert explore
        self.log.append("act")
        return np.zeros(len(observations), np.int64)

    def observe(self, transitions: Transitions) -> None:
        self.log.append("observe")
        self.seen.append(transitions)

    def ready(self) -> bool:
        if self.rollout:
            return len(self.seen) // self.rollout * UPDATES_PER_ROLLOUT > self.updates
        return sum(int(step.valid.sum()) for step in self.seen) >= self.starts

    def learn(self) -> Mapping[str, float]:
        if self.updates == self.fail_at:
            raise FloatingPointError("The loss is not finite.")
        self.log.append("learn")
        self.updates += 1
        return {"loss": 1.0 / self.updates}

    def state(self) -> AgentState:
        return AgentState({"updates": torch.tensor([self.updates])}, {})

    def load(self, state: AgentState) -> None:
        if "updates" not in state.tensors:
            raise ValueError("The tensor updates is missing.")
        self.updates = int(state.tensors["updates"])


class Bench:
    """A trainer with the two above, in a run folder."""

    def __init__(self, folder: Path, num_envs: int = 2, life: int = 5, starts: int = 0, **changes: Any) -> None:
        self.log: list[str] = []
        self.settings = settings(folder, envs=num_envs, **{"steps": 200, **changes})
        self.env = Counting(num_envs, life, self.log, self.settings.env.life_loss_ends_episode)
        self.agent = Recorder(self.log, starts)
        self.display = Silence()
        self.run = RunFolder.create(folder, describe({}, None))
        self.metrics = MetricsWriter(self.run.metrics)
        env = TrainingEnv(self.env, 4)
        self.trainer = Trainer(
            self.settings,
            env,
            LearnerBetween(self.agent, self.settings.replay_ratio),
            self.run,
            self.metrics,
            self.display,
            BestGames(self.run.videos, self.settings.videos, ()),
            Live(self.run.path, env, self.agent),
        )

    def train(self) -> None:
        try:
            with Interrupts() as interrupts:
                self.trainer.train(interrupts)
        finally:
            self.metrics.close()

    def reader(self) -> MetricsReader:
        return MetricsReader(self.run.metrics)


def test_the_learner_works_while_the_emulators_do(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "run", replay_ratio=0.5, steps=20)
    bench.train()
    assert bench.log[:10] == ["act", "send", "learn", "receive", "observe"] * 2


@pytest.mark.parametrize("ratio", [0.0, 0.1, 0.25, 1.0, 2.5])
def test_updates_keep_to_the_replay_ratio(tmp_path: Path, ratio: float) -> None:
    bench = Bench(tmp_path / "run", starts=40, replay_ratio=ratio, steps=400)
    bench.train()
    learning_steps = bench.trainer.counters.env_steps - 40
    assert bench.agent.updates == pytest.approx(ratio * learning_steps, abs=max(1, 2 * ratio))
    assert bench.trainer.counters.updates == bench.agent.updates


def test_an_agent_without_a_replay_learns_all_it_is_ready_for_whatever_the_replay_ratio(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "run", replay_ratio=0.0, steps=100)
    bench.agent.replays, bench.agent.rollout = False, 4
    bench.train()
    assert bench.log[:16] == ["act", "send", "receive", "observe"] * 4
    assert bench.log[16:26] == ["act", "send", *["learn"] * UPDATES_PER_ROLLOUT, "receive", "observe"]
    vector_steps = bench.log.count("observe")
    assert bench.agent.updates == bench.trainer.counters.updates == (vector_steps - 1) // 4 * UPDATES_PER_ROLLOUT
    # Between two rollouts it is not warming up again.
    assert bench.display.shown[-1].phase is Phase.LEARNING


def test_nothing_is_learned_before_the_agent_is_ready(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "run", starts=100, replay_ratio=1.0)
    bench.train()
    assert bench.log.index("learn") > 4 * 50
    assert {progress.phase for progress in bench.display.shown} == {Phase.WARMING_UP, Phase.LEARNING}


def test_the_step_after_an_end_is_marked_as_not_valid_and_not_counted(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "run", num_envs=1, life=2, steps=14)
    bench.train()
    valid = [bool(step.valid[0]) for step in bench.agent.seen]
    terminated = [bool(step.terminated[0]) for step in bench.agent.seen]
    observed = [float(step.observations[0, 0]) for step in bench.agent.seen]
    assert terminated[:7] == [False] * 5 + [True, False]
    assert valid[:8] == [True] * 6 + [False, True]
    assert observed[:9] == [0, 1, 2, 3, 4, 5, 6, 0, 1]
    assert sum(valid) == bench.trainer.counters.env_steps == 14
    assert bench.display.shown[-1].frames == 56


def test_episodes_are_written_with_the_games_own_score(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "run", num_envs=2, life=5, steps=70)
    bench.train()
    with bench.reader() as reader:
        episodes = reader.episodes()
    assert episodes.scores.tolist() == [150.0] * 4
    assert episodes.lengths.tolist() == [15] * 4
    assert episodes.levels.tolist() == [1] * 4
    assert episodes.env_steps.tolist() == [30, 30, 60, 60]
    assert episodes.frames.tolist() == [120, 120, 240, 240]
    assert set(episodes.ends) == {"terminated"}


def test_where_a_lost_life_ends_the_episode_scores_are_still_of_whole_games(tmp_path: Path) -> None:
    from quarterup.training.settings import EnvSettings

    env = EnvSettings(life_loss_ends_episode=True)
    bench = Bench(tmp_path / "run", num_envs=1, life=5, steps=40, env=env)
    bench.train()
    with bench.reader() as reader:
        assert reader.episodes().scores.tolist() == [150.0] * 2
        assert reader.episodes().lengths.tolist() == [15] * 2
    assert sum(bool(step.terminated[0]) for step in bench.agent.seen) == 8


def test_an_emulator_that_died_is_counted_and_its_episode_is_no_score(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "run", num_envs=2, life=5, steps=80)
    bench.env.die_at = 4
    bench.train()
    with bench.reader() as reader:
        episodes, events = reader.episodes(), reader.events()
    assert episodes.ends.tolist()[0] == "emulator died"
    assert len(bench.trainer.scores) == len(episodes.scores) - 1
    assert [event.text for event in events if event.kind == "emulator died"] == [
        "The emulator died: killed.\nlast line"
    ]
    assert bench.agent.seen[3].truncated.tolist() == [True, False]
    assert bench.agent.seen[4].valid.tolist() == [False, True]
    assert bench.display.shown[-1].emulators_replaced == 1
    assert bench.display.notes == ["An emulator was replaced: The emulator died: killed."]


def test_the_experts_share_falls_to_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "run", num_envs=4, life=50, steps=4000, expert_ratio=Linear(0.8, 0.0, 2000))
    bench.train()
    expert = np.concatenate([step.expert for step in bench.agent.seen])
    actions = np.concatenate([step.actions for step in bench.agent.seen])
    assert ((actions == 3) == expert).all()
    assert (np.concatenate(bench.env.actions) == actions).all()
    assert expert[:400].mean() == pytest.approx(0.76, abs=0.08)
    assert expert[1000:1400].mean() == pytest.approx(0.32, abs=0.1)
    assert not expert[2100:].any()
    with bench.reader() as reader:
        shares = reader.episodes().expert_shares
        assert reader.curve("expert_ratio").values[-1] == 0
    assert shares[0] > 0.5
    assert shares[-1] == 0


def test_the_best_checkpoint_is_found_by_the_agents_own_games_only(tmp_path: Path) -> None:
    with_expert = Bench(tmp_path / "a", num_envs=4, life=2, steps=2000, expert_ratio=0.5)
    with_expert.train()
    assert with_expert.run.checkpoints.best() is None
    alone = Bench(tmp_path / "b", num_envs=4, life=2, steps=2000)
    alone.train()
    best = alone.run.checkpoints.best()
    assert best is not None
    assert best.mean_score == 60.0


def test_checkpoints_come_by_steps_and_at_the_end(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "run", num_envs=2, life=100, steps=90, save_every_steps=20)
    bench.train()
    assert bench.run.checkpoints.env_steps() == [60, 80, 90]


def test_checkpoints_come_by_time(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "run", num_envs=2, life=100, steps=10, save_every_steps=10**6, save_every_s=1e-9)
    bench.train()
    assert bench.run.checkpoints.env_steps() == [6, 8, 10]


def test_a_disk_that_is_full_for_a_while_does_not_end_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from quarterup.training import checkpoints

    bench = Bench(tmp_path / "run", num_envs=2, life=100, steps=100, save_every_steps=20)
    whole = checkpoints.write_file

    def write(path: Path, content: bytes) -> None:
        if 30 <= bench.trainer.counters.env_steps < 70:
            raise OSError(28, "No space left on device")
        whole(path, content)

    monkeypatch.setattr(checkpoints, "write_file", write)
    bench.train()
    assert bench.run.checkpoints.env_steps() == [20, 80, 100]
    assert len(bench.display.notes) == 2
    assert "No space left on device" in bench.display.notes[0]
    with bench.reader() as reader:
        assert [event.env_step for event in reader.events() if event.kind == "trouble"] == [40, 60]


def test_a_disk_that_is_full_at_the_end_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from quarterup.training import checkpoints

    bench = Bench(tmp_path / "run", num_envs=2, life=100, steps=30, save_every_steps=20)
    bench.train()
    again = Bench(tmp_path / "again", num_envs=2, life=100, steps=30, save_every_steps=20)

    def write(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoints, "write_file", write)
    with pytest.raises(CheckpointError, match="No space left on device"):
        again.train()


def test_numbers_that_go_bad_end_the_run_with_what_it_had_saved(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "run", num_envs=2, life=100, steps=100, replay_ratio=1.0)
    bench.agent.fail_at = 25
    with pytest.raises(TrainingError, match="not finite"):
        bench.train()
    assert bench.run.checkpoints.env_steps() == [24]


def test_another_start_follows_a_resume_and_it_is_always_the_same(tmp_path: Path) -> None:
    first = Bench(tmp_path / "a", steps=20)
    first.train()
    saved = first.run.checkpoints.load(20)
    seeds = []
    for name in ("b", "c"):
        next_session = Bench(tmp_path / name, steps=40)
        next_session.trainer.load(saved)
        next_session.train()
        assert next_session.trainer.counters.env_steps == 40
        seeds += next_session.env.seeds
    assert seeds[0] == seeds[1] != first.env.seeds[0]


def test_a_checkpoint_of_another_agent_is_refused(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "run")
    with pytest.raises(CheckpointError, match="does not fit: The tensor updates is missing"):
        bench.trainer.load(Checkpoint(10, AgentState({}, {}), {"updates": 0, "updates_due": 0.0}))


def test_an_environment_that_resets_in_another_way_is_refused() -> None:
    import gymnasium

    vector = gymnasium.make_vec(
        "CartPole-v1", 2, vectorization_mode="sync", vector_kwargs={"autoreset_mode": AutoresetMode.SAME_STEP}
    )
    with pytest.raises(ValueError, match="next-step autoreset"):
        TrainingEnv(vector, 1)


SMALL_PQN = PQNSettings(rollout_steps=8, batch_size=8, hidden_sizes=(16,), metrics_every=5)


@pytest.mark.parametrize("changes", [{}, {"agent": "pqn", "agent_settings": SMALL_PQN}], ids=["rainbow", "pqn"])
def test_the_same_seed_gives_the_same_run_bit_for_bit(tmp_path: Path, changes: dict[str, Any]) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        train_cartpole(tmp_path / name, 1200, seed=seed, **changes)
    (scalars, episodes, weights), again, other = (scalars_and_weights(tmp_path / name) for name in "abc")
    assert len(scalars) > 100
    assert scalars == again[0]
    assert episodes == again[1]
    assert weights.keys() == again[2].keys()
    assert all(torch.equal(tensor, again[2][name]) for name, tensor in weights.items())
    assert scalars != other[0]


def test_a_run_without_a_replay_goes_on_where_it_was(tmp_path: Path) -> None:
    changes = {"agent": "pqn", "agent_settings": SMALL_PQN}
    first, _ = train_cartpole(tmp_path / "run", 600, **changes)
    again, _ = train_cartpole(tmp_path / "run", 1200, resume=True, **changes)
    assert again.env_steps >= 1200
    assert again.updates > 1.5 * first.updates
    assert again.actor.env_steps == again.env_steps
