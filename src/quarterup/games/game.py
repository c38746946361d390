"""The contract of a game file: what one game means, said once, for every emulator that can run its machine.

A game names its memory, its actions, how it is started, what a step earned and when it is over. It never touches a
socket or a process: it is handed memory and returns meaning.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from quarterup.emulators.emulator import HeldInputs, MemoryRange
from quarterup.emulators.systems import System
from quarterup.games.memory_map import MemoryMap
from quarterup.mirror import Mirror

M = TypeVar("M", bound=MemoryMap)
Step = Callable[[HeldInputs, int], M]
"""Hold these inputs for this many frames, then look at the memory."""


class StartError(Exception):
    """The game did not get going. Usually the ROM is not the game that the file describes."""


@dataclass(frozen=True)
class Action:
    """One choice of the player: its name, and the input fields it holds."""

    name: str
    inputs: tuple[str, ...]


@dataclass(frozen=True)
class Feature:
    """One number of the feature vector, documented."""

    name: str
    low: float
    high: float
    meaning: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one step meant."""

    reward: float
    terminated: bool
    life_lost: bool


class Expert(Protocol[M]):  # type: ignore[misc]
    """A rule-based player. One a game in progress: it may remember."""

    def reset(self) -> None:
        """A new episode begins."""
        ...

    def act(self, memory: M) -> int:
        """The action's index for what the memory holds."""
        ...


class Game(ABC, Generic[M]):
    """One game. Its docstring is its manual page; `games/space_invaders/game.py` shows the shape."""

    id: str
    """Name on the command line: `space_invaders`."""
    env_name: str
    """Name in Gymnasium's registry: `quarterup/<env_name>-v0`."""
    title: str
    system: ClassVar[System] = "arcade"
    """What it runs on."""
    machine: str
    """Of an arcade machine MAME's short name, `invaders`; of a console's game the name of its ROM, `mario_bros`."""
    memory: type[M]
    ram: ClassVar[MemoryRange]
    """The machine's working memory, for `obs="ram"`."""
    actions: tuple[Action, ...]
    features: ClassVar[tuple[Feature, ...]]
    mirror: ClassVar[Mirror | None] = None
    """Of the features, if the game plays alike on both sides."""
    bitmap_memory: ClassVar[tuple[MemoryRange, ...]] = ()
    """What `bitmap` reads, if the machine keeps its picture as bits in memory."""
    bitmap_shape: ClassVar[tuple[int, int] | None] = None

    @abstractmethod
    def start(self, step: Step[M]) -> M:
        """From power-on to the first frame that the player controls, by the real controls. Raises StartError."""

    @abstractmethod
    def outcome(self, before: M, after: M) -> Outcome:
        """What a step earned, and whether the game is over."""

    @abstractmethod
    def lives(self, memory: M) -> int: ...

    @abstractmethod
    def level(self, memory: M) -> int:
        """The level, wave, round or stage, from 0."""

    @abstractmethod
    def feature_vector(self, before: M, memory: M, out: NDArray[np.float32]) -> None:
        """Write the features of `memory` (`before` was a step earlier) into `out`, in the order of `features`."""

    def bitmap(self, watched: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The picture from the bytes of `bitmap_memory`, upright, shape `bitmap_shape`, 0 or 255."""
        raise NotImplementedError(f"{self.title} has no bitmap observation")

    def expert(self) -> Expert[M] | None:
        """A new rule-based player, if the game has one."""
        return None


class Family(ABC):
    """Games of one kind, so many that one file makes them all. They are known by name alone until one is played."""

    id: ClassVar[str]
    """What `quarterup games` takes: `atari`."""
    title: ClassVar[str]
    default_obs: ClassVar[Literal["features", "ram", "pixels"]]
    """What an agent sees of them unless it is told otherwise."""

    @abstractmethod
    def names(self) -> Mapping[str, str]:
        """The games' ids, and for each its `env_name`. Quick: asked whenever quarterup is imported."""

    @abstractmethod
    def game(self, game_id: str) -> Game[Any]:
        """One of `names`."""
