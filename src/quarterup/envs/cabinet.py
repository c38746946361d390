"""A cabinet: one emulator with one game in it, and the book-keeping of the episode being played on it.

Both environments are made of cabinets. A step is split in two (`send`, `receive`), so that one process can have many
emulators at work at once.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quarterup.emulators.emulator import Emulator, EmulatorDied, Frame, HeldInputs, Picture, StateId
from quarterup.emulators.launch import launch
from quarterup.emulators.roms import rom_hashes
from quarterup.envs.newest_picture import NewestPicture
from quarterup.envs.observations import View, view_of
from quarterup.envs.settings import EnvSettings
from quarterup.envs.trace import IDLE, Trace, hold, trace_of
from quarterup.games.game import Expert, Game
from quarterup.games.memory_map import MemoryMap
from quarterup.games.registry import find_game

RENDER_MODES = ("rgb_array", "human")
FRAMES_SEEN_BEFORE_ACTING = 1
"""After a state is loaded one frame runs before the first observation: the picture of a loaded state is a stale one."""


@dataclass(slots=True)
class Episode:
    """Where the running episode stands. `score` counts points won, so it goes on where the game's own counter wraps."""

    score: float = 0.0
    frames: int = 0
    steps: int = 0
    lives: int = 0
    level: int = 0


@dataclass(slots=True)
class StepResult:
    """What a step gave, beside the observation, which lies in the cabinet's `observation`."""

    reward: float = 0.0
    terminated: bool = False
    truncated: bool = False
    life_lost: bool = False
    died: str = ""
    """Why the emulator had to be replaced, if it had to."""


class Cabinet:
    """Call `power_on` first, then `seed`, `reset` and, for each step, `send` and `receive`."""

    def __init__(self, game: str, settings: EnvSettings, render_mode: str | None, processor: int | None = None) -> None:
        """The emulator keeps to `processor`, or runs on any.

        Raises UnknownGame, and ValueError for a kind of observation or a render mode that there is not.
        """
        if render_mode not in (None, *RENDER_MODES):
            raise ValueError(f"render_mode={render_mode!r} is not one of {', '.join(RENDER_MODES)}")
        self.game: Game[Any] = find_game(game)
        self.settings = settings
        self.render_mode = render_mode
        self._processor = processor
        self.view: View = view_of(self.game, settings)
        self.emulator: Emulator | None = None
        self.episode = Episode()
        self.rng = np.random.default_rng()
        self._inputs: list[HeldInputs] = [action.inputs for action in self.game.actions]
        self._expert: Expert[Any] | None = self.game.expert()
        self._own = self.game.memory.size()
        self.memory: MemoryMap
        """What the last step left."""
        self._life_lost_only = False
        self._noops = 0
        self._holds = array("I")
        """What was sent to the machine since the running game began: see `trace`."""

    # ------------------------------------------------------------------------------------------------------- power on

    def power_on(self) -> None:
        """Start an emulator with the game in it. After this the shape of an observation is known."""
        self._start_machine()
        assert self.emulator is not None
        facts = self.emulator.facts
        screen_shape = facts.screen_height, facts.screen_width
        if self.view.kind == "screen":
            self.view = view_of(self.game, self.settings, screen_shape)
        self.observation = np.zeros(self.view.space.shape, self.view.space.dtype)
        self._newest = NewestPicture(self.view, self.settings, screen_shape)

    def _start_machine(self) -> None:
        """Start an emulator, walk the game's own start sequence, and keep the state at its end."""
        watch = [*self.game.memory.ranges, *self.view.watch]
        self.emulator = launch(
            self.game.system,
            self.game.machine,
            emulator=self.settings.emulator,
            watch=watch,
            picture=self.view.picture or (Picture() if self.render_mode else None),
            roms=self.settings.roms,
            visible=self.render_mode == "human",
            processor=self._processor,
        )
        self._last_action = 0
        self._parts = 1
        self._start_states: dict[int, StateId] = {}
        self._frame: Frame | None = None
        self.game.start(self._look_after)
        self._start_states[0] = self.emulator.save_state()

    def _look_after(self, inputs: HeldInputs, frames: int) -> MemoryMap:
        assert self.emulator is not None
        memory: MemoryMap = self.game.memory(self.emulator.step(inputs, frames).memory)
        return memory

    def seed(self, seed: int | None) -> None:
        """The next reset begins a new game, even after a lost life."""
        self.rng = np.random.default_rng(seed)
        self._life_lost_only = False

    # ---------------------------------------------------------------------------------------------------------- reset

    def reset(self, noops: int | None = None) -> None:
        """Begin an episode. After a lost life that was reported as the end, the same game goes on.

        With `noops` a new game begins in any case, after so many idle frames and not a random number of them.
        """
        self.send_reset(noops)
        self.receive_reset()

    def send_reset(self, noops: int | None = None) -> None:
        assert self.emulator is not None
        if noops is not None:
            self._life_lost_only = False
        if not self._life_lost_only:
            self._noops = int(self.rng.integers(self.settings.noop_max + 1)) if noops is None else noops
            self._load_start(self._noops)
            self._holds = array("I")
            self.episode = Episode()
        self._holds.append(hold(IDLE, FRAMES_SEEN_BEFORE_ACTING))
        self.emulator.send_step((), FRAMES_SEEN_BEFORE_ACTING)

    def receive_reset(self) -> None:
        assert self.emulator is not None
        self._frame = self.emulator.receive_step()
        memory = self.game.memory(self._frame.memory[: self._own])
        if self._life_lost_only:  # The same game goes on: what was under way may have hit in this frame.
            self.episode.score += self.game.outcome(self.memory, memory).reward
        self.memory = self.before = memory
        self.episode.lives = self.game.lives(self.memory)
        self.episode.level = self.game.level(self.memory)
        self._last_action = 0
        if self._expert:
            self._expert.reset()
        self._draw(first=True)
        self._life_lost_only = False

    def _load_start(self, noops: int) -> None:
        """Load the start state, or a later one with that many idle frames behind it, made when first needed."""
        assert self.emulator is not None
        state = self._start_states.get(noops)
        if state is not None:
            self.emulator.load_state(state)
            return
        self.emulator.load_state(self._start_states[0])
        self.emulator.step((), noops)
        self._start_states[noops] = self.emulator.save_state()

    # ----------------------------------------------------------------------------------------------------------- step

    def send(self, action: int) -> None:
        """Hold the action's inputs, after by chance (`sticky`) some frames of the previous one's."""
        frames = self.settings.frame_skip
        late = self._sticky_frames() if self.settings.sticky and action != self._last_action else 0
        last = self._last_action
        self._last_action = last if late == frames else action
        self.send_holds(((last, late), (action, frames - late)))

    def send_holds(self, holds: Iterable[tuple[int, int]]) -> None:
        """A step in which several actions are held one after the other: each, or IDLE, for how many frames."""
        self._parts = 0
        for action, frames in holds:
            if not frames:
                continue
            self._holds.append(hold(action, frames))
            if self._newest.takes_two_frames and frames > 1:
                self._send_part(action, frames - 1)
                frames = 1
            self._send_part(action, frames)

    def _send_part(self, action: int, frames: int) -> None:
        assert self.emulator is not None
        self._parts += 1
        self.emulator.send_step(() if action == IDLE else self._inputs[action], frames)

    def _sticky_frames(self) -> int:
        """For how many frames of the step the new action does not get through."""
        late = 0
        while late < self.settings.frame_skip and self.rng.random() < self.settings.sticky:
            late += 1
        return late

    def receive(self) -> StepResult:
        """Wait for the step's end, and say what it meant."""
        assert self.emulator is not None
        for _ in range(self._parts - 1):
            frame = self.emulator.receive_step()
        if self._newest.takes_two_frames and self._parts > 1:
            self._newest.keep(frame, self.before, self.memory)
        self._frame = self.emulator.receive_step()
        self.before = self.memory
        self.memory = self.game.memory(self._frame.memory[: self._own])
        outcome = self.game.outcome(self.before, self.memory)
        episode = self.episode
        episode.score += outcome.reward
        episode.frames += self.settings.frame_skip
        episode.steps += 1
        episode.lives = self.game.lives(self.memory)
        episode.level = self.game.level(self.memory)
        self._draw(first=False)
        terminated = outcome.terminated
        if outcome.life_lost and self.settings.life_loss_ends_episode and not terminated:
            terminated = True
            self._life_lost_only = episode.lives > 0
        truncated = not terminated and episode.frames >= self.settings.max_episode_frames
        return StepResult(outcome.reward, terminated, truncated, outcome.life_lost)

    def begin_episode_here(self) -> None:
        """Let an episode begin with what the last step left, without a frame in between: the same game goes on."""
        self.before = self.memory
        self._life_lost_only = False
        self._draw(first=True)

    def _draw(self, *, first: bool) -> None:
        """Bring `observation` up to date: all of it, or the newest picture of a stack."""
        assert self._frame is not None
        if not self.view.stack:
            self._newest.draw(self._frame, self.before, self.memory, self.observation, first=first)
            return
        self.observation[:-1] = self.observation[1:]
        self._newest.draw(self._frame, self.before, self.memory, self.observation[-1], first=first)
        if first:
            self.observation[:-1] = self.observation[-1]

    # ------------------------------------------------------------------------------------------------------ and beside

    def trace(self) -> Trace:
        """Of the game that is played, or has just ended: from its start, over lost lives, to the last step received."""
        assert self.emulator is not None
        episode = self.episode
        return trace_of(
            self.emulator.facts,
            self._holds,
            self.memory,
            game=self.game.id,
            rom_sha256=self._rom_sha256,
            frame_skip=self.settings.frame_skip,
            noops=self._noops,
            score=episode.score,
            level=episode.level,
            steps=episode.steps,
        )

    @cached_property
    def _rom_sha256(self) -> dict[str, str]:
        assert self.emulator is not None
        return rom_hashes(self.emulator.facts.rom_path)

    def replace(self, death: EmulatorDied) -> StepResult:
        """A new emulator for a dead one. The episode is over: truncated, with the reason and its last observation."""
        self.close()
        self._start_machine()
        self._life_lost_only = False
        return StepResult(truncated=True, died=str(death))

    def expert_action(self) -> int:
        """What the game's rule-based player would do now."""
        if self._expert is None:
            raise ValueError(f"{self.game.title} has no rule-based player")
        return self._expert.act(self.memory)

    @property
    def frame_number(self) -> int:
        """Of the last step's end."""
        return self._frame.number if self._frame else 0

    @property
    def render_fps(self) -> int:
        """Steps a second at the machine's own speed."""
        assert self.emulator is not None
        return round(self.emulator.facts.refresh_hz) // self.settings.frame_skip

    def render(self) -> NDArray[np.uint8]:
        """The picture as a person sees it, RGB, shape (H, W, 3)."""
        assert self.emulator is not None
        if self.view.kind == "pixels":
            return self.emulator.screenshot()
        assert self._frame is not None
        assert self._frame.screen is not None
        return self._frame.screen.copy()

    def close(self) -> None:
        if self.emulator is not None:
            self.emulator.close()
            self.emulator = None
