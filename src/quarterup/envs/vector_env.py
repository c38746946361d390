"""Many emulators driven from one process, as a Gymnasium vector environment.

There are no worker processes: each emulator is already one. A step sends N requests, so that all emulators run, then
takes the replies one after the other.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from quarterup.emulators.emulator import Emulator, EmulatorDied, MachineFacts
from quarterup.emulators.processors import spread
from quarterup.envs.cabinet import RENDER_MODES, Cabinet, Episode, StepResult
from quarterup.envs.rerun import Row, rerun
from quarterup.envs.settings import env_settings
from quarterup.envs.trace import Trace

Step = tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]
"""Observations, rewards (float64), terminated and truncated (bool), infos."""


@dataclasses.dataclass(frozen=True)
class Look:
    """What a person sees of an environment."""

    picture: NDArray[np.uint8]
    """Upright, RGB, shape (H, W, 3)."""
    frame: int
    """Frames emulated since power-on."""
    episode: Episode


class ArcadeVectorEnv(VectorEnv[NDArray[Any], NDArray[np.int64], NDArray[Any]]):
    """N emulators with the same game. Also what `gymnasium.make_vec("quarterup/…-v0", num_envs=N)` gives.

    Takes the arguments of `ArcadeEnv`, and `autoreset_mode` with the meanings of Gymnasium 1.x. With one process and
    much to do, call the halves of `step`: `send(actions)`, then something else, then `receive()`.

    An emulator that dies is replaced; its episode ends as truncated with the reason in `info["emulator_died"]`; the
    others go on. `info` holds arrays of length N: `score`, `lives`, `level`, `life_lost`, `episode_frames`,
    `episode_steps`, `emulator_died` (empty text where nothing happened).
    """

    def __init__(
        self,
        game: str,
        num_envs: int = 1,
        *,
        render_mode: str | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        **settings: Any,
    ) -> None:
        if num_envs < 1:
            raise ValueError(f"num_envs={num_envs}: at least one environment is needed")
        self.num_envs = num_envs
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        self.render_mode = render_mode
        checked = env_settings(**settings)
        self.cabinets = [Cabinet(game, checked, render_mode, processor) for processor in spread(num_envs)]
        self._power_on_all()
        first = self.cabinets[0]
        self.metadata = {
            "render_modes": list(RENDER_MODES),
            "render_fps": first.render_fps,
            "autoreset_mode": self.autoreset_mode,
        }
        assert first.emulator is not None
        self.facts: MachineFacts = first.emulator.facts
        self.game = first.game
        self.game_id = first.game.id
        self.action_names = [action.name for action in first.game.actions]
        self.feature_names = tuple(feature.name for feature in first.game.features) * (first.view.kind == "features")
        self.mirror = first.game.mirror if first.view.kind == "features" else None
        self.has_expert = first.game.expert() is not None
        self.single_observation_space = first.view.space
        self.single_action_space = spaces.Discrete(len(first.game.actions))
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._allocate()

    def _power_on_all(self) -> None:
        """Start all emulators side by side: starting is mostly waiting."""
        try:
            with ThreadPoolExecutor(max_workers=min(self.num_envs, 16)) as pool:
                list(pool.map(Cabinet.power_on, self.cabinets))
        except BaseException:
            for cabinet in self.cabinets:
                cabinet.close()
            raise

    def _allocate(self) -> None:
        count = self.num_envs
        space = self.cabinets[0].view.space
        self._observations = np.zeros((count, *space.shape), space.dtype)
        for cabinet, row in zip(self.cabinets, self._observations, strict=True):
            cabinet.observation = row  # observations are drawn straight into the batch
        self._resetting = np.zeros(count, np.bool_)
        self._died_at_once: dict[int, EmulatorDied] = {}
        """What happened in `send`; `receive` sees to it."""
        self._rewards = np.zeros(count)
        self._terminated = np.zeros(count, np.bool_)
        self._truncated = np.zeros(count, np.bool_)
        self._info: dict[str, NDArray[Any]] = {
            "score": np.zeros(count),
            "lives": np.zeros(count, np.int64),
            "level": np.zeros(count, np.int64),
            "episode_frames": np.zeros(count, np.int64),
            "episode_steps": np.zeros(count, np.int64),
            "life_lost": np.zeros(count, np.bool_),
            "emulator_died": np.full(count, "", object),
        }

    # ---------------------------------------------------------------------------------------------------------- reset

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[Any], dict[str, Any]]:
        """`options["reset_mask"]` (N,) bool resets only some, as Gymnasium's manual autoreset asks for."""
        mask = (options or {}).get("reset_mask", np.ones(self.num_envs, np.bool_))
        seeds = [seed + i for i in range(self.num_envs)] if isinstance(seed, int) else (seed or [None] * self.num_envs)
        chosen = [index for index in range(self.num_envs) if mask[index]]
        for index in chosen:
            cabinet = self.cabinets[index]
            if seeds[index] is not None:
                cabinet.seed(seeds[index])
            cabinet.send_reset()
        for index in chosen:
            self.cabinets[index].receive_reset()
            self._resetting[index] = False
            self._note(index, StepResult())
        return self._observations.copy(), self._infos()

    # ----------------------------------------------------------------------------------------------------------- step

    def step(self, actions: NDArray[np.int64]) -> Step:
        self.send(actions)
        return self.receive()

    def send(self, actions: NDArray[np.int64]) -> None:
        """Set all emulators to work, without waiting. Those whose episode ended begin a new one instead."""
        self._died_at_once = {}
        for index, action in enumerate(np.asarray(actions).tolist()):
            cabinet = self.cabinets[index]
            try:
                if self._resetting[index]:
                    cabinet.send_reset()
                else:
                    cabinet.send(action)
            except EmulatorDied as death:
                self._died_at_once[index] = death

    def receive(self) -> Step:
        """Wait for what `send` began. The arrays are the caller's own."""
        for index in range(self.num_envs):
            self._note(index, self._finish(index))
        terminated, truncated = self._terminated.copy(), self._truncated.copy()
        finished = terminated | truncated
        infos = self._infos()
        rewards = self._rewards.copy()
        if self.autoreset_mode is AutoresetMode.NEXT_STEP:
            self._resetting = finished
        elif self.autoreset_mode is AutoresetMode.SAME_STEP and finished.any():
            self._reset_finished(finished, infos)
        return self._observations.copy(), rewards, terminated, truncated, infos

    def _finish(self, index: int) -> StepResult:
        cabinet = self.cabinets[index]
        if index in self._died_at_once:
            return cabinet.replace(self._died_at_once[index])
        try:
            if self._resetting[index]:
                cabinet.receive_reset()
                return StepResult()
            return cabinet.receive()
        except EmulatorDied as death:
            return cabinet.replace(death)

    def _note(self, index: int, result: StepResult) -> None:
        """Row `index` of what a step returns."""
        self._rewards[index] = result.reward
        self._terminated[index] = result.terminated
        self._truncated[index] = result.truncated
        episode, info = self.cabinets[index].episode, self._info
        info["score"][index] = episode.score
        info["lives"][index] = episode.lives
        info["level"][index] = episode.level
        info["episode_frames"][index] = episode.frames
        info["episode_steps"][index] = episode.steps
        info["life_lost"][index] = result.life_lost
        info["emulator_died"][index] = result.died

    def _reset_finished(self, finished: NDArray[np.bool_], infos: dict[str, Any]) -> None:
        """Same-step autoreset: the last observation and info of an episode go into `infos`, as Gymnasium has it."""
        final = np.full(self.num_envs, None, object)
        for index in np.flatnonzero(finished):
            final[index] = self._observations[index].copy()
        final_info = {key: value.copy() for key, value in infos.items()}
        self.reset(options={"reset_mask": finished})
        infos |= self._infos()
        infos |= {
            "final_obs": final,
            "_final_obs": finished,
            "final_info": final_info,
            "_final_info": finished,
        }

    def _infos(self) -> dict[str, Any]:
        return {key: values.copy() for key, values in self._info.items()}

    # ------------------------------------------------------------------------------------------------------ and beside

    def expert_actions(self) -> NDArray[np.int64]:
        """What the game's rule-based player would do in each environment now, shape (N,)."""
        return np.array([cabinet.expert_action() for cabinet in self.cabinets], np.int64)

    def trace(self, index: int) -> Trace:
        """Of the game in environment `index`: ask when it has ended, before the step or reset that begins the next."""
        return self.cabinets[index].trace()

    def rerun(self, trace: Trace) -> Iterator[Row]:
        """A game played again as an agent would have seen it, see `rerun`; then all environments have to be reset."""
        return rerun(self.cabinets[0], trace)

    def prepare_look(self, index: int) -> None:
        """In between two steps: have the next ones of one environment drawn, for `look` to see. Nothing else changes.

        Like `look` it raises EmulatorDied if the emulator is gone; the next step will then replace it.
        """
        self._emulator(index).prepare_look()

    def look(self, index: int) -> Look:
        """In between two steps: what is to be seen in one environment."""
        cabinet = self.cabinets[index]
        return Look(self._emulator(index).look(), cabinet.frame_number, dataclasses.replace(cabinet.episode))

    def _emulator(self, index: int) -> Emulator:
        emulator = self.cabinets[index].emulator
        assert emulator is not None
        return emulator

    def render(self) -> tuple[NDArray[np.uint8], ...] | None:
        """One picture an environment, each (H, W, 3)."""
        if self.render_mode != "rgb_array":
            return None
        return tuple(cabinet.render() for cabinet in self.cabinets)

    def close_extras(self, **kwargs: Any) -> None:
        for cabinet in self.cabinets:
            cabinet.close()
