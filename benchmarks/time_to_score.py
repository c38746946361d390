"""How long until an agent plays Space Invaders as well as the rule-based player? Beside Stable-Baselines3's DQN.

    python benchmarks/time_to_score.py                         three seeds of each, half an hour each at most
    python benchmarks/time_to_score.py --seeds 1 --limit-minutes 6 --expert-score 1568
    pip install stable-baselines3                              for the peer; without it only ours is measured

All play the same emulators under the same rules: those of the game's settings (features, frame skip, sticky actions,
what a lost life means, number of emulators), all on one thread of torch. The peer has a network of PQN's hidden
sizes. Whoever learns, "reached" is the first moment at which the mean score of the last 50 whole games of the training,
exploration included, is at least the rule-based player's mean, which is measured first under the same rules. The clock
starts at the first reset, when the emulators have started, and counts everything from there on: learning, and for ours
metrics and checkpoints, which the peer doesn't write.

Runs take turns: seed 1 of all, then seed 2. Each result is written to `--results` as soon as it is there; begun again
with the same file, only what is missing is run. Prints that file's content, one JSON object.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from quarterup.emulators.processors import usable_processors
from quarterup.envs import ArcadeVectorEnv
from quarterup.envs.vector_env import Step
from quarterup.training.environment import TrainingEnv
from quarterup.training.evaluation import evaluate
from quarterup.training.files import replace_file
from quarterup.training.policies import ExpertPolicy
from quarterup.training.presets import settings_for
from quarterup.training.progress import Silence
from quarterup.training.session import train
from quarterup.training.settings import TrainSettings, to_json
from report import say, version_of

GAME = "space_invaders"
GAMES_IN_MEAN = 50
EXPERT_GAMES = 30
NO_END = 10**9
"""Env steps of a run that ends for another reason."""
THREADS = 1
"""Of torch. The emulators have the other cores; more threads make neither side faster."""
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
PEER_REWARD_SCALE = 0.1
"""Points are multiplied by this, as PQN's are, where the zoo clips rewards to their sign."""


class RunOver(Exception):
    """The score is reached, or the time is up."""


class TimedArcade(ArcadeVectorEnv):
    """The emulators of one run, and its clock. A step raises RunOver once the run is over."""

    def __init__(self, settings: TrainSettings, mode: AutoresetMode, target: float, limit_s: float) -> None:
        self.target, self.limit_s = target, limit_s
        self.scores: deque[float] = deque(maxlen=GAMES_IN_MEAN)
        """Of the last whole games."""
        self.env_steps = self.games = 0
        self.best_mean: float | None = None
        self.began: float | None = None
        self.seconds = 0.0
        self.reached = False
        super().__init__(settings.game, settings.envs, autoreset_mode=mode, **vars(settings.env))

    def reset(self, **arguments: Any) -> tuple[NDArray[Any], dict[str, Any]]:  # type: ignore[override]
        if self.began is None:
            self.began = time.perf_counter()
        return super().reset(**arguments)

    def receive(self) -> Step:
        decisions = int(np.count_nonzero(~self._resetting))
        step = super().receive()
        self.env_steps += decisions
        _, _, terminated, truncated, infos = step
        ended = terminated | truncated
        if ended.any():
            last = infos.get("final_info", infos)
            for index in np.flatnonzero(ended).tolist():
                lost_a_life_only = not truncated[index] and last["lives"][index] > 0
                if not lost_a_life_only and not last["emulator_died"][index]:
                    self._take_score(float(last["score"][index]))
        assert self.began is not None
        self.seconds = time.perf_counter() - self.began
        if self.reached or self.seconds >= self.limit_s:
            raise RunOver
        return step

    def _take_score(self, score: float) -> None:
        self.games += 1
        self.scores.append(score)
        if len(self.scores) == GAMES_IN_MEAN:
            mean = statistics.fmean(self.scores)
            self.best_mean = mean if self.best_mean is None else max(mean, self.best_mean)
            self.reached = self.reached or mean >= self.target

    def outcome(self) -> dict[str, Any]:
        return {
            "reached": self.reached,
            "seconds": round(self.seconds, 1),
            "env_steps": self.env_steps,
            "games": self.games,
            "mean_score": round(statistics.fmean(self.scores), 1) if self.scores else None,
            "best_mean_score": None if self.best_mean is None else round(self.best_mean, 1),
        }


# ------------------------------------------------------------------------------------------------------ who takes part


def ours(agent: str, seed: int, target: float, limit_s: float) -> dict[str, Any]:
    """One run of the trainer that `quarterup train` uses."""
    settings = our_settings(agent)
    env: TimedArcade | None = None

    def make_env(wanted: TrainSettings) -> TrainingEnv:
        nonlocal env
        env = TimedArcade(wanted, AutoresetMode.NEXT_STEP, target, limit_s)
        return TrainingEnv(env, wanted.env.frame_skip)

    with tempfile.TemporaryDirectory() as folder:
        wanted = dataclasses.replace(settings, seed=seed, run=Path(folder) / "run")
        try:
            train(wanted, Silence(), make_env)
        except RunOver:
            assert env is not None
            return env.outcome()
    raise KeyboardInterrupt  # The trainer takes Ctrl-C for a wish to save and end.


def our_settings(agent: str) -> TrainSettings:
    return dataclasses.replace(settings_for(GAME, agent), steps=NO_END, threads=THREADS, device="cpu")


def peer(seed: int, target: float, limit_s: float) -> dict[str, Any]:
    """One run of Stable-Baselines3's DQN."""
    from stable_baselines3 import DQN

    torch.set_num_threads(THREADS)
    env = TimedArcade(our_settings("pqn"), AutoresetMode.SAME_STEP, target, limit_s)
    try:
        model = DQN("MlpPolicy", peer_vec_env(env), seed=seed, device="cpu", **PEER_SETTINGS)
        model.learn(PEER_STEPS)
    except RunOver:
        pass
    finally:
        env.close()
    return env.outcome()


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


Contender = Callable[[int, float, float], dict[str, Any]]
CONTENDERS: dict[str, Contender] = {
    "pqn": lambda seed, target, limit_s: ours("pqn", seed, target, limit_s),
    "rainbow": lambda seed, target, limit_s: ours("rainbow", seed, target, limit_s),
    PEER: peer,
}
"""Take a seed, the score to reach and the seconds that they have."""


def settings_of(contender: str) -> dict[str, Any]:
    if contender == PEER:
        return {**PEER_SETTINGS, "reward_scale": PEER_REWARD_SCALE}
    return {name: value for name, value in to_json(our_settings(contender)).items() if name not in ("run", "seed")}


# ------------------------------------------------------------------------------------------------------------- the race


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--contender", action="append", choices=CONTENDERS, help="who, may be repeated; default: all")
    parser.add_argument("--seeds", type=int, default=3, help="runs of each (default: 3)")
    parser.add_argument("--limit-minutes", type=float, default=30.0, help="of a run (default: 30)")
    parser.add_argument("--expert-score", type=float, help="the score to reach, instead of measuring it")
    parser.add_argument("--results", type=Path, default=Path("time_to_score.json"), help="where results are kept")
    arguments = parser.parse_args()
    if arguments.seeds < 1 or not arguments.limit_minutes > 0:
        parser.error("--seeds and --limit-minutes must be above 0.")
    wanted = arguments.contender or [*CONTENDERS]
    if PEER in wanted and version_of("stable-baselines3") is None:
        say("stable-baselines3 is not installed (pip install stable-baselines3): only ours are measured.")
        wanted.remove(PEER)
    report = read_or_begin(arguments.results, arguments.limit_minutes, arguments.expert_score)
    write(arguments.results, report)
    for seed in range(1, arguments.seeds + 1):
        for contender in wanted:
            if find_run(report, contender, seed) is None:
                say(f"{contender}, seed {seed}: {arguments.limit_minutes:g} minutes at most")
                outcome = CONTENDERS[contender](seed, report["target"]["score"], 60 * arguments.limit_minutes)
                load = round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None
                report["runs"].append({"contender": contender, "seed": seed, **outcome, "load_1min": load})
                report["settings"][contender] = settings_of(contender)
                report["command"] = " ".join(["python", *sys.argv])
                report["summary"] = summary(report["runs"])
                write(arguments.results, report)
                say(tell(contender, seed, outcome))
    print(json.dumps(report, indent=1))


def read_or_begin(path: Path, limit_minutes: float, expert_score: float | None) -> dict[str, Any]:
    """What is in the file, if it was begun under the same rules; otherwise a report without runs.

    Ends the program if the file belongs to another race.
    """
    if path.exists():
        report: dict[str, Any] = json.loads(path.read_text())
        same_target = expert_score in (None, report["target"]["score"])
        same_settings = all(plain(settings_of(name)) == values for name, values in report["settings"].items())
        if report["limit_minutes"] != limit_minutes or not same_target or not same_settings:
            raise SystemExit(f"{path} is of a race with another limit, score or settings. Use another --results.")
        return report
    target = {"score": expert_score, "source": "--expert-score"} if expert_score is not None else measure_expert()
    return {
        "game": GAME,
        "reached_when": f"mean of the last {GAMES_IN_MEAN} whole games while training >= target",
        "target": target,
        "limit_minutes": limit_minutes,
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
        reached = sum(run["reached"] for run in own)
        found[contender] = {
            "reached": f"{reached} of {len(own)}",
            "median_seconds": statistics.median(run["seconds"] for run in own),
            "median_env_steps": statistics.median(run["env_steps"] for run in own),
            "is_lower_bound": reached < len(own),
        }
    if PEER in found:
        for contender in set(found) - {PEER}:
            if not found[contender]["is_lower_bound"]:
                ratio = found[PEER]["median_seconds"] / found[contender]["median_seconds"]
                found[f"{PEER}_over_{contender}"] = {
                    "seconds": round(ratio, 2),
                    "is_lower_bound": found[PEER]["is_lower_bound"],
                }
    return found


def find_run(report: dict[str, Any], contender: str, seed: int) -> dict[str, Any] | None:
    same = (run for run in report["runs"] if (run["contender"], run["seed"]) == (contender, seed))
    return next(same, None)


def tell(contender: str, seed: int, outcome: dict[str, Any]) -> str:
    how = "reached after" if outcome["reached"] else "not reached after"
    return (
        f"{contender}, seed {seed}: {how} {outcome['seconds']:,} s, {outcome['env_steps']:,} env steps,"
        f" mean score {outcome['mean_score']}"
    )


def write(path: Path, report: dict[str, Any]) -> None:
    replace_file(path, (json.dumps(report, indent=1) + "\n").encode())


def plain(value: Any) -> Any:
    """As it comes back from JSON."""
    return json.loads(json.dumps(value))


if __name__ == "__main__":
    main()
