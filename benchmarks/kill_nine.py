"""Kill -9 at random moments of a training, again and again: does every resume go on from what was saved?

    python benchmarks/kill_nine.py                                   two hundred kills of a CartPole training
    python benchmarks/kill_nine.py --game space_invaders --kills 20  the command line, with real emulators

The training saves every second and is killed at a random moment: half of the times one between its start and its first
save, half of the times one in the two intervals of saving after it has said that it goes on. So it dies while it
starts, loads, plays, learns, and writes. After each kill everything in the run folder is looked at:
every checkpoint must be readable and the newest no older than before, the metrics database sound, no metric and no
episode in it twice, and env steps and seconds must rise. The next process must go on from there. At the end one more
is left to finish. In turns the learner is in the training's process and in one of its own (`--mode`).

CartPole trainings are forked from this process, which has loaded everything already: most of the time would otherwise
be Python's starts. Prints one JSON object, and exits with 1 if anything went wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import gymnasium

from quarterup.agents.rainbow_settings import RainbowSettings
from quarterup.envs.settings import EnvSettings
from quarterup.training.environment import TrainingEnv
from quarterup.training.errors import TrainingError
from quarterup.training.metrics import MetricsReader
from quarterup.training.progress import Silence
from quarterup.training.run_folder import RunFolder
from quarterup.training.session import train
from quarterup.training.settings import TrainSettings
from report import say

CARTPOLE = "cartpole"
NO_END = 10**9
FINISH_PATIENCE_S = 180.0
MODES = ("sync", "async")
SMALL = RainbowSettings(
    hidden_sizes=(16,), head_size=16, atoms=11, batch_size=8, learning_starts=100, replay_capacity=4000, metrics_every=5
)
SMALL_FLAGS = ("--agent.learning-starts", "500", "--agent.replay-capacity", "20000", "--agent.metrics-every", "20")


class Training(Protocol):
    """A process that trains."""

    def ended(self) -> int | None:
        """Its exit code, if it has ended by itself."""
        ...

    def kill(self) -> None: ...


@dataclass
class Findings:
    """What the kills did."""

    kills: int = 0
    resumes: int = 0
    """Processes that were started on the folder of a killed one."""
    went_on: int = 0
    """Those that lived long enough to say that they had resumed."""
    moments: Counter[str] = field(default_factory=Counter)
    """When kills came: before a process had written that it goes on, or after."""
    checkpoints_read: int = 0
    metrics_checked: int = 0
    """Rows of the last look."""
    problems: list[str] = field(default_factory=list)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--game", default=CARTPOLE, help=f"{CARTPOLE}, or a game in MAME")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--limit-minutes", type=float, default=60.0, help="no new kill after this long")
    parser.add_argument("--save-every-s", type=float, default=1.0)
    parser.add_argument("--mode", choices=(*MODES, "both"), default="both")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = measure(Path(folder) / "run", options)
    print(json.dumps(report, indent=1))
    return 1 if report["problems"] else 0


def measure(run: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Kill, look, and go on, as often as `options` say; then let it finish."""
    start = start_cartpole if options.game == CARTPOLE else starter_of_game(options.game)
    if options.game == CARTPOLE:
        train(cartpole_settings(run.with_name("warm-up"), 300, "sync", NO_END, False), Silence(), make_cartpole)
    modes = MODES if options.mode == "both" else (options.mode,)
    chance = random.Random(options.seed)
    found = Findings()
    began = time.monotonic()
    until_saved = [settle(start, run, mode, options) for mode in modes]
    reached = -1
    while found.kills < options.kills and time.monotonic() - began < 60 * options.limit_minutes:
        index = found.kills % len(modes)
        before = resumed_count(run)
        training = start(run, NO_END, modes[index], options.save_every_s, True)
        found.resumes += 1
        if chance.random() < 0.5:
            time.sleep(chance.uniform(0, until_saved[index]))
        else:
            while resumed_count(run) == before and training.ended() is None:
                time.sleep(0.02)
            time.sleep(chance.uniform(0, 2 * options.save_every_s))
        if (code := training.ended()) is not None:
            found.problems.append(f"kill {found.kills}: the training had ended by itself with {code}")
            break
        training.kill()
        found.kills += 1
        went_on = resumed_count(run) > before
        found.went_on += went_on
        reached = look(run, reached, found)
        found.moments["playing" if went_on else "starting"] += 1
        if found.kills % 10 == 0:
            say(f"{found.kills} kills, step {reached:,}, problems: {found.problems or 'none'}")
    finish(start, run, reached, modes[0], options, found)
    return {
        "game": options.game,
        "kills": found.kills,
        "moments": dict(found.moments),
        "resumes": found.resumes + 1,
        "resumes_that_failed": sum("resume" in problem or "ended" in problem for problem in found.problems),
        "checkpoints_read": found.checkpoints_read,
        "metrics_checked_at_the_end": found.metrics_checked,
        "env_steps_at_the_end": reached,
        "seconds": round(time.monotonic() - began),
        "seconds_to_the_first_save_after_a_start": round(statistics.mean(until_saved), 1),
        "problems": found.problems,
    }


def settle(start: Callable[..., Training], run: Path, mode: str, options: argparse.Namespace) -> float:
    """Let it train until it has saved, then kill it; return how many seconds that took."""
    resume = run.exists()
    before = steps_saved(run)
    began = time.monotonic()
    training = start(run, NO_END, mode, options.save_every_s, resume)
    while steps_saved(run) == before:
        if training.ended() is not None:
            raise SystemExit(f"The training ended before anybody killed it, with {training.ended()}.")
        time.sleep(0.02)
    took = time.monotonic() - began
    training.kill()
    return took


def finish(
    start: Callable[..., Training], run: Path, reached: int, mode: str, options: argparse.Namespace, found: Findings
) -> None:
    """One more resume, which nobody kills, must come to its end."""
    training = start(run, reached + 1000, mode, options.save_every_s, True)
    deadline = time.monotonic() + FINISH_PATIENCE_S
    while training.ended() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    if training.ended() != 0:
        training.kill()
        found.problems.append(f"the last resume did not finish: exit code {training.ended()}")
    look(run, reached, found)


def look(run: Path, reached: int, found: Findings) -> int:
    """Check the whole folder after a kill; return the env step of the newest checkpoint."""
    folder = RunFolder.open(run)

    def problem(text: str) -> None:
        found.problems.append(f"kill {found.kills}: {text}")

    steps = folder.checkpoints.env_steps()
    for step in steps:
        try:
            folder.checkpoints.load(step)
            found.checkpoints_read += 1
        except TrainingError as error:
            problem(str(error))
    if not steps or steps[-1] < reached:
        problem(f"the newest checkpoint is of step {steps[-1] if steps else None}, and it had been {reached}")
    with MetricsReader(folder.metrics) as metrics:
        database = metrics._database
        if (answer := database.execute("PRAGMA integrity_check").fetchone()) != ("ok",):
            problem(f"the database is not sound: {answer}")
        for table, key in (("scalars", "name, env_step"), ("episodes", "env, env_step")):
            rows, different = database.execute(
                f"SELECT (SELECT count(*) FROM {table}), count(*) FROM (SELECT DISTINCT {key} FROM {table})"
            ).fetchone()
            if rows != different:
                problem(f"{rows - different} rows of {table} are there twice")
            falls = database.execute(
                f"SELECT count(*) FROM (SELECT wall_s - lag(wall_s) OVER (ORDER BY rowid) AS gain,"
                f" env_step - lag(env_step) OVER (ORDER BY rowid) AS steps FROM {table}) WHERE gain < 0 OR steps < 0"
            ).fetchone()[0]
            if falls:
                problem(f"time or env steps fall {falls} times in {table}")
            found.metrics_checked = rows if table == "scalars" else found.metrics_checked + rows
    return max(reached, steps[-1]) if steps else reached


def resumed_count(run: Path) -> int:
    with MetricsReader(run / "metrics.db") as metrics:
        (latest,) = metrics._database.execute("SELECT max(rowid) FROM events WHERE kind = 'resumed'").fetchone()
    return latest or 0


def steps_saved(run: Path) -> list[int]:
    return RunFolder.open(run).checkpoints.env_steps() if (run / "config.json").exists() else []


# --------------------------------------------------------------------------------------------------------- trainings


class Command:
    """A training from the command line."""

    def __init__(self, arguments: list[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "quarterup.cli.main", "train", *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def ended(self) -> int | None:
        return self._process.poll()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


class Fork:
    """A training in a child of this process."""

    def __init__(self, work: Callable[[], int]) -> None:
        self._code: int | None = None
        self._pid = os.fork()
        if self._pid == 0:
            code = 2
            try:
                code = work()
            except BaseException as error:
                say(f"{type(error).__name__}: {error}")
            finally:
                os._exit(code)

    def ended(self) -> int | None:
        if self._code is None:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            self._code = os.waitstatus_to_exitcode(status) if pid else None
        return self._code

    def kill(self) -> None:
        if self.ended() is None:
            os.kill(self._pid, signal.SIGKILL)
            _, status = os.waitpid(self._pid, 0)
            self._code = os.waitstatus_to_exitcode(status)


def make_cartpole(wanted: TrainSettings) -> TrainingEnv:
    vector = gymnasium.make_vec("CartPole-v1", num_envs=wanted.envs, vectorization_mode="sync")
    return TrainingEnv(vector, frames_per_step=1)


def start_cartpole(run: Path, steps: int, mode: str, save_every_s: float, resume: bool) -> Training:
    settings = cartpole_settings(run, steps, mode, save_every_s, resume)
    return Fork(lambda: 0 if train(settings, Silence(), make_cartpole).finished else 3)


def cartpole_settings(run: Path, steps: int, mode: str, save_every_s: float, resume: bool) -> TrainSettings:
    return TrainSettings(
        game=CARTPOLE,
        steps=steps,
        run=run,
        resume=resume,
        mode=mode,  # type: ignore[arg-type]
        threads=1,
        device="cpu",
        save_every_s=save_every_s,
        save_every_steps=NO_END,
        env=EnvSettings(frame_skip=1),
        agent_settings=SMALL,
    )


def starter_of_game(game: str) -> Callable[..., Training]:
    def start(run: Path, steps: int, mode: str, save_every_s: float, resume: bool) -> Training:
        flags = ["--run", str(run), "--steps", str(steps), "--mode", mode, "--save-every-s", str(save_every_s)]
        flags += ["--eval-episodes", "0"]
        return Command(["--resume", *flags] if resume else [game, "--agent", "rainbow", *SMALL_FLAGS, *flags])

    return start


if __name__ == "__main__":
    sys.exit(main())
