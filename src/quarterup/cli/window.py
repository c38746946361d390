"""Playing by hand in MAME's own window: the keys are MAME's, but what they hold goes through us, and games are kept."""

from __future__ import annotations

import dataclasses
import shlex
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from quarterup.cli.target import Target
from quarterup.dashboard.hand import action_of
from quarterup.dashboard.played_game import rules_of_people
from quarterup.emulators.emulator import EmulatorDied, EmulatorError
from quarterup.emulators.launch import mame_machine
from quarterup.emulators.mame import MameEmulator
from quarterup.envs.cabinet import Cabinet
from quarterup.envs.trace import Trace
from quarterup.games import find_game
from quarterup.games.atari import AtariGame
from quarterup.training.demonstrations import DemonstrationError, keep
from quarterup.training.playback import Playback, PlaybackError

KEYS = "The arrow keys move, left Ctrl fires, P pauses, Tab shows all keys, Esc ends."
"""MAME's own defaults. The coin is ours."""
GAME_OVER_S = 2.0
"""How long the end of a game is shown."""


def play_by_hand(target: Target, demos: Path) -> None:
    """One game after the other, kept in `demos`, until the window is closed: then it raises EmulatorDied.

    Raises EmulatorError for a game that MAME does not keep the score of.
    """
    game = find_game(target.game)
    if isinstance(game, AtariGame):
        command = shlex.join(["mame", *mame_machine(game.system, game.machine, target.env.roms)])
        raise EmulatorError(
            "ale-py, which keeps the score, takes no keyboard. Play in the browser: add --page. To play in MAME without"
            f" it: {command}"
        )
    rules = dataclasses.replace(rules_of_people(target.env), obs="ram", emulator="mame")
    cabinet = Cabinet(target.game, rules, "human")
    with ThreadPoolExecutor(1) as checker:
        try:
            cabinet.power_on()
            emulator = cabinet.emulator
            assert isinstance(emulator, MameEmulator)
            print(f"{emulator.facts.description} ({emulator.facts.rom_status}). {KEYS}", flush=True)
            print(f"Games that you finish are kept in {demos}.", flush=True)
            while True:
                cabinet.reset()
                play(cabinet, emulator)
                checker.submit(keep_if_true, cabinet.trace(), demos, target).add_done_callback(tell)
                emulator.step((), round(GAME_OVER_S * emulator.facts.refresh_hz))
        finally:
            cabinet.close()


def play(cabinet: Cabinet, emulator: MameEmulator) -> None:
    """One game."""
    held: tuple[str, ...] = ()
    over = False
    while not over:
        pressed = emulator.pressed()
        held = (*(name for name in held if name in pressed), *(name for name in pressed if name not in held))
        cabinet.send(action_of(held, cabinet.game.actions))
        over = cabinet.receive().terminated


def keep_if_true(trace: Trace, demos: Path, target: Target) -> str:
    """Keep a game, if it comes out the same again: MAME's menus can do what no trace has. Says what was done."""
    points = f"game over: {trace.score:,.0f} points"
    try:
        with Playback(trace, roms=target.env.roms, pictures=False) as playback:
            for _ in playback.play():
                pass
        return f"{points}, kept: {keep(trace, demos)}"
    except PlaybackError as error:
        return (
            f"{points}, not kept: when it was played again, without a reset, a saved state or another setting of MAME's"
            f" menus, it came out otherwise. {error}"
        )
    except (DemonstrationError, EmulatorDied) as error:
        return f"{points}. {error}"


def tell(done: Future[str]) -> None:
    print(done.result(), flush=True)
