"""A game that a person plays in the page: at the machine's own speed, an action for every frame, each game kept.

Every frame is a step of its own, so that nothing that is pressed waits. Training in steps of more frames cuts the game
anew: see `quarterup.envs.rerun`.
"""

from __future__ import annotations

import dataclasses
import json
import struct
import threading
import time
from collections.abc import Callable
from enum import Enum
from pathlib import Path

from quarterup.dashboard.hand import Hand, action_of
from quarterup.dashboard.screen import Screen
from quarterup.emulators.emulator import EmulatorDied, MachineFacts
from quarterup.envs.cabinet import Cabinet
from quarterup.envs.settings import EnvSettings
from quarterup.training.demonstrations import DemonstrationError, keep
from quarterup.training.png import png

HEAD = struct.Struct("<II")
"""Of a message to the page: bytes of its JSON, and of the PNG behind it."""
LOOK_EVERY_S = 0.02
"""While nobody plays."""
FORGIVEN_S = 0.1
"""A machine that is further behind than this, as after a moment without a processor, does not hurry to catch up."""
A_DAY_OF_FRAMES = 60 * 60 * 60 * 24
"""Nobody's game is cut off."""


class State(Enum):
    """What goes on."""

    WAITING = "waiting"
    """For a player to begin."""
    PLAYING = "playing"
    PAUSED = "paused"
    OVER = "over"


class Wish(Enum):
    """What a player can ask for."""

    BEGIN = "begin"
    """A game, where none is being played; or to go on after a pause."""
    PAUSE = "pause"
    RESTART = "restart"
    """A new game. The one that is played is not kept."""


def rules_of_people(env: EnvSettings) -> EnvSettings:
    """How a game is played by hand, in the emulator of `env`."""
    return dataclasses.replace(
        env,
        obs="screen",
        frame_skip=1,
        sticky=0.0,
        max_two_frames=False,
        frame_differences=False,
        life_loss_ends_episode=False,
        max_episode_frames=A_DAY_OF_FRAMES,
    )


class PlayedGame:
    """The machine, and the thread that plays on it."""

    def __init__(self, cabinet: Cabinet, demos: Path, ended: Callable[[], None]) -> None:
        """`cabinet` is powered on and has the rules of people; games are kept in `demos`. `ended` is called when the
        thread ends by itself, which `error` then explains."""
        self.hand = Hand()
        self.screen = Screen()
        self.error: Exception | None = None
        self.kept: list[Path] = []
        """The games of this session, the newest last."""
        self._cabinet = cabinet
        self._demos = demos
        self._ended = ended
        self._state = State.WAITING
        self._wishes: list[Wish] = []
        self._note = ""
        self._picture = b""
        self._action = 0
        self._number = -1
        self._over = False
        self._thread = threading.Thread(target=self._run, name="game", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the thread; the machine is the caller's to close."""
        self._over = True
        self._thread.join()

    def ask(self, wish: Wish) -> None:
        """From any thread."""
        self._wishes.append(wish)

    # ----------------------------------------------------------------------------------------------------- the thread

    def _run(self) -> None:
        try:
            self._new_game()
            self._set_up(State.WAITING)
            while not self._over:
                self._take_wishes()
                if self._state is State.PLAYING:
                    self._play()
                else:
                    time.sleep(LOOK_EVERY_S)
        except Exception as error:
            self.error = error
            self._ended()

    def _new_game(self) -> None:
        self._cabinet.reset()
        self._draw()

    def _take_wishes(self) -> None:
        while self._wishes:
            wish = self._wishes.pop(0)
            if wish is Wish.RESTART or (wish is Wish.BEGIN and self._state is State.OVER):
                self._new_game()
                self._set_up(State.PLAYING)
            elif wish is Wish.BEGIN:
                self._set_up(State.PLAYING)
            elif self._state is State.PLAYING:
                self._set_up(State.PAUSED)

    def _play(self) -> None:
        """Frame by frame, until something else is to be done."""
        period = 1 / self._facts.refresh_hz
        due = time.perf_counter()
        while not (self._over or self._wishes) and self._state is State.PLAYING:
            if not self.hand.is_there():
                self.hand.leave()
                self._set_up(State.PAUSED)
                return
            self._frame()
            due += period
            late = time.perf_counter() - due
            if late < 0:
                time.sleep(-late)
            elif late > FORGIVEN_S:
                due = time.perf_counter()

    def _frame(self) -> None:
        held, self._number = self.hand.take()
        self._action = action_of(held, self._cabinet.game.actions)
        try:
            self._cabinet.send(self._action)
            result = self._cabinet.receive()
        except EmulatorDied as death:
            self._cabinet.replace(death)
            self._new_game()
            self._set_up(State.OVER, "The emulator ended, and a new one was started. That game is lost.")
            return
        self._draw()
        if result.terminated or result.truncated:
            self._keep()
        else:
            self._show()

    def _keep(self) -> None:
        points = f"{self._cabinet.episode.score:,.0f} points"
        try:
            path = keep(self._cabinet.trace(), self._demos)
        except DemonstrationError as error:
            self._set_up(State.OVER, str(error))
            return
        self.kept.append(path)
        self._set_up(State.OVER, f"{points}, kept as {path.name}")

    @property
    def _facts(self) -> MachineFacts:
        assert self._cabinet.emulator is not None
        return self._cabinet.emulator.facts

    # --------------------------------------------------------------------------------------------- what the page sees

    def _set_up(self, state: State, note: str = "") -> None:
        self._state, self._note = state, note
        self._show()

    def _draw(self) -> None:
        height, width, _ = self._cabinet.observation.shape
        self._picture = png(self._cabinet.observation.tobytes(), width, height, 3)

    def _show(self) -> None:
        episode, actions = self._cabinet.episode, self._cabinet.game.actions
        values = {
            "state": self._state.value,
            "note": self._note,
            "score": episode.score,
            "lives": episode.lives,
            "level": episode.level,
            "frames": episode.frames,
            "held": actions[self._action].inputs if self._state is State.PLAYING else (),
            "number": self._number,
            "kept": len(self.kept),
        }
        text = json.dumps(values, separators=(",", ":")).encode()
        self.screen.show(HEAD.pack(len(text), len(self._picture)) + text + self._picture)
