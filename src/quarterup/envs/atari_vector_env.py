"""Many Atari games stepped by ale-py's own C++ vector environment, behind the interface of `ArcadeVectorEnv`.

ale-py emulates, draws and stacks in threads of its own, without Python's lock. It knows fewer settings, so it is used
where these can mean the same (`why_not`); `vectors.make_vector_env` takes `ArcadeVectorEnv` for the rest.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from quarterup.emulators.atari import ABOUT_GAME, AtariEmulator
from quarterup.emulators.emulator import MachineFacts
from quarterup.emulators.processors import usable_processors
from quarterup.emulators.roms import rom_hashes
from quarterup.envs.atari_trace import StickyFrames, holds_of
from quarterup.envs.cabinet import FRAMES_SEEN_BEFORE_ACTING, Episode
from quarterup.envs.observations import view_of
from quarterup.envs.settings import EnvSettings, env_settings
from quarterup.envs.trace import IDLE, Trace, hold, trace_of
from quarterup.envs.vector_env import Look, Step
from quarterup.games.atari import START_FRAMES, AtariGame
from quarterup.games.registry import find_game

EARLIEST = START_FRAMES + FRAMES_SEEN_BEFORE_ACTING
"""Idle frames after ale-py's own reset that every game here begins with, at least."""
KEEP_SEED = -1
NOOP = 0
"""The first action of every game."""
SEEDS = 1 << 31
MAX_FRAMES = (1 << 31) - 1
"""ale-py takes signed 32-bit numbers."""


def why_not(game: object, settings: EnvSettings, render_mode: str | None, autoreset_mode: AutoresetMode) -> str:
    """What ale-py's vector environment can't do of what is asked; empty if it can do all."""
    if not isinstance(game, AtariGame):
        return "it is no Atari game"
    if settings.emulator not in ("auto", "ale"):
        return f"the emulator is to be {settings.emulator}"
    if settings.obs != "pixels":
        return f"ale-py's vector environment has no obs={settings.obs!r}"
    if settings.frame_differences:
        return "ale-py's vector environment shows no differences"
    if render_mode is not None:
        return "ale-py's vector environment draws for agents only"
    if autoreset_mode is not AutoresetMode.NEXT_STEP:
        return "episodes are to begin otherwise than at the next step"
    return ""


class AtariVectorEnv(VectorEnv[NDArray[Any], NDArray[np.int64], NDArray[Any]]):
    """N games of one kind. Takes the arguments of `ArcadeVectorEnv`, and gives what that gives, but for these:

    - A game begins from ale-py's own reset, which leaves some of the RAM as it was, and with other random numbers: the
      same seed is the same game in every process, but another than in `ArcadeVectorEnv`.
    - Where a lost life ends the agent's episode, nothing is held for one step after it, not for one frame.
    - The last picture of a game is the one of the step before: ale-py draws none once a game is over.
    - `look` shows what the agent sees. Traces and videos have the whole picture.
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
        """Raises ValueError for what ale-py's vector environment can't do, EmulatorNotFound, and RomError."""
        if num_envs < 1:
            raise ValueError(f"num_envs={num_envs}: at least one environment is needed")
        self.game = find_game(game)
        self.settings = env_settings(**settings)
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        if reason := why_not(self.game, self.settings, render_mode, self.autoreset_mode):
            raise ValueError(f"{reason}: use ArcadeVectorEnv")
        self.num_envs = num_envs
        self.render_mode = None
        with AtariEmulator(self.game.machine, roms=self.settings.roms) as emulator:
            self.facts: MachineFacts = emulator.facts
        import ale_py  # Now, when its absence would have been said.

        self.metadata = {
            "render_modes": [],
            "render_fps": round(self.facts.refresh_hz) // self.settings.frame_skip,
            "autoreset_mode": self.autoreset_mode,
        }
        self.game_id = self.game.id
        self.action_names = [action.name for action in self.game.actions]
        self.feature_names: tuple[str, ...] = ()
        self.has_expert = False
        self.single_observation_space = view_of(self.game, self.settings).space
        self.single_action_space = spaces.Discrete(len(self.game.actions))
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._ale: Any = ale_py.ALEVectorInterface(
            rom_path=Path(self.facts.rom_path),
            num_envs=num_envs,
            frame_skip=self.settings.frame_skip,
            stack_num=self.settings.stack,
            img_height=self.settings.picture_size,
            img_width=self.settings.picture_size,
            grayscale=True,
            maxpool=self.settings.max_two_frames,
            noop_max=self.settings.noop_max + EARLIEST + 1,  # ale-py draws from 0 to one less
            use_fire_reset=False,
            episodic_life=False,  # it would begin a new game after a lost life
            life_loss_info=False,
            reward_clipping=False,
            max_episode_steps=_whole_steps(self.settings),
            repeat_action_probability=self.settings.sticky,
            full_action_space=False,
            batch_size=0,
            num_threads=min(num_envs, len(usable_processors())),
            thread_affinity_offset=-1,
            autoreset_mode="NextStep",
        )
        self._strengths = np.ones(num_envs, np.float32)
        self._rng = np.random.default_rng()
        self._allocate()

    def _allocate(self) -> None:
        count = self.num_envs
        self._score = np.zeros(count)
        self._steps = np.zeros(count, np.int64)
        self._frames = np.zeros(count, np.int64)
        self._lives = np.zeros(count, np.int64)
        self._nobody = _constant(np.zeros(count, np.bool_))
        self._no_level = _constant(np.zeros(count, np.int64))
        self._nothing_died = _constant(np.full(count, "", object))
        self._over = self._nobody
        self._begins_game = self._nobody
        """Their next step begins a game instead."""
        self._begins_life = self._nobody
        """The same game goes on in their next step, in which nothing is held."""
        self._begins_any = False
        self._pictures = np.zeros(count, np.int64)
        """Seen since an episode began, at most as many as are stacked."""
        self._fills_up = True
        self._frame_number = np.zeros(count, np.int64)
        self._first_frame = [0] * count
        self._idle = [0] * count
        self._played: list[list[int]] = [[] for _ in range(count)]
        """The actions of the running game."""
        self._observations = np.zeros(self.observation_space.shape or (), np.uint8)

    # ---------------------------------------------------------------------------------------------------------- reset

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[Any], dict[str, Any]]:
        """Begin all games anew. Without a seed the games differ each time."""
        if options and not np.all(options.get("reset_mask", True)):
            raise ValueError("ale-py's vector environment resets all or none: use ArcadeVectorEnv")
        seeds = [seed + i for i in range(self.num_envs)] if isinstance(seed, int) else (seed or [None] * self.num_envs)
        own = [self._ale_seed(item) for item in seeds]
        self._sticky = [StickyFrames(number, self.settings.sticky) for number in own]
        observations, info = self._ale.reset(list(range(self.num_envs)), own)
        self._score, self._steps, self._frames = self._score.copy(), self._steps.copy(), self._frames.copy()
        self._begin_games(np.arange(self.num_envs), observations, info)
        self._begins_game = self._begins_life = self._over = self._nobody
        self._begins_any, self._fills_up = False, True
        self._frame_number = info["frame_number"]
        self._lives = info["lives"].astype(np.int64)
        return self._see(observations), self._infos(self._nobody)

    def _ale_seed(self, seed: int | None) -> int:
        if seed is None:
            return int(self._rng.integers(SEEDS))
        return int(np.random.SeedSequence(seed).generate_state(1)[0]) % SEEDS

    def _begin_games(self, which: NDArray[np.int64], observations: NDArray[np.uint8], info: dict[str, Any]) -> None:
        """Note that games `which` have just begun. Those with too few idle frames before them begin again."""
        early = which
        while (early := early[info["episode_frame_number"][early] < EARLIEST]).size:
            pictures, anew = self._ale.reset(early.tolist(), [KEEP_SEED] * early.size)
            observations[early] = pictures[early]
            for key, values in info.items():
                values[early] = anew[key][early]
        self._score[which] = 0
        self._steps[which] = 0
        self._frames[which] = 0
        self._pictures[which] = 0
        for index in which.tolist():
            self._idle[index] = int(info["episode_frame_number"][index])
            self._first_frame[index] = int(info["frame_number"][index])
            self._played[index].clear()

    # ----------------------------------------------------------------------------------------------------------- step

    def step(self, actions: NDArray[np.int64]) -> Step:
        self.send(actions)
        return self.receive()

    def send(self, actions: NDArray[np.int64]) -> None:
        """Set all to work, without waiting. Those whose game is over begin a new one instead."""
        held = np.where(self._begins_life, NOOP, actions) if self._begins_any else np.asarray(actions)
        self._ale.send(held, self._strengths)
        # What is known already is noted while ale-py works.
        for played, action in zip(self._played, held.tolist(), strict=True):
            played.append(action)
        self._steps = self._steps + 1
        self._frames = self._frames + self.settings.frame_skip

    def receive(self) -> Step:
        """Wait for what `send` began. The arrays are the caller's own, but for those of `info` that never change."""
        observations, points, terminated, truncated, info = self._ale.recv()
        rewards = points.astype(np.float64)
        lives = info["lives"].astype(np.int64)
        life_lost = lives < self._lives
        self._lives = lives
        self._score = self._score + rewards
        if self._begins_any:
            self._begin(observations, rewards, life_lost, info)
        self._frame_number = info["frame_number"]
        self._over = terminated
        self._begins_game = terminated | truncated
        self._begins_life = self._nobody
        if self.settings.life_loss_ends_episode and life_lost.any():
            self._begins_life = life_lost & ~self._begins_game
            terminated = terminated | life_lost
        self._begins_any = bool((self._begins_game | self._begins_life).any())
        return self._see(observations), rewards, terminated, truncated, self._infos(life_lost)

    def _begin(
        self,
        observations: NDArray[np.uint8],
        rewards: NDArray[np.float64],
        life_lost: NDArray[np.bool_],
        info: dict[str, Any],
    ) -> None:
        """Put right what is otherwise in environments in which an episode has begun instead of a step."""
        began = self._begins_game | self._begins_life
        self._steps -= began
        rewards[began] = 0.0  # what was won after a lost life is in the score, but no action of the agent's earned it
        life_lost[began] = False
        self._pictures[began] = 0
        self._fills_up = True
        if self._begins_game.any():
            self._begin_games(np.flatnonzero(self._begins_game), observations, info)

    def _see(self, observations: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Where fewer pictures were seen than are stacked, the first one stands for those before."""
        if self._fills_up:
            stack = self.settings.stack
            self._pictures += self._pictures < stack
            self._fills_up = bool(self._pictures.min() < stack)
            for index in np.flatnonzero(self._pictures < stack).tolist():
                first = stack - self._pictures[index]
                observations[index, :first] = observations[index, first]
        self._observations = observations
        return observations

    def _infos(self, life_lost: NDArray[np.bool_]) -> dict[str, Any]:
        return {
            "score": self._score,
            "lives": self._lives,
            "level": self._no_level,
            "episode_frames": self._frames,
            "episode_steps": self._steps,
            "life_lost": life_lost,
            "emulator_died": self._nothing_died,
        }

    # ------------------------------------------------------------------------------------------------------ and beside

    def expert_actions(self) -> NDArray[np.int64]:
        raise ValueError(f"{self.game.title} has no rule-based player")

    def trace(self, index: int) -> Trace:
        """Of the game in environment `index`: ask when it has ended, before the step or reset that begins the next."""
        frames = int(self._frame_number[index]) - self._first_frame[index]
        stuck = self._sticky[index].of(self._first_frame[index], frames)
        played = holds_of(self._played[index], stuck, self.settings.frame_skip)
        about = ABOUT_GAME.pack(int(self._score[index]), int(self._lives[index]), bool(self._over[index]))
        return trace_of(
            self.facts,
            array("I", [hold(IDLE, FRAMES_SEEN_BEFORE_ACTING), *played]),
            self.game.memory(about),
            game=self.game_id,
            rom_sha256=rom_hashes(self.facts.rom_path),
            frame_skip=self.settings.frame_skip,
            noops=self._idle[index] - EARLIEST,
            score=float(self._score[index]),
            level=0,
            steps=int(self._steps[index]),
        )

    def prepare_look(self, index: int) -> None:
        """Nothing to do: `look` shows what the agent sees."""

    def look(self, index: int) -> Look:
        """In between two steps: the newest picture that the agent sees, gray, in the shape of the machine's own."""
        size = self.settings.picture_size
        rows = np.arange(self.facts.screen_height) * size // self.facts.screen_height
        columns = np.arange(self.facts.screen_width) * size // self.facts.screen_width
        picture = self._observations[index, -1][rows][:, columns]
        episode = Episode(
            score=float(self._score[index]),
            frames=int(self._frames[index]),
            steps=int(self._steps[index]),
            lives=int(self._lives[index]),
        )
        return Look(np.repeat(picture[:, :, None], 3, axis=2), int(self._frame_number[index]), episode)

    def close_extras(self, **kwargs: Any) -> None:
        """End ale-py's threads."""
        self._ale = None


def _whole_steps(settings: EnvSettings) -> int:
    """The cap on an episode's frames, rounded up to whole steps, as other environments here have it."""
    steps = -(-settings.max_episode_frames // settings.frame_skip)
    return min(steps * settings.frame_skip, MAX_FRAMES)


def _constant(values: NDArray[Any]) -> NDArray[Any]:
    values.setflags(write=False)
    return values
