"""Every game of the Atari 2600 that ale-py can score, one player: 104 of them, by one game file.

## Description
ale-py knows of each game where its score and its lives are kept, and when it is over. It says so in three numbers that
are watched like memory, so nothing here is about one game.

## Actions
ale-py's minimal set of the game, by ale-py's names: `NOOP`, `FIRE`, `UPRIGHT` and so on. `LEFT` and `RIGHT` also turn
the paddle of a game that has one.

## Observations
`pixels`, `screen`, and `ram`: the 128 bytes of RAM. There are no features.

## Rewards
The points won in a step, as ale-py counts them: whole, and negative where the other player scores.

## Start
ale-py's own start sequence, and two frames.

## End
Terminated when ale-py says that the game is over.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quarterup.emulators.atari import ACTIONS, CPU, GAME, RAM_BYTES, RAM_START, minimal_actions
from quarterup.emulators.emulator import MemoryRange
from quarterup.games.game import Action, Family, Game, Outcome, StartError, Step
from quarterup.games.memory_map import U8, Integer, MemoryMap

PREFIX = "atari_"
START_FRAMES = 2
"""Before, some games are in the middle of a frame that ale-py 0.12 does not save whole. See docs/emulators/atari.md."""

_NAMES = """
adventure air_raid alien amidar assault asterix asteroids atlantis atlantis2 backgammon bank_heist basic_math
battle_zone beam_rider berzerk blackjack bowling boxing breakout carnival casino centipede chopper_command
crazy_climber crossbow darkchambers defender demon_attack donkey_kong double_dunk earthworld elevator_action enduro
entombed et fishing_derby flag_capture freeway frogger frostbite galaxian gopher gravitar hangman haunted_house hero
human_cannonball ice_hockey jamesbond journey_escape kaboom kangaroo keystone_kapers king_kong klax koolaid krull
kung_fu_master laser_gates lost_luggage mario_bros miniature_golf montezuma_revenge mr_do ms_pacman name_this_game
othello pacman phoenix pitfall pitfall2 pong pooyan private_eye qbert riverraid road_runner robotank seaquest
sir_lancelot skiing solaris space_invaders space_war star_gunner superman surround tennis tetris tic_tac_toe_3d
time_pilot trondead turmoil tutankham up_n_down venture video_checkers video_chess video_cube video_pinball
wizard_of_wor word_zapper yars_revenge zaxxon
"""
ROMS = tuple(_NAMES.split())
"""ale-py's names of its ROMs, but for the four that only two can play. Written down, so that ale-py need not be there
to know a game's name; a test compares them with ale-py's."""


class AtariMemory(MemoryMap):
    """What ale-py knows of the game: see `emulators/atari.py`."""

    score = Integer(0x00, 8, signed=True, device=GAME)
    lives = U8(0x08, device=GAME)
    over = U8(0x09, device=GAME)


class AtariGame(Game[AtariMemory]):
    __doc__ = __doc__

    system = "atari2600"
    memory = AtariMemory
    ram = MemoryRange(RAM_START, RAM_BYTES, device=CPU)
    features = ()

    def __init__(self, rom: str) -> None:
        """`rom` is one of `ROMS`."""
        self.id = PREFIX + rom
        self.env_name = env_name(rom)
        self.title = f"{rom.replace('_', ' ').title()} (Atari 2600)"
        self.machine = rom

    @cached_property
    def actions(self) -> tuple[Action, ...]:  # type: ignore[override]
        """Asked of ale-py at the first use. Raises EmulatorNotFound and RomError."""
        return tuple(Action(name, ACTIONS[name]) for name in minimal_actions(self.machine))

    def start(self, step: Step[AtariMemory]) -> AtariMemory:
        memory = step((), START_FRAMES)
        if memory.over:
            raise StartError(f"{self.title} is over before it has begun: is the ROM another revision?")
        return memory

    def outcome(self, before: AtariMemory, after: AtariMemory) -> Outcome:
        return Outcome(float(after.score - before.score), bool(after.over), after.lives < before.lives)

    def lives(self, memory: AtariMemory) -> int:
        return memory.lives

    def level(self, memory: AtariMemory) -> int:
        """ale-py does not say."""
        return 0

    def feature_vector(self, before: AtariMemory, memory: AtariMemory, out: NDArray[np.float32]) -> None:
        """There are none."""


def env_name(rom: str) -> str:
    """In Gymnasium's registry, with ale-py's spelling: `Atari-SpaceInvaders` of `space_invaders`."""
    return f"Atari-{rom.title().replace('_', '')}"


class AtariFamily(Family):
    """The games of `ROMS`."""

    id = "atari"
    title = "Atari 2600, by ale-py"
    default_obs = "pixels"

    def names(self) -> dict[str, str]:
        return {PREFIX + rom: env_name(rom) for rom in ROMS}

    def game(self, game_id: str) -> Game[Any]:
        return AtariGame(game_id.removeprefix(PREFIX))
