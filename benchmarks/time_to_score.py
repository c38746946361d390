"""How long until an agent plays Space Invaders as well as the rule-based player? Beside Stable-Baselines3's DQN.

    python benchmarks/time_to_score.py                         three seeds of each, half an hour each at most
    python benchmarks/time_to_score.py --seeds 1 --limit-minutes 6 --expert-score 1568
    pip install stable-baselines3                              for the peer; without it only ours is measured

All play the same emulators under the same rules: those of the game's settings (features, frame skip, sticky actions,
what a lost life means, number of emulators), all on one thread of torch, with two hidden layers of 256. `rainbow` is
what `quarterup train` begins with, which has little of Rainbow left; `quick` the same with larger and more steps of
learning: it gets to the score sooner, and to less in the end. The peer's settings were chosen for this race, too.

The score to reach is the rule-based player's mean, which is measured first under the same rules. There are two ways
to reach it, the same for all:

- "reached": the mean of the last 50 whole games of the training, exploration included, is at least that. It lags by as
  many games, some 70,000 env steps, and says as much of how long somebody explores as of what was learned.
- "greedy": every 5 seconds the clock stops, and the player as it is plays 30 whole games without exploration in other
  emulators, always the same games. The first of two times in a row with a mean of at least that counts: one mean alone
  may be luck, and players go up and down.

A run ends when both are reached, or with `--until greedy` when the second is. The clock starts at the first step, when
emulators and libraries have been loaded on both sides, and counts everything but the games without exploration:
learning, and for ours metrics and checkpoints, which the peer doesn't write. A learner in a process of its own is not
stopped with the clock, but has nothing more to do than what is due.

Runs take turns: seed 1 of all, then seed 2. Each result is written to `--results` as soon as it is there; begun again
with the same file, only what is missing is run. Prints that file's content, one JSON object.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from quarterup.agents.registry import AGENTS
from quarterup.agents.schedules import Linear
from quarterup.emulators.processors import usable_processors
from quarterup.training.environment import TrainingEnv
from quarterup.training.evaluation import evaluate
from quarterup.training.files import replace_file
from quarterup.training.policies import ExpertPolicy
from quarterup.training.presets import settings_for
from quarterup.training.progress import Silence
from quarterup.training.session import train
from quarterup.training.settings import TrainSettings, to_json
from report import say, version_of
from timed_arcade import GAMES_IN_LOOK, GAMES_IN_MEAN, LOOK_EVERY_S, Player, RunOver, TimedArcade

GAME = "space_invaders"
EXPERT_GAMES = 30
NO_END = 10**9
"""Env steps of a run that ends for another reason."""
THREADS = 1
"""Of torch. The emulators have the other cores; more threads make neither side faster."""
QUICK = "quick"
QUICK_REPLAY_RATIO = 1 / 8
QUICK_LEARNING: dict[str, Any] = {
    "batch_size": 64,
    "learning_rate": 1e-3,
    "target_every": 200,
    "epsilon": Linear(1.0, 0.01, 25_000),
}
"""Instead of those of `rainbow`: as many transitions in twice the updates. docs/games/space_invaders.md has what else
was tried."""
PEER = "sb3_dqn"
PEER_STEPS = 10_000_000
"""Of which its exploration schedule is a fraction."""
PEER_SETTINGS: dict[str, Any] = {
    "learning_rate": 3e-4,
    "buffer_size": 1_000_000,
    "learning_starts": 10_000,
    "batch_size": 128,
    "gamma": 0.99,
    "train_freq": 4,
    "gradient_steps": 1,
    "target_update_interval": 8_000,
    "exploration_fraction": 100_000 / PEER_STEPS,
    "exploration_final_eps": 0.01,
    "policy_kwargs": {"net_arch": [256, 256]},
}
"""The best that were found. They began as RL Zoo's for Atari (https://github.com/DLR-RM/rl-baselines3-zoo,
hyperparams/dqn.yml: step size 1e-4, batches of 32, an update for 4 env steps, a new target network every 1,000), with
as large a replay and as short a time of exploration as ours have, and learning that starts ten times as early, because
features are learned from sooner than pixels. So it took 315 s to the score; 186 s with batch, step size, updates (one
for 8 env steps) and target network as our Rainbow has them; 137 s with an update for 16 env steps, which is what
`train_freq` 4 is with four emulators (one seed each, on a busy machine)."""
PEER_LIKE_OURS = "sb3_dqn_like_ours"
LIKE_OURS: dict[str, Any] = {
    **PEER_SETTINGS,
    "learning_starts": 2_000,
    "target_update_interval": 1_600,
    "exploration_fraction": 50_000 / PEER_STEPS,
    "n_steps": 3,
}
"""With what ours has and it can have too: all but double Q-learning, averaged weights, scaled points, mirror images."""
PEER_REWARD_SCALE = 0.1
"""Points are multiplied by this, as PQN's are, where the zoo clips rewards to their sign."""


# ------------------------------------------------------------------------------------------------------ who takes part


@dataclasses.dataclass(frozen=True)
class Rules:
    """When a run is over."""

    target: float
    """The score to reach."""
    limit_s: float
    """Seconds of the clock that it has."""
    greedy_is_enough: bool
    """Whether the score need not be reached while training, too."""


def ours(contender: str, seed: int, rules: Rules) -> dict[str, Any]:
    """One run of the trainer that `quarterup train` uses."""
    settings = our_settings(contender)
    env: TimedArcade | None = None

    def make_env(wanted: TrainSettings) -> TrainingEnv:
        nonlocal env
        env = TimedArcade(wanted, AutoresetMode.NEXT_STEP, lambda: actors[0], **vars(rules))
        return TrainingEnv(env, wanted.env.frame_skip)

    with tempfile.TemporaryDirectory() as folder, made_actors(settings.agent) as actors:
        wanted = dataclasses.replace(settings, seed=seed, run=Path(folder) / "run", videos=0)
        try:
            train(wanted, Silence(), make_env)
        except RunOver:
            assert env is not None
            return env.outcome()
    raise KeyboardInterrupt  # The trainer takes Ctrl-C for a wish to save and end.


@contextlib.contextmanager
def made_actors(agent: str) -> Iterator[list[Player]]:
    """The actors that trainings of `agent` make while this lasts: who plays, by the newest weights there are."""
    kind, actors = AGENTS[agent], []

    def make(*arguments: Any) -> Any:
        made = kind.make(*arguments)
        actors.append(made.actor)
        return made

    def make_actor(*arguments: Any) -> Any:
        actors.append(kind.make_actor(*arguments))
        return actors[-1]

    AGENTS[agent] = dataclasses.replace(kind, make=make, make_actor=make_actor)
    try:
        yield actors
    finally:
        AGENTS[agent] = kind


def our_settings(contender: str) -> TrainSettings:
    if contender == QUICK:
        usual = our_settings("rainbow")
        learning = dataclasses.replace(usual.agent_settings, **QUICK_LEARNING)
        return dataclasses.replace(usual, replay_ratio=QUICK_REPLAY_RATIO, agent_settings=learning)
    return dataclasses.replace(settings_for(GAME, contender), steps=NO_END, threads=THREADS, device="cpu")


def peer(seed: int, rules: Rules, settings: Mapping[str, Any] = PEER_SETTINGS) -> dict[str, Any]:
    """One run of Stable-Baselines3's DQN."""
    from stable_baselines3 import DQN

    torch.set_num_threads(THREADS)
    made: list[Any] = []
    env = TimedArcade(our_settings("pqn"), AutoresetMode.SAME_STEP, lambda: PeerPlayer(made[0]), **vars(rules))
    try:
        made.append(DQN("MlpPolicy", peer_vec_env(env), seed=seed, device="cpu", **settings))
        made[0].learn(PEER_STEPS)
    except RunOver:
        pass
    finally:
        env.close()
    return env.outcome()


class PeerPlayer:
    """A model of Stable-Baselines3, as `Player`s are asked."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def act(self, observations: NDArray[Any], *, explore: bool) -> NDArray[np.int64]:
        actions, _ = self._model.predict(observations, deterministic=not explore)
        return np.asarray(actions, np.int64)


def peer_vec_env(arcade: TimedArcade) -> Any:
    """`arcade` as Stable-Baselines3 takes environments: its emulators still run all at once."""
    from stable_baselines3.common.vec_env import VecEnv

    class ArcadeVecEnv(VecEnv):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(arcade.num_envs, arcade.single_observation_space, arcade.single_action_space)

        def reset(self) -> NDArray[Any]:
            observations, _ = arcade.reset(seed=self._seeds)
            return observations

        def step_async(self, actions: NDArray[np.int64]) -> None:
            arcade.send(actions)

        def step_wait(self) -> tuple[NDArray[Any], NDArray[np.float32], NDArray[np.bool_], list[dict[str, Any]]]:
            observations, rewards, terminated, truncated, infos = arcade.receive()
            ended = terminated | truncated
            per_env: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
            for index in np.flatnonzero(ended).tolist():
                per_env[index]["terminal_observation"] = infos["final_obs"][index]
                per_env[index]["TimeLimit.truncated"] = bool(truncated[index] and not terminated[index])
            return observations, (rewards * PEER_REWARD_SCALE).astype(np.float32), ended, per_env

        def close(self) -> None:
            arcade.close()

        def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
            return [getattr(arcade, attr_name)] * self.num_envs

        def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
            raise NotImplementedError

        def env_method(self, method_name: str, *arguments: Any, indices: Any = None, **named: Any) -> list[Any]:
            raise NotImplementedError

        def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
            return [False] * self.num_envs

    return ArcadeVecEnv()


PEERS = {PEER: PEER_SETTINGS, PEER_LIKE_OURS: LIKE_OURS}
Contender = Callable[[int, Rules], dict[str, Any]]
CONTENDERS: dict[str, Contender] = {
    "pqn": partial(ours, "pqn"),
    "rainbow": partial(ours, "rainbow"),
    QUICK: partial(ours, QUICK),
    PEER: peer,
    PEER_LIKE_OURS: partial(peer, settings=LIKE_OURS),
}
"""Take a seed, and when the run is over."""


def settings_of(contender: str) -> dict[str, Any]:
    if contender in PEERS:
        return {**PEERS[contender], "reward_scale": PEER_REWARD_SCALE}
    return {name: value for name, value in to_json(our_settings(contender)).items() if name not in ("run", "seed")}


# ------------------------------------------------------------------------------------------------------------- the race


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--contender", action="append", choices=CONTENDERS, help="who, may be repeated; default: all")
    parser.add_argument("--seeds", type=int, default=3, help="runs of each (default: 3)")
    parser.add_argument("--limit-minutes", type=float, default=30.0, help="of a run (default: 30)")
    parser.add_argument(
        "--until", choices=("both", "greedy"), default="both", help="which way to reach the score a run waits for"
    )
    parser.add_argument("--expert-score", type=float, help="the score to reach, instead of measuring it")
    parser.add_argument("--results", type=Path, default=Path("time_to_score.json"), help="where results are kept")
    arguments = parser.parse_args()
    if arguments.seeds < 1 or not arguments.limit_minutes > 0:
        parser.error("--seeds and --limit-minutes must be above 0.")
    wanted = arguments.contender or [*CONTENDERS]
    if version_of("stable-baselines3") is None:
        say("stable-baselines3 is not installed (pip install stable-baselines3): only ours are measured.")
        wanted = [contender for contender in wanted if contender not in PEERS]
    report = read_or_begin(arguments.results, arguments.limit_minutes, arguments.until, arguments.expert_score)
    write(arguments.results, report)
    rules = Rules(report["target"]["score"], 60 * arguments.limit_minutes, arguments.until == "greedy")
    for seed in range(1, arguments.seeds + 1):
        for contender in wanted:
            if find_run(report, contender, seed) is None:
                say(f"{contender}, seed {seed}: {arguments.limit_minutes:g} minutes at most")
                outcome = CONTENDERS[contender](seed, rules)
                load = round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None
                report["runs"].append({"contender": contender, "seed": seed, **outcome, "load_1min": load})
                report["settings"][contender] = settings_of(contender)
                report["command"] = " ".join(["python", *sys.argv])
                report["summary"] = summary(report["runs"])
                write(arguments.results, report)
                say(tell(contender, seed, outcome))
    print(json.dumps(report, indent=1))


def read_or_begin(path: Path, limit_minutes: float, until: str, expert_score: float | None) -> dict[str, Any]:
    """What is in the file, if it was begun under the same rules; otherwise a report without runs.

    Ends the program if the file belongs to another race.
    """
    if path.exists():
        report: dict[str, Any] = json.loads(path.read_text())
        same_target = expert_score in (None, report["target"]["score"])
        same_settings = all(plain(settings_of(name)) == values for name, values in report["settings"].items())
        same_end = (report["limit_minutes"], report["until"]) == (limit_minutes, until)
        if not (same_end and same_target and same_settings):
            raise SystemExit(f"{path} is of a race with another end, score or settings. Use another --results.")
        return report
    target = {"score": expert_score, "source": "--expert-score"} if expert_score is not None else measure_expert()
    return {
        "game": GAME,
        "reached_when": f"mean of the last {GAMES_IN_MEAN} whole games while training >= target",
        "greedy_when": f"mean of {GAMES_IN_LOOK} games without exploration >= target, every {LOOK_EVERY_S:g} s, twice",
        "target": target,
        "limit_minutes": limit_minutes,
        "until": until,
        "machine": platform.processor() or platform.machine(),
        "cores": len(usable_processors()),
        "torch_threads": THREADS,
        "versions": {name: version_of(name) for name in ("quarterup", "torch", "numpy", "stable-baselines3")},
        "date": time.strftime("%Y-%m-%d"),
        "settings": {},
        "runs": [],
        "summary": {},
    }


def measure_expert() -> dict[str, Any]:
    """The rule-based player's mean score, under the rules that all train with."""
    say(f"The rule-based player plays {EXPERT_GAMES} games.")
    settings = our_settings("pqn")
    evaluation = evaluate(ExpertPolicy(), GAME, settings.env, episodes=EXPERT_GAMES, num_envs=settings.envs)
    mean = evaluation.mean
    protocol = evaluation.protocol
    return {
        "score": mean.mean,
        "low": mean.low,
        "high": mean.high,
        "source": f"rule-based player, {EXPERT_GAMES} games",
        "rom_status": protocol.rom_status,
        "emulator": protocol.emulator,
    }


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """For each contender how many seeds got there and the median times; how many times as long the peer takes.

    A run that did not get there counts with the time it had. So a peer's median is a lower bound as soon as one of
    its runs is among those, and so is the ratio. If one of ours did not get there, there is no ratio.
    """
    found: dict[str, Any] = {}
    for contender in dict.fromkeys(run["contender"] for run in runs):
        own = [run for run in runs if run["contender"] == contender]
        ended = [{"seconds": run["ended_seconds"], "env_steps": run["ended_env_steps"]} for run in own]
        greedy = [run["greedy"] or end for run, end in zip(own, ended, strict=True)]
        found[contender] = {
            "training": _medians(own, sum(run["reached"] for run in own)),
            "greedy": _medians(greedy, sum(run["greedy"] is not None for run in own)),
        }
    for peer_name in set(PEERS) & set(found):
        for contender in set(found) - set(PEERS):
            ratios = {}
            for way in ("training", "greedy"):
                theirs, own_way = found[peer_name][way], found[contender][way]
                if not own_way["is_lower_bound"]:
                    ratios[way] = {
                        "seconds": round(theirs["median_seconds"] / own_way["median_seconds"], 2),
                        "env_steps": round(theirs["median_env_steps"] / own_way["median_env_steps"], 2),
                        "is_lower_bound": theirs["is_lower_bound"],
                    }
            found[f"{peer_name}_over_{contender}"] = ratios
    return found


def _medians(outcomes: list[dict[str, Any]], reached: int) -> dict[str, Any]:
    return {
        "reached": f"{reached} of {len(outcomes)}",
        "median_seconds": statistics.median(outcome["seconds"] for outcome in outcomes),
        "median_env_steps": statistics.median(outcome["env_steps"] for outcome in outcomes),
        "is_lower_bound": reached < len(outcomes),
    }


def find_run(report: dict[str, Any], contender: str, seed: int) -> dict[str, Any] | None:
    same = (run for run in report["runs"] if (run["contender"], run["seed"]) == (contender, seed))
    return next(same, None)


def tell(contender: str, seed: int, outcome: dict[str, Any]) -> str:
    how = "reached after" if outcome["reached"] else "not reached after"
    greedy = outcome["greedy"]
    first = f"after {greedy['seconds']:,} s, {greedy['env_steps']:,} env steps" if greedy else "not"
    return (
        f"{contender}, seed {seed}: {how} {outcome['seconds']:,} s, {outcome['env_steps']:,} env steps,"
        f" mean score {outcome['mean_score']}; without exploration {first}"
    )


def write(path: Path, report: dict[str, Any]) -> None:
    replace_file(path, (json.dumps(report, indent=1) + "\n").encode())


def plain(value: Any) -> Any:
    """As it comes back from JSON."""
    return json.loads(json.dumps(value))


if __name__ == "__main__":
    main()
