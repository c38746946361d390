"""The loop of a training: act, let the emulators run, learn meanwhile, take in what happened, and again.

It knows neither the algorithm nor the game. With the same seed, the same settings and environments that are
deterministic, a synchronous run on the CPU is the same run, bit for bit, up to its first resume.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quarterup.agents.agent import Transitions
from quarterup.agents.schedules import value_at
from quarterup.training.adjustments import adjusted
from quarterup.training.best_games import TROUBLE, BestGames
from quarterup.training.checkpoints import Best, Checkpoint
from quarterup.training.environment import TrainingEnv
from quarterup.training.episodes import EpisodeBook
from quarterup.training.errors import CheckpointError, SettingsError, TrainingError
from quarterup.training.interrupts import Interrupts
from quarterup.training.learner import Learner, Snapshot
from quarterup.training.live import Live
from quarterup.training.looks import write_look
from quarterup.training.metrics import MetricsWriter, Moment
from quarterup.training.progress import Display, Phase, Progress, Rates, Speedometer, Spent
from quarterup.training.requests import DoControl, Request, SetSchedules, take_requests
from quarterup.training.run_folder import RunFolder
from quarterup.training.settings import TrainSettings
from quarterup.training.steering import Helm, Pace, Steering

SCORE_WINDOW = 100
"""Episodes in the mean score."""
MIN_EPISODES_FOR_BEST = 30
"""A mean of fewer says too little to call a checkpoint the best."""
SHOW_EVERY_S = 0.5
ASK_EVERY_S = 0.1
"""How soon a control takes effect."""
SPEED_METRICS_EVERY_S = 10.0

ENV_STREAM, MIXING_STREAM = 0, 1
"""Which random stream, of those that come from the run's seed, is for what."""


@dataclass
class Counters:
    """Where a run stands. Kept in every checkpoint."""

    env_steps: int = 0
    updates: int = 0
    episodes: int = 0
    wall_s: float = 0.0
    updates_due: float = 0.0
    """What the replay ratio asks for and has not been done yet; below 1 between two steps."""
    emulators_replaced: int = 0
    best_score: float | None = None


class Trainer:
    """One session of one run, from where the run stands to its last step or to Ctrl-C."""

    def __init__(
        self,
        settings: TrainSettings,
        env: TrainingEnv,
        learner: Learner,
        run: RunFolder,
        metrics: MetricsWriter,
        display: Display,
        best_games: BestGames,
        live: Live,
    ) -> None:
        self.counters = Counters()
        self.progress = Progress(Phase.STARTING)
        """What was shown last."""
        self.scores: deque[float] = deque(maxlen=SCORE_WINDOW)
        """Of the last episodes."""
        self.own_scores: deque[float] = deque(maxlen=SCORE_WINDOW)
        """Of the last episodes in which the expert chose nothing: what the best checkpoint is found by."""
        self.settings = settings
        self.env = env
        self.steering = Steering()
        self._learner = learner
        self._run = run.path
        self._checkpoints = run.checkpoints
        self._metrics = metrics
        self._display = display
        self._best_games = best_games
        self._live = live
        self._adjusted: dict[str, Any] = {}
        """Schedules that were changed while the run went on, as `config.json` would have them."""
        self._episodes = EpisodeBook(env.num_envs, env.frames_per_step)
        self._pace = Pace(env.seconds_per_step)
        self._helm = Helm(self, settings)
        self._mixing = np.random.default_rng([settings.seed, MIXING_STREAM])
        self._best: Best | None = self._checkpoints.best()
        self._spent = Spent()
        self._speedometer = Speedometer()
        self._latest: dict[str, float] = {}
        self._rates = Rates()
        self._saved_env_step: int | None = None
        self._settled_env_step = 0
        self._trouble: str | None = None

    def load(self, checkpoint: Checkpoint) -> None:
        """Go on from `checkpoint`. Raises CheckpointError if it is of another agent."""
        values = dict(checkpoint.trainer)
        try:
            self._learner.load(Snapshot(checkpoint.agent, values["updates"], values["updates_due"]))
            self.scores.extend(values.pop("scores"))
            self.own_scores.extend(values.pop("own_scores"))
            self._mixing.bit_generator.state = values.pop("mixing")
            self.adjust(values.pop("adjusted", {}))
            self.counters = Counters(**values)
        except (ValueError, KeyError, TypeError) as error:
            raise CheckpointError(f"The checkpoint of step {checkpoint.env_step} does not fit: {error}") from error
        self._saved_env_step = checkpoint.env_step

    def record_next(self) -> None:
        """Make a video of the game that ends next."""
        self._best_games.record_next()

    def train(self, interrupts: Interrupts) -> None:
        """Train until the last step or until `interrupts` says so; then everything is saved.

        Raises CheckpointError if the last checkpoint could not be written, TrainingError if the agent's numbers went
        bad or its process died, and the emulator's errors if it cannot be replaced; before these, too, what can be
        saved is saved. The learner is left as it is, for the caller to stop.
        """
        self._begin_session()
        try:
            while self.counters.env_steps < self.settings.steps and not self._is_told_to_end(interrupts):
                if self.steering.paused:
                    self._rest()
                else:
                    self._step()
                    self._after_step()
            if self.counters.env_steps >= self.settings.steps:
                self._learner.finish()
                self._take_over_updates()
        except FloatingPointError as error:
            self._save_after(error)
            raise TrainingError(str(error)) from error
        except Exception as error:
            if type(error).__module__.startswith("quarterup."):
                self._save_after(error)
            raise
        finished = self.counters.env_steps >= self.settings.steps
        self._metrics.event(self._now(), "finished" if finished else "stopped", "")
        self._show()
        self._save()

    # ------------------------------------------------------------------------------------------------------- one step

    def _is_told_to_end(self, interrupts: Interrupts) -> bool:
        return interrupts.signal_number is not None or self.steering.stopped

    def _begin_session(self) -> None:
        self._started = time.perf_counter()
        self._wall_before = self.counters.wall_s
        self._last_save = self._next_show = self._started
        self._last_save_env_step = self._settled_env_step = self.counters.env_steps
        self._next_speed_metrics = self._started + SPEED_METRICS_EVERY_S
        self._phase = Phase.WARMING_UP
        """Until the agent is ready for the first time; one without replay is so only now and then."""
        self._next_ask = self._started
        for request in take_requests(self._run):
            if isinstance(request, SetSchedules):  # A control was meant for a session that is over.
                self._take(request)
        self.begin_episodes()
        self._show()

    def begin_episodes(self) -> None:
        """Begin all episodes anew. Those that were being played are not counted."""
        self._valid = np.ones(self.env.num_envs, np.bool_)
        self._episodes.begin_all()
        # Another start than that of the sessions before, but always the same after the same checkpoint.
        seed = np.random.SeedSequence([self.settings.seed, ENV_STREAM, self.counters.env_steps])
        self._observations = self.env.reset(int(seed.generate_state(1)[0]))

    def _step(self) -> None:
        """One vector step: N decisions. While the emulators carry them out, the learner works."""
        began = time.perf_counter()
        actions = self._learner.act(self._observations, explore=self.steering.exploring)
        expert = self._let_expert_choose(actions)
        self._live.decided(self._observations, actions, expert, self.counters.env_steps)
        acted = time.perf_counter()
        self.env.send(actions)
        sent = time.perf_counter()
        if self.steering.learning:
            self._earn_updates()
        learned = time.perf_counter()
        observations, rewards, terminated, truncated, infos = self.env.receive()
        received = time.perf_counter()
        valid = self._valid
        if self.steering.learning:
            self._learner.observe(
                Transitions(
                    observations=self._observations,
                    actions=actions,
                    rewards=rewards.astype(np.float32, copy=False),
                    terminated=terminated,
                    truncated=truncated,
                    valid=valid,
                    expert=expert,
                )
            )
        self._observations = observations
        self._count(rewards, terminated, truncated, valid, expert, infos)
        self._spent.act += acted - began
        self._spent.emulators += sent - acted + received - learned
        self._spent.learn, self._spent.held = self._learner.learning_s, self._learner.held_s

    def _earn_updates(self) -> None:
        if self._phase is Phase.WARMING_UP and self._learner.ready():
            self._phase = Phase.LEARNING
        self._learner.earn(int(np.count_nonzero(self._valid)))
        self._take_over_updates()

    def _take_over_updates(self) -> None:
        self.counters.updates, self.counters.updates_due = self._learner.updates, self._learner.due

    def _let_expert_choose(self, actions: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Replace some of `actions` by the expert's; returns which, shape (N,)."""
        ratio = self._expert_ratio()
        if ratio <= 0:
            return np.zeros(len(actions), np.bool_)
        expert = self._mixing.random(len(actions)) < ratio
        if expert.any():
            actions[expert] = self.env.expert_actions()[expert]
        return expert

    def _expert_ratio(self) -> float:
        return value_at(self.settings.expert_ratio, self.counters.env_steps)

    def _count(
        self,
        rewards: NDArray[np.float64],
        terminated: NDArray[np.bool_],
        truncated: NDArray[np.bool_],
        valid: NDArray[np.bool_],
        expert: NDArray[np.bool_],
        infos: Mapping[str, Any],
    ) -> None:
        self.counters.env_steps += int(np.count_nonzero(valid))
        self._episodes.count(rewards, valid, expert)
        ended = terminated | truncated
        self._valid = ~ended
        if ended.any():
            for index in np.flatnonzero(ended).tolist():
                self._end_episode(index, bool(truncated[index]), infos)

    def _end_episode(self, index: int, truncated: bool, infos: Mapping[str, Any]) -> None:
        died = str(infos["emulator_died"][index]) if "emulator_died" in infos else ""
        if self.settings.env.life_loss_ends_episode and not truncated and infos["lives"][index] > 0:
            return  # The same game goes on with the next life: scores are of whole games.
        counters, episode = self.counters, self._episodes.end(index, truncated, infos)
        score = episode.score
        if episode.steps:
            self._metrics.episode(self._now(), episode)
        if self.steering.verbosity:
            self._display.note(f"emulator {index}: {score:,.0f} points in {episode.steps:,} steps")
        if died:  # Perhaps before the episode's first step.
            counters.emulators_replaced += 1
            self._metrics.event(self._now(), "emulator died", died)
            self._display.note(f"An emulator was replaced: {died.splitlines()[0]}")
            return
        counters.episodes += 1
        self._best_games.game_over(score, counters.best_score, counters.env_steps, lambda: self.env.trace(index))
        counters.best_score = score if counters.best_score is None else max(score, counters.best_score)
        self.scores.append(score)
        if not episode.expert_share:
            self.own_scores.append(score)

    # -------------------------------------------------------------------------------------------------- between steps

    def _after_step(self) -> None:
        now = time.perf_counter()
        if now >= self._next_ask:
            self._take_requests(now)
        if now >= self._next_show:
            self._look_after_best_games()
            self._show()
        self._pace.keep(self.steering.speed)
        if self.counters.env_steps == self._settled_env_step:
            return  # All environments began an episode: nothing may be written twice under one env step.
        self._settled_env_step = self.counters.env_steps
        self._helm.after_step()
        if learned := self._learner.take_metrics():
            self._write_learned(learned)
        if now >= self._next_speed_metrics:
            self._write_speeds(now)
        self._metrics.write_if_due()
        if self._is_save_due(now):
            self._try_to_save()

    def _rest(self) -> None:
        """Let some time pass that does not count."""
        began = time.perf_counter()
        self._take_requests(began)
        if began >= self._next_show:
            self._show()
        self._metrics.write_if_due()
        time.sleep(ASK_EVERY_S)
        self._started += time.perf_counter() - began

    def _look_after_best_games(self) -> None:
        for kind, text in self._best_games.work():
            self._metrics.event(self._now(), kind, text)
            if kind == TROUBLE:
                self._display.note(text)

    # -------------------------------------------------------------------------------------------- what others ask for

    def _take_requests(self, now: float) -> None:
        """Do what others asked for: see `requests` and `controls`."""
        self._next_ask = now + ASK_EVERY_S
        for request in [*take_requests(self._run), *map(DoControl, self._display.pressed())]:
            self._take(request)

    def _take(self, request: Request) -> None:
        try:
            kind, text = self._helm.take(request)
        except (SettingsError, CheckpointError) as error:
            self._report(str(error))
            return
        self._metrics.event(self._now(), kind, text)
        self._display.note(text)

    def adjust(self, changes: Mapping[str, Any], *, keep: bool = True) -> None:
        """Go on with other schedules, also after a resume if `keep`. Raises SettingsError."""
        if changes:
            self.settings = adjusted(self.settings, changes)
            self._learner.adjust(self.settings)
            if keep:
                self._adjusted.update(changes)

    def stop_learning(self) -> None:
        """What is played from now on is not remembered. Tells the learner that this is how far the episodes got."""
        count = self.env.num_envs
        nothing = np.zeros(count, np.bool_)
        self._learner.observe(
            Transitions(
                observations=self._observations,
                actions=np.zeros(count, np.int64),
                rewards=np.zeros(count, np.float32),
                terminated=nothing,
                truncated=nothing,
                valid=nothing,
                expert=nothing,
            )
        )

    def flush(self) -> None:
        """Forget what is in the replay, and begin all episodes anew."""
        self._learner.forget()
        self.begin_episodes()

    def look(self) -> Path:
        """Write down what the agent sees in the first environment. Returns the file."""
        return write_look(self._run, self.counters.env_steps, self._observations[0], self.env.feature_names)

    def save(self) -> None:
        """Write a checkpoint now. Raises CheckpointError if it cannot be written."""
        self._save()

    def _try_to_save(self) -> None:
        try:
            self._save()
        except CheckpointError as error:
            # The run goes on: what it has learned is in memory, and the disk may have room the next time.
            self._report(str(error))

    def _is_save_due(self, now: float) -> bool:
        every = self.settings.save_every_steps
        passed_a_mark = self.counters.env_steps // every > self._last_save_env_step // every
        return passed_a_mark or now - self._last_save >= self.settings.save_every_s

    def _save(self) -> None:
        """Write a checkpoint unless this step has one. First the metrics: a checkpoint's numbers are never missing."""
        counters = self.counters
        self._last_save = time.perf_counter()
        self._last_save_env_step = counters.env_steps
        now = self._now()
        self._metrics.write()
        if counters.env_steps == self._saved_env_step:
            return
        self._save_checkpoint()
        self._saved_env_step = counters.env_steps
        self._trouble = None
        self._metrics.event(now, "saved", "")
        best = self._checkpoints.best()
        if best is not None and best != self._best:
            self._best = best
            self._metrics.event(now, "best", f"mean score {best.mean_score:g}")

    def _save_checkpoint(self) -> None:
        snapshot, counters = self._learner.snapshot(), self.counters
        state = {
            **asdict(counters),
            "updates": snapshot.updates,
            "updates_due": snapshot.due,
            "scores": list(self.scores),
            "own_scores": list(self.own_scores),
            "mixing": self._mixing.bit_generator.state,
            "adjusted": self._adjusted,
        }
        enough = len(self.own_scores) >= MIN_EPISODES_FOR_BEST
        mean_score = _mean(self.own_scores) if enough else None
        self._checkpoints.save(Checkpoint(counters.env_steps, snapshot.agent, state), mean_score)

    def _save_after(self, error: Exception) -> None:
        """Save what can be saved before `error` ends the run. It stays the error that is reported."""
        self._metrics.event(self._now(), "trouble", str(error))
        try:
            self._save()
        except TrainingError as also:
            if str(also) != str(error):
                self._display.note(str(also))

    def _report(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._display.note(trouble)
            self._metrics.event(self._now(), "trouble", trouble)
        self._trouble = trouble

    def _write_learned(self, learned: dict[str, float]) -> None:
        self._latest = {**learned, "expert_ratio": self._expert_ratio()}
        self._metrics.scalars(self._now(), self._latest)

    def _write_speeds(self, now: float) -> None:
        self._next_speed_metrics = now + SPEED_METRICS_EVERY_S
        rates = self._rates
        speeds = {f"speed/{name}": value for name, value in asdict(rates).items()}
        self._metrics.scalars(self._now(), {**speeds, "speed/other": rates.other})

    def _show(self) -> None:
        now = time.perf_counter()
        self._next_show = now + SHOW_EVERY_S
        counters, env = self.counters, self.env
        self._rates = self._speedometer.look(
            now, counters.env_steps, counters.updates, self._spent, env.frames_per_step
        )
        self.progress = Progress(
            phase=self._phase,
            env_steps=counters.env_steps,
            total_env_steps=self.settings.steps,
            frames=counters.env_steps * env.frames_per_step,
            updates=counters.updates,
            episodes=counters.episodes,
            wall_s=self._now().wall_s,
            mean_score=_mean(self.scores),
            best_mean_score=self._best.mean_score if self._best else None,
            best_score=counters.best_score,
            expert_ratio=self._expert_ratio(),
            replay_fill=self._learner.fill(),
            emulators=env.num_envs,
            emulators_replaced=counters.emulators_replaced,
            rates=self._rates,
            learns_beside=self._learner.beside,
            metrics=self._latest,
            saved_env_step=self._saved_env_step,
            trouble=self._trouble or self._metrics.trouble,
            steering=replace(self.steering),
        )
        self._display.update(self.progress)
        self._live.show(self.progress, self.settings)

    def _now(self) -> Moment:
        counters = self.counters
        counters.wall_s = self._wall_before + time.perf_counter() - self._started
        return Moment(counters.env_steps, counters.env_steps * self.env.frames_per_step, counters.wall_s)


def _mean(scores: deque[float]) -> float | None:
    return sum(scores) / len(scores) if scores else None
