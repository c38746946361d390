"""One game behind the plain Gymnasium interface."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from quarterup.emulators.emulator import EmulatorDied, MachineFacts
from quarterup.envs.cabinet import RENDER_MODES, Cabinet, StepResult
from quarterup.envs.settings import env_settings


class ArcadeEnv(gym.Env[NDArray[Any], np.int64]):
    """A game in an emulator of its own. Usually made with `gymnasium.make("quarterup/SpaceInvaders-v0", …)`.

    Args:
        game: a game's id, for instance `space_invaders`.
        render_mode: `rgb_array` for `render()`, `human` for a window at normal speed with sound.
        settings: `obs`, `frame_skip`, `sticky`, `noop_max`, `stack`, `picture_size`, `max_two_frames`,
            `frame_differences`, `life_loss_ends_episode`, `max_episode_frames`, `emulator` and `roms`, with the
            meanings and defaults of `EnvSettings`.

    `info` holds `score` (points won in the episode), `lives`, `level`, `life_lost`, `episode_frames`, `episode_steps`
    and, when the emulator had to be replaced, `emulator_died` with the reason; that step is truncated.
    """

    metadata: dict[str, Any] = {"render_modes": list(RENDER_MODES), "render_fps": 60}  # noqa: RUF012

    def __init__(self, game: str, *, render_mode: str | None = None, **settings: Any) -> None:
        self.render_mode = render_mode
        self.cabinet = Cabinet(game, env_settings(**settings), render_mode)
        self.cabinet.power_on()
        assert self.cabinet.emulator is not None
        self.facts: MachineFacts = self.cabinet.emulator.facts
        self.metadata = {**self.metadata, "render_fps": self.cabinet.render_fps}
        self.observation_space = self.cabinet.view.space
        self.action_space = spaces.Discrete(len(self.cabinet.game.actions))
        self.action_names = [action.name for action in self.cabinet.game.actions]

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[Any], dict[str, Any]]:
        super().reset(seed=seed)
        if seed is not None:
            self.cabinet.seed(seed)
        self.cabinet.reset()
        return self.cabinet.observation.copy(), self._info(StepResult())

    def step(self, action: np.int64) -> tuple[NDArray[Any], float, bool, bool, dict[str, Any]]:
        try:
            self.cabinet.send(int(action))
            result = self.cabinet.receive()
        except EmulatorDied as death:
            result = self.cabinet.replace(death)
        observation = self.cabinet.observation.copy()
        return observation, result.reward, result.terminated, result.truncated, self._info(result)

    def _info(self, result: StepResult) -> dict[str, Any]:
        episode = self.cabinet.episode
        info: dict[str, Any] = {
            "score": episode.score,
            "lives": episode.lives,
            "level": episode.level,
            "life_lost": result.life_lost,
            "episode_frames": episode.frames,
            "episode_steps": episode.steps,
        }
        if result.died:
            info["emulator_died"] = result.died
        return info

    def expert_action(self) -> int:
        """What the game's rule-based player would do now."""
        return self.cabinet.expert_action()

    def render(self) -> NDArray[np.uint8] | None:
        return self.cabinet.render() if self.render_mode == "rgb_array" else None

    def close(self) -> None:
        self.cabinet.close()
