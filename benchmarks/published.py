"""Do the agents learn as well as those of others? Trains them on public tasks, beside the figures that were published.

    python benchmarks/published.py                                      every task, both agents, three seeds
    python benchmarks/published.py --task cartpole --agent pqn --seeds 5

Each seed is one run of the trainer that `quarterup train` uses, with the settings named below. Its score is the mean
of 100 whole episodes by the agent as it is at the end, without exploration: never that of its best moment. The
interval is a 95 % bootstrap over the seeds. LunarLander needs `gymnasium[box2d]`, MinAtar needs `minatar` (GPL, used
by nothing but this file): `pip install -e ".[published]"` brings both. Tasks that lack theirs are skipped.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import json
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from numpy.typing import NDArray

from quarterup.agents.agent import Actor
from quarterup.agents.pqn import PQNSettings
from quarterup.agents.rainbow_settings import RainbowSettings
from quarterup.agents.schedules import Linear
from quarterup.envs.settings import EnvSettings
from quarterup.training.environment import TrainingEnv
from quarterup.training.progress import Silence
from quarterup.training.session import train
from quarterup.training.settings import TrainSettings
from quarterup.training.statistics import bootstrap_mean

EPISODES = 100
"""Episodes that a score is the mean of."""
EVALUATION_SEED = 1_000_000
"""Environments of the evaluation are seeded from here on, those of the training from small numbers."""
MINATAR_TIME_LIMIT = 1_000
"""Steps after which an episode of MinAtar is cut, which has no limit of its own: that of
gymnax, the lowest among those that ours are compared with."""


@dataclass(frozen=True)
class Figure:
    """A score that somebody published."""

    agent: str
    score: float
    spread: str
    """What stands beside the score, and of what."""
    env_steps: int
    source: str


@dataclass(frozen=True)
class Task:
    """One environment, what others reached in it, and what our agents are trained with."""

    env_id: str
    package: str | None
    """The module that the environment needs beyond Gymnasium, and how it is installed."""
    install: str
    figures: tuple[Figure, ...]
    remark: str
    """What to know when comparing."""
    settings: Mapping[str, TrainSettings]
    """By agent."""


CLEANRL = "https://docs.cleanrl.dev/rl-algorithms/"
"""Mean and standard deviation over three seeds, of the returns while training."""
ZOO = "https://github.com/DLR-RM/rl-baselines3-zoo/blob/master/benchmark.md"
"""Mean and standard deviation over the episodes of one run, without exploration."""
NAPKIN = "https://github.com/arose26/napkin-replay"
"""Interquartile mean and its 95 % interval over five seeds, of the returns while training with an epsilon of 0.1."""
GYMNAX = "https://github.com/RobertTLange/gymnax (steps: gymnax-blines, agents/*/ppo.yaml)"
"""One trained agent a game, in gymnax's own port of MinAtar: no sticky actions, games cut at 1,000 steps."""


def settings(
    agent_settings: RainbowSettings | PQNSettings, *, steps: int, envs: int, replay_ratio: float = 0.25
) -> TrainSettings:
    """A run on one core, without anything of an arcade."""
    return TrainSettings(
        game="",
        agent="pqn" if isinstance(agent_settings, PQNSettings) else "rainbow",
        steps=steps,
        envs=envs,
        replay_ratio=replay_ratio,
        mode="sync",
        threads=1,
        device="cpu",
        save_every_s=3600.0,
        save_every_steps=10**9,
        env=EnvSettings(frame_skip=1),
        agent_settings=agent_settings,
    )


MINATAR_SETTINGS = {
    "rainbow": settings(
        RainbowSettings(
            hidden_sizes=(128,),
            value_rescaling=False,
            reward_scale=1.0,
            v_min=0.0,
            v_max=50.0,
            learning_rate=2.5e-4,
            learning_starts=5_000,
            target_every=1_000,
        ),
        steps=500_000,
        envs=8,
        replay_ratio=0.125,
    ),
    "pqn": settings(
        PQNSettings(
            reward_scale=1.0,
            hidden_sizes=(128,),
            learning_rate=Linear(5e-4, 0.0, 1_000_000),
            epsilon=Linear(1.0, 0.05, 100_000),
        ),
        steps=1_000_000,
        envs=128,
    ),
}
"""For every game. PQN's are those of purejaxql's MinAtar configuration, with a tenth of its steps; the network is that
of the MinAtar paper, one convolution of 16 channels and 128 units."""

MINATAR_REMARK = (
    "The MinAtar paper prints curves and no table. Sticky actions of 0.1, games cut at 1,000 steps. PQN sees the grid,"
    " Rainbow a flat vector."
)

TASKS = {
    "cartpole": Task(
        env_id="CartPole-v1",
        package=None,
        install="",
        figures=(
            Figure("DQN", 488.7, "± 16.1", 500_000, CLEANRL + "dqn/"),
            Figure("C51", 481.2, "± 20.5", 500_000, CLEANRL + "c51/"),
            Figure("PQN", 495.1, "± 6.9", 500_000, CLEANRL + "pqn/"),
            Figure("DQN", 500.0, "± 0.0", 50_000, ZOO),
            Figure("QR-DQN", 500.0, "± 0.0", 50_000, ZOO),
        ),
        remark="500 is the most there is. Rainbow is switched to plain DQN here, with the Zoo's own settings for it.",
        settings={
            "rainbow": settings(
                RainbowSettings(
                    double=False,
                    dueling=False,
                    noisy=False,
                    prioritized=False,
                    values="mean",
                    n_step=1,
                    reward_scale=1.0,
                    value_rescaling=False,
                    hidden_sizes=(256,),
                    head_size=256,
                    batch_size=64,
                    learning_rate=2.3e-3,
                    adam_epsilon=1e-8,
                    target_every=128,
                    learning_starts=1_000,
                    replay_capacity=100_000,
                    epsilon=Linear(1.0, 0.04, 8_000),
                ),
                steps=50_000,
                envs=1,
                replay_ratio=0.5,
            ),
            "pqn": settings(
                PQNSettings(
                    epochs=4,
                    q_lambda=0.95,
                    hidden_sizes=(128, 128),
                    learning_rate=Linear(5e-4, 0.0, 200_000),
                    epsilon=Linear(1.0, 0.05, 50_000),
                ),
                steps=200_000,
                envs=8,
            ),
        },
    ),
    "lunarlander": Task(
        env_id="LunarLander-v3",
        package="Box2D",
        install='pip install "gymnasium[box2d]"',
        figures=(
            Figure("DQN", 154.4, "± 79.2", 100_000, ZOO),
            Figure("QR-DQN", 70.2, "± 225.5", 100_000, ZOO),
        ),
        remark="The published figures are of LunarLander-v2; v3 mends how its world is reset.",
        settings={
            "rainbow": settings(
                RainbowSettings(
                    noisy=False,
                    values="mean",
                    hidden_sizes=(256, 256),
                    value_rescaling=False,
                    learning_rate=5e-4,
                    target_every=250,
                    replay_capacity=100_000,
                    beta=Linear(0.4, 1.0, 100_000),
                    epsilon=Linear(1.0, 0.05, 20_000),
                ),
                steps=100_000,
                envs=4,
                replay_ratio=0.5,
            ),
            "pqn": settings(
                PQNSettings(
                    epochs=4,
                    q_lambda=0.9,
                    learning_rate=Linear(5e-4, 0.0, 500_000),
                    epsilon=Linear(1.0, 0.02, 100_000),
                ),
                steps=500_000,
                envs=16,
            ),
        },
    ),
    "minatar_breakout": Task(
        env_id="MinAtar/Breakout-v1",
        package="minatar",
        install="pip install minatar",
        figures=(
            Figure("DQN", 12.0, "(10.0 to 14.0)", 500_000, NAPKIN + " (full: 1 update a step)"),
            Figure("DQN", 9.1, "(8.5 to 9.7)", 500_000, NAPKIN + " (ratio.25: 1 update in 4 steps)"),
            Figure("PPO", 28.0, "", 10_000_000, GYMNAX),
        ),
        remark=MINATAR_REMARK,
        settings=MINATAR_SETTINGS,
    ),
    "minatar_asterix": Task(
        env_id="MinAtar/Asterix-v1",
        package="minatar",
        install="pip install minatar",
        figures=(Figure("PPO", 15.0, "", 10_000_000, GYMNAX),),
        remark=MINATAR_REMARK,
        settings=MINATAR_SETTINGS,
    ),
    "minatar_space_invaders": Task(
        env_id="MinAtar/SpaceInvaders-v1",
        package="minatar",
        install="pip install minatar",
        figures=(Figure("PPO", 131.0, "", 10_000_000, GYMNAX),),
        remark=MINATAR_REMARK,
        settings=MINATAR_SETTINGS,
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", action="append", choices=TASKS, help="which task, may be repeated; default: all")
    parser.add_argument("--agent", action="append", choices=("rainbow", "pqn"), help="which agent; default: both")
    parser.add_argument("--seeds", type=int, default=3, help="runs of each (default: 3)")
    parser.add_argument("--steps", type=int, help="env steps of a run, instead of the task's own")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    arguments = parser.parse_args()
    if arguments.seeds < 1 or (arguments.steps is not None and arguments.steps < 1):
        parser.error("--seeds and --steps must be above 0.")
    report = {}
    for name in arguments.task or TASKS:
        report[name] = compare(TASKS[name], arguments.agent or ("rainbow", "pqn"), arguments.seeds, arguments.steps)
        if not arguments.json:
            print(table(name, report[name]), flush=True)
    if arguments.json:
        print(json.dumps(report, indent=2))


def compare(task: Task, agents: list[str], seeds: int, steps: int | None) -> dict[str, Any]:
    """What is said of one task: published figures and our own, or why it was skipped."""
    report: dict[str, Any] = {
        "env": task.env_id,
        "remark": task.remark,
        "published": [dataclasses.asdict(figure) for figure in task.figures],
    }
    if task.package and importlib.util.find_spec(task.package) is None:
        return {**report, "skipped": f"{task.env_id} needs a package that is not here: {task.install}"}
    return {**report, "measured": {agent: measure(task, agent, seeds, steps) for agent in agents}}


def measure(task: Task, agent: str, seeds: int, steps: int | None) -> dict[str, Any]:
    """Train and evaluate one agent `seeds` times."""
    wanted = task.settings[agent]
    wanted = dataclasses.replace(wanted, game=task.env_id, steps=steps or wanted.steps)
    began = time.perf_counter()
    scores = [final_score(dataclasses.replace(wanted, seed=seed)) for seed in range(1, seeds + 1)]
    return {
        **dataclasses.asdict(bootstrap_mean(scores)),
        "scores": scores,
        "env_steps": wanted.steps,
        "s_per_seed": round((time.perf_counter() - began) / seeds, 1),
        "settings": dataclasses.asdict(wanted.agent_settings),  # type: ignore[call-overload]
    }


def final_score(wanted: TrainSettings) -> float:
    """Train once; the mean score of `EPISODES` episodes by the agent that this leaves."""
    with tempfile.TemporaryDirectory() as folder:
        result = train(dataclasses.replace(wanted, run=Path(folder) / "run"), Silence(), make_training_env)
    return evaluate(result.actor, wanted)


def make_training_env(wanted: TrainSettings) -> TrainingEnv:
    return TrainingEnv(make_vector(wanted, wanted.envs), frames_per_step=1)


def evaluate(actor: Actor, wanted: TrainSettings) -> float:
    """Mean score of `EPISODES` episodes without exploration, each in an environment of its own."""
    vector = make_vector(wanted, EPISODES)
    observations, _ = vector.reset(seed=EVALUATION_SEED)
    returns, playing = np.zeros(EPISODES), np.ones(EPISODES, np.bool_)
    while playing.any():
        actions = actor.act(observations, explore=False)
        observations, rewards, terminated, truncated, _ = vector.step(actions)
        returns += rewards * playing
        playing &= ~(terminated | truncated)
    vector.close()
    return float(returns.mean())


def make_vector(wanted: TrainSettings, num_envs: int) -> SyncVectorEnv:
    make = partial(make_one, wanted.game, as_grid=wanted.agent == "pqn")
    return SyncVectorEnv([make] * num_envs, autoreset_mode=AutoresetMode.NEXT_STEP)


def make_one(env_id: str, *, as_grid: bool) -> gym.Env[Any, Any]:
    """One environment. A grid of MinAtar is as it is for agents that have a network for it, otherwise one vector."""
    if not env_id.startswith("MinAtar/"):
        return gym.make(env_id)
    from minatar.gym import register_envs

    if env_id not in gym.registry:
        register_envs()
    return Grid(gym.make(env_id, max_episode_steps=MINATAR_TIME_LIMIT), as_grid=as_grid)


class Grid(gym.ObservationWrapper[NDArray[np.int8], Any, Any]):
    """MinAtar's cells (height, width, channels) as int8 (channels, height, width), or flat."""

    def __init__(self, env: gym.Env[Any, Any], *, as_grid: bool) -> None:
        super().__init__(env)
        height, width, channels = env.observation_space.shape or ()
        self._shape = (channels, height, width) if as_grid else (channels * height * width,)
        self.observation_space = gym.spaces.Box(0, 1, self._shape, np.int8)

    def observation(self, observation: NDArray[np.bool_]) -> NDArray[np.int8]:
        return observation.transpose(2, 0, 1).astype(np.int8).reshape(self._shape)


def table(name: str, report: Mapping[str, Any]) -> str:
    """The task's rows, for people."""
    lines = [f"{name}: {report['env']}. {report['remark']}"]
    for figure in (Figure(**values) for values in report["published"]):
        score = f"{figure.score:,.1f} {figure.spread}"
        lines.append(f"  {figure.agent:<18}{score:<28}{figure.env_steps:>12,} steps   {figure.source}")
    for agent, values in report.get("measured", {}).items():
        score = f"{values['mean']:,.1f} ({values['low']:,.1f} to {values['high']:,.1f})"
        seeds = f"seeds: {len(values['scores'])}, {values['s_per_seed']:,.0f} s each"
        lines.append(f"  quarterup {agent:<8}{score:<28}{values['env_steps']:>12,} steps   {seeds}")
    if "skipped" in report:
        lines.append(f"  skipped: {report['skipped']}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
