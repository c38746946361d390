"""Every game that stable-retro has an integration of, if its ROM is on this machine.

## Description
An integration says where a game keeps its score and its lives, what a player is rewarded for, and when it is over.
stable-retro follows it from frame to frame, and what it says is watched like memory, so nothing here is about one game.

## Actions
stable-retro's discrete ones, in its order: what the scenario allows, or else every combination of a direction and the
buttons that its system has.

## Observations
`pixels`, `screen`, and for the NES and the Genesis `ram`: the working memory of the console. There are no features.

## Rewards
Those of the scenario.

## Start
The integration's own saved state, and one frame.

## End
Terminated when the scenario says that it is done. A lost life is one where the integration knows the lives.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quarterup.emulators.emulator import MemoryRange
from quarterup.emulators.retro_core import GAME
from quarterup.emulators.retro_integrations import Integration, integrations
from quarterup.games.game import Action, Family, Game, Outcome, Step
from quarterup.games.memory_map import U8, Bytes, Integer, MemoryMap

RAMS = {"Nes": MemoryRange(0x0000, 0x0800), "Genesis": MemoryRange(0xFF0000, 0x10000)}
"""The working memory of consoles, where its size is the same for all games."""
VERSION = re.compile(r"-v\d+$")


class RetroMemory(MemoryMap):
    """What the integration knows: see `emulators/retro_worker.py`."""

    reward_bytes = Bytes(0x00, 8, device=GAME)
    lives = Integer(0x08, 4, signed=True, device=GAME)
    over = U8(0x0C, device=GAME)

    @property
    def reward(self) -> float:
        """Since the game's start."""
        value: float = struct.unpack("<d", self.reward_bytes)[0]
        return value


class RetroGame(Game[RetroMemory]):
    __doc__ = __doc__

    system = "retro"
    memory = RetroMemory
    features = ()

    def __init__(self, integration: Integration) -> None:
        self._integration = integration
        self.id = game_id(integration.name)
        self.env_name = env_name(integration.name)
        self.title = f"{integration.title} ({integration.system}, by stable-retro)"
        self.machine = integration.name

    @cached_property
    def actions(self) -> tuple[Action, ...]:  # type: ignore[override]
        return tuple(
            Action(" ".join(buttons).lower() or "nothing", tuple(f"P1 {button.title()}" for button in buttons))
            for buttons in self._integration.button_combinations()
        )

    @property
    def ram(self) -> MemoryRange:  # type: ignore[override]
        ram = RAMS.get(self._integration.system)
        if ram is None:
            raise ValueError(
                f"obs='ram' is there for {' and '.join(RAMS)} games of stable-retro only: use obs='pixels'"
            )
        return ram

    def start(self, step: Step[RetroMemory]) -> RetroMemory:
        return step((), 1)

    def outcome(self, before: RetroMemory, after: RetroMemory) -> Outcome:
        return Outcome(after.reward - before.reward, bool(after.over), after.lives < before.lives)

    def lives(self, memory: RetroMemory) -> int:
        return memory.lives

    def level(self, memory: RetroMemory) -> int:
        """Integrations seldom say."""
        return 0

    def feature_vector(self, before: RetroMemory, memory: RetroMemory, out: NDArray[np.float32]) -> None:
        """There are none."""


def env_name(name: str) -> str:
    """In Gymnasium's registry: `Retro-Airstriker-Genesis` of `Airstriker-Genesis-v0`."""
    return f"Retro-{VERSION.sub('', name)}"


def game_id(name: str) -> str:
    """On the command line: `retro_airstriker_genesis` of `Airstriker-Genesis-v0`."""
    return env_name(name).lower().replace("-", "_")


class RetroFamily(Family):
    """The integrations whose ROM is here."""

    id = "retro"
    title = "stable-retro's integrations"
    default_obs = "pixels"

    def names(self) -> Mapping[str, str]:
        return {game_id(name): env_name(name) for name in integrations()}

    def game(self, game_id: str) -> Game[Any]:
        return RetroGame(self._by_id()[game_id])

    def _by_id(self) -> dict[str, Integration]:
        return {game_id(name): integration for name, integration in integrations().items()}
