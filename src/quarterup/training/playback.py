"""Playing a trace again: the same game, frame by frame, on a machine of its own that begins at power-on.

No state is loaded and nothing is written to memory: the game's own start sequence is walked, then everything is sent
that was sent. That the score and the memory come out as they were is checked at the end, every time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quarterup.emulators.emulator import Emulator, MachineFacts, Picture
from quarterup.emulators.launch import Options, emulator_titled, launch, launch_mame
from quarterup.emulators.mame import MameEmulator
from quarterup.emulators.roms import rom_hashes
from quarterup.envs.trace import IDLE, Trace, digest
from quarterup.games.game import Game
from quarterup.games.registry import find_game

AFTERWARDS_S = 2.0
"""How long the machine runs on after the game's end, so that one sees it."""
PATIENCE_S = 300.0
"""For an answer of the emulator: beside a training it may have to wait long for a processor."""


class PlaybackError(Exception):
    """A trace cannot be played here, or did not come out as it was."""


@dataclass(frozen=True, slots=True)
class GameFrame:
    """One frame of a game that is played again, and how far the game was then."""

    screen: NDArray[np.uint8] | None
    """RGB, shape (H, W, 3), or None without pictures. The next frame overwrites it."""
    score: float
    level: int
    step: int


@dataclass(frozen=True, slots=True)
class PlannedFrame:
    inputs: tuple[str, ...]
    is_seen: bool = False
    """Whether its end was looked at when the game was played."""
    ends_step: bool = False


class Playback:
    """The machine of a trace. Use as a context manager, or `close` it.

    Args:
        trace: the game.
        roms: folders to look for ROM sets in, before all others.
        pictures: whether frames come with one.
        sample_rate, arguments: for MAME: see `MameEmulator`.

    Raises PlaybackError if the machine here is another than the trace's, and the emulator's own errors.
    """

    def __init__(
        self,
        trace: Trace,
        *,
        roms: Sequence[Path] = (),
        pictures: bool = True,
        sample_rate: int | None = None,
        arguments: Sequence[str] = (),
    ) -> None:
        self._trace = trace
        self._game: Game[Any] = find_game(trace.game)
        actions = trace.holds & IDLE
        if actions[actions != IDLE].max(initial=0) >= len(self._game.actions):
            raise PlaybackError(f"The trace holds an action that {self._game.title} does not have.")
        self.emulator = self._launch(roms, Picture() if pictures else None, sample_rate, arguments)
        if rom_hashes(self.facts.rom_path) != trace.rom_sha256:
            self.close()
            raise PlaybackError(
                f"The game was played on another ROM set ({trace.rom_status}) than the one found here "
                f"({self.facts.rom_status}, {self.facts.rom_path}). Point --roms to the folder of the first."
            )

    def _launch(
        self, roms: Sequence[Path], picture: Picture | None, sample_rate: int | None, arguments: Sequence[str]
    ) -> Emulator:
        """The emulator in which the game was played."""
        game = self._game
        options = Options(watch=game.memory.ranges, picture=picture, start_timeout_s=PATIENCE_S, timeout_s=PATIENCE_S)
        played_in = emulator_titled(self._trace.emulator)
        if played_in == "mame":
            return launch_mame(
                game.system, game.machine, roms=roms, sample_rate=sample_rate, arguments=arguments, **options
            )
        if arguments:
            raise PlaybackError(f"MAME can't record this game: it was played in {self._trace.emulator}.")
        return launch(game.system, game.machine, emulator=played_in, roms=roms, **options)

    @property
    def facts(self) -> MachineFacts:
        return self.emulator.facts

    @property
    def frames(self) -> int:
        """How many frames `play` gives."""
        return self._trace.frames + self._frames_afterwards

    @property
    def _frames_afterwards(self) -> int:
        return round(AFTERWARDS_S * self.facts.refresh_hz)

    def play(self) -> Iterator[GameFrame]:
        """Every frame from the game's start to its end, and some more in which nothing is held.

        Raises PlaybackError at the game's end if it came out otherwise than it was.
        """
        trace, game, emulator = self._trace, self._game, self.emulator
        game.start(lambda inputs, frames: game.memory(emulator.step(inputs, frames).memory))
        if trace.noops:
            emulator.step((), trace.noops)
        plan = self._plan()
        score, level, step = 0.0, 0, 0
        memory = before = None
        emulator.send_step(plan[0].inputs)
        for number, planned in enumerate(plan, 1):
            frame = emulator.receive_step()
            if number < len(plan):
                emulator.send_step(plan[number].inputs)  # The machine goes on while somebody looks at this frame.
            if planned.is_seen:
                before, memory = memory, game.memory(frame.memory)
                level = game.level(memory)
                score += game.outcome(before, memory).reward if before is not None else 0.0
                step += planned.ends_step
            if number == trace.frames:
                self._check_outcome(score, "" if memory is None else digest(memory))
            yield GameFrame(frame.screen, score, level, step)

    def _plan(self) -> list[PlannedFrame]:
        """For every frame what is held in it, and who looks at its end."""
        trace, actions = self._trace, self._game.actions
        plan = []
        owed = trace.frame_skip
        for action, frames in trace.each_hold():
            inputs = () if action == IDLE else actions[action].inputs
            owed -= 0 if action == IDLE else frames
            last = PlannedFrame(inputs, action == IDLE or owed == 0, owed == 0)
            plan += [PlannedFrame(inputs)] * (frames - 1) + [last]
            owed = owed or trace.frame_skip
        return plan + [PlannedFrame(())] * self._frames_afterwards

    def _check_outcome(self, score: float, memory: str) -> None:
        trace = self._trace
        if score == trace.score and memory == trace.memory_sha256:
            return
        if score == trace.score:
            what = f"The game came to the same score, {score:g}, but to other memory than it did."
        else:
            what = f"The game scored {trace.score:g} when it was played and {score:g} when it was played again."
        if trace.emulator == self.facts.emulator:
            why = f"{self.facts.emulator} is not deterministic here"
        else:
            why = f"it was played in {trace.emulator}, and here is {self.facts.emulator}"
        raise PlaybackError(f"{what} The reason is, probably, that {why}.")

    def switch_off(self) -> None:
        """Close, and let a MAME complete what it writes."""
        assert isinstance(self.emulator, MameEmulator)
        self.emulator.switch_off()

    def close(self) -> None:
        self.emulator.close()

    def __enter__(self) -> Playback:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
