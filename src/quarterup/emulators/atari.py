"""ale-py as an `Emulator`: an Atari 2600 with one of the games whose score ale-py can read, inside this process.

The memory it shows is of two devices:

| device | addresses | contents |
| --- | --- | --- |
| `:maincpu` | 0x80 to 0xFF | the 128 bytes of RAM, where the CPU has them |
| `:ale` | 0x00 to 0x07 | the score won since power-on, i64, little endian |
| | 0x08 | lives |
| | 0x09 | 1 when the game is over |
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quarterup.emulators.area import AreaResize
from quarterup.emulators.atari_roms import atari_rom
from quarterup.emulators.emulator import (
    EmulatorDied,
    EmulatorError,
    Frame,
    HeldInputs,
    InputField,
    MachineFacts,
    MemoryRange,
    Picture,
    StateId,
)
from quarterup.emulators.mame_program import require_display

CPU, GAME = ":maincpu", ":ale"
RAM_START, RAM_BYTES = 0x80, 128
ABOUT_GAME = struct.Struct("<qBB")
"""Score, lives, game over."""
REFRESH_HZ = 59.92
"""NTSC: 262 lines of 228 colour clocks at 3.579545 MHz."""
DISPLAY_ASPECT = 4 / 3
SEED = 1
"""Fills the RAM at power-on. Always the same: what differs between episodes is the environment's choice."""

UP, DOWN, LEFT, RIGHT, BUTTON = "P1 Up", "P1 Down", "P1 Left", "P1 Right", "P1 Button 1"
ACTIONS: dict[str, tuple[str, ...]] = {
    "NOOP": (),
    "FIRE": (BUTTON,),
    "UP": (UP,),
    "RIGHT": (RIGHT,),
    "LEFT": (LEFT,),
    "DOWN": (DOWN,),
    "UPRIGHT": (UP, RIGHT),
    "UPLEFT": (UP, LEFT),
    "DOWNRIGHT": (DOWN, RIGHT),
    "DOWNLEFT": (DOWN, LEFT),
    "UPFIRE": (UP, BUTTON),
    "RIGHTFIRE": (RIGHT, BUTTON),
    "LEFTFIRE": (LEFT, BUTTON),
    "DOWNFIRE": (DOWN, BUTTON),
    "UPRIGHTFIRE": (UP, RIGHT, BUTTON),
    "UPLEFTFIRE": (UP, LEFT, BUTTON),
    "DOWNRIGHTFIRE": (DOWN, RIGHT, BUTTON),
    "DOWNLEFTFIRE": (DOWN, LEFT, BUTTON),
}
"""ale-py's actions in its order, and what each holds. Where a game has a paddle, left and right turn it."""
_NUMBERS = {frozenset(inputs): number for number, inputs in enumerate(ACTIONS.values())}


class AtariEmulator:
    """A game running in an ale-py of its own, in this process and in the thread that calls.

    Args:
        machine: ale-py's name of the ROM, for instance `pong`.
        watch: memory returned by every step.
        picture: the picture returned by every step. A smaller one is the mean over areas, as `AreaResize` has it.
        roms: folders searched before ale-py's own.
        visible: show a window at normal speed with sound.
        processor, start_timeout_s, timeout_s: taken and not used: no process starts.

    Raises:
        EmulatorNotFound: ale-py is not installed.
        RomError: there is no such ROM, or it is not the one whose score ale-py can read.
        EmulatorError: an address that cannot be watched.

    When the game is over, ale-py stands still: steps then change nothing, until a state is loaded.
    """

    def __init__(
        self,
        machine: str,
        *,
        watch: Sequence[MemoryRange] = (),
        picture: Picture | None = None,
        roms: Sequence[Path] = (),
        visible: bool = False,
        processor: int | None = None,
        start_timeout_s: float = 60.0,
        timeout_s: float = 20.0,
    ) -> None:
        if visible:
            require_display()
        rom = atari_rom(machine, roms)
        self._ale: Any = load_rom(rom, visible=visible)
        self._score = 0
        self._states: dict[StateId, tuple[Any, int]] = {}
        self._last_state = 0
        self._sent: deque[tuple[int, int]] = deque()
        """ale-py's number of the action, and frames."""
        self._numbers: dict[HeldInputs, int] = {}
        self._all = np.zeros(RAM_BYTES + ABOUT_GAME.size, np.uint8)
        self._ram = self._all[:RAM_BYTES]
        self._about = self._all[RAM_BYTES:].data
        self._places = _places(watch)
        self._memory = np.zeros(len(self._places), np.uint8)
        height, width = self._ale.getScreenDims()
        self._picture = picture
        self._prepare_picture(height, width)
        self.facts = MachineFacts(
            machine=machine,
            description=f"{machine.replace('_', ' ').title()} (Atari 2600)",
            emulator=f"ale-py {ale_version()}",
            screen_width=width,
            screen_height=height,
            refresh_hz=REFRESH_HZ,
            rom_status="good",
            rom_path=str(rom),
            display_aspect=DISPLAY_ASPECT,
        )
        self._inputs = {name: _digital(name) for name in (UP, DOWN, LEFT, RIGHT, BUTTON)}

    def _prepare_picture(self, height: int, width: int) -> None:
        self._native = np.zeros((height, width, 3), np.uint8)
        self._gray = np.zeros((height, width), np.uint8)
        self._screen = self._gray if self._picture is not None and self._picture.gray else self._native
        self._resize: AreaResize | None = None
        if self._picture is None or self._picture.width is None or self._picture.height is None:
            return
        if (self._picture.height, self._picture.width) != (height, width):
            self._resize = AreaResize(height, width, self._picture.height, self._picture.width)
            self._screen = np.zeros((self._picture.height, self._picture.width, *self._screen.shape[2:]), np.uint8)

    # ------------------------------------------------------------------------------------------------------- stepping

    @property
    def inputs(self) -> Mapping[str, InputField]:
        return self._inputs

    def fileno(self) -> int:
        """There is nothing to wait for."""
        return -1

    def step(self, inputs: HeldInputs = (), frames: int = 1) -> Frame:
        self.send_step(inputs, frames)
        return self.receive_step()

    def send_step(self, inputs: HeldInputs = (), frames: int = 1) -> None:
        """Only notes what is to be done: the work is done by `receive_step`, in the thread that calls it."""
        self._opened()
        if frames < 1:
            raise ValueError(f"a step lasts at least 1 frame, not {frames}")
        self._sent.append((self._number_of(inputs), frames))

    def receive_step(self) -> Frame:
        ale = self._opened()
        if not self._sent:
            raise EmulatorError("receive_step without a step that was sent")
        number, frames = self._sent.popleft()
        act = ale.act
        for _ in range(frames):
            self._score += act(number)
        return Frame(ale.getFrameNumber(), self._watched(ale), self._drawn(ale))

    def _number_of(self, inputs: HeldInputs) -> int:
        if type(inputs) is tuple and (number := self._numbers.get(inputs)) is not None:
            return number
        number = action_number(inputs)
        if type(inputs) is tuple:
            self._numbers[inputs] = number
        return number

    def _watched(self, ale: Any) -> NDArray[np.uint8]:
        ale.getRAM(self._ram)
        ABOUT_GAME.pack_into(self._about, 0, self._score, ale.lives(), ale.game_over())
        return np.take(self._all, self._places, out=self._memory)

    def _drawn(self, ale: Any) -> NDArray[np.uint8] | None:
        if self._picture is None:
            return None
        if self._picture.gray:
            ale.getScreenGrayscale(self._gray)
            if self._resize is not None:
                self._resize(self._gray, self._screen)
            return self._screen
        ale.getScreenRGB(self._native)
        if self._resize is not None:
            for channel in range(3):
                self._resize(self._native[:, :, channel], self._screen[:, :, channel])
        return self._screen

    # -------------------------------------------------------------------------------------------------- memory, states

    def write(self, address: int, data: bytes) -> None:
        """Poke `data` into RAM, which is at 0x80 to 0xFF."""
        ale = self._between_steps()
        if not RAM_START <= address <= address + len(data) <= RAM_START + RAM_BYTES:
            raise EmulatorError(f"{len(data)} bytes at 0x{address:X} are not in the RAM, 0x80 to 0xFF")
        for offset, value in enumerate(data):
            ale.setRAM(address - RAM_START + offset, value)

    def save_state(self) -> StateId:
        self._last_state += 1
        state = StateId(self._last_state)
        self._states[state] = self._between_steps().cloneState(), self._score
        return state

    def load_state(self, state: StateId) -> None:
        """The state is loaded twice, with a frame between: ale-py 0.12 does not save whether the picture's beam was in
        the middle of a frame, and what the first frame after a load does depends on it."""
        ale = self._between_steps()
        if state not in self._states:
            raise EmulatorError(f"there is no saved state {state}")
        saved, self._score = self._states[state]
        ale.restoreState(saved)
        ale.act(0)
        ale.restoreState(saved)

    def drop_state(self, state: StateId) -> None:
        self._between_steps()
        self._states.pop(state, None)

    def screenshot(self) -> NDArray[np.uint8]:
        """The screen at native size, RGB, shape (H, W, 3). Raises EmulatorError if it was started without a picture."""
        if self._picture is None:
            raise EmulatorError("there is no screenshot of an emulator that was started without a picture")
        return self.look()

    def prepare_look(self) -> None:
        """Nothing to do: ale-py draws every frame."""
        self._between_steps()

    def look(self) -> NDArray[np.uint8]:
        picture: NDArray[np.uint8] = self._between_steps().getScreenRGB()
        return picture

    def close(self) -> None:
        self._ale = None
        self._states.clear()
        self._sent.clear()

    def _opened(self) -> Any:
        if self._ale is None:
            raise EmulatorDied("this emulator is closed: make a new one")
        return self._ale

    def _between_steps(self) -> Any:
        ale = self._opened()
        if self._sent:
            raise EmulatorError("a step that was sent has not been received yet")
        return ale

    def __enter__(self) -> AtariEmulator:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


# ------------------------------------------------------------------------------------------------------- for others too


def load_rom(rom: Path, *, visible: bool = False) -> Any:
    """An `ALEInterface` with that ROM, at the beginning of its game. It never sticks to an action, and has no cap."""
    import ale_py

    ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)
    ale = ale_py.ALEInterface()
    ale.setInt("random_seed", SEED)
    ale.setFloat("repeat_action_probability", 0.0)
    ale.setInt("max_num_frames_per_episode", 0)
    ale.setBool("display_screen", visible)
    ale.setBool("sound", visible)
    ale.loadROM(rom)
    return ale


def minimal_actions(machine: str) -> tuple[str, ...]:
    """The names of the actions that do something in a game, in ale-py's order.

    Raises EmulatorNotFound and RomError as `AtariEmulator` does.
    """
    ale = load_rom(atari_rom(machine))
    return tuple(action.name for action in ale.getMinimalActionSet())


def action_number(inputs: HeldInputs) -> int:
    """ale-py's number of the action that holds `inputs`. Raises EmulatorError if there is none."""
    if isinstance(inputs, str):
        raise EmulatorError(f"inputs are a tuple or a list of names, or names with values: not the text '{inputs}'")
    names = [name for name, value in inputs.items() if value] if isinstance(inputs, Mapping) else inputs
    number = _NUMBERS.get(frozenset(names))
    if number is None:
        known = ", ".join(map(repr, (UP, DOWN, LEFT, RIGHT, BUTTON)))
        raise EmulatorError(
            f"ale-py can't hold {', '.join(map(repr, names))}. There are {known}, but no two opposite directions at "
            "once, and no switches of the console."
        )
    return number


def ale_version() -> str:
    import ale_py

    return str(ale_py.__version__)


def _places(watch: Sequence[MemoryRange]) -> NDArray[np.int64]:
    """Where the watched bytes lie behind one another in RAM and what is known of the game."""
    places = [np.zeros(0, np.int64)]
    for item in watch:
        start, size, base = {
            CPU: (RAM_START, RAM_BYTES, 0),
            GAME: (0, ABOUT_GAME.size, RAM_BYTES),
        }.get(item.device, (0, 0, 0))
        addresses = item.start + item.stride * np.arange(item.size)
        if addresses[0] < start or addresses[-1] >= start + size or item.space != "program":
            raise EmulatorError(
                f"{item} can't be watched in ale-py: it shows {CPU}, 0x80 to 0xFF, and {GAME}, 0x00 to 0x09."
            )
        places.append(addresses - start + base)
    return np.concatenate(places)


def _digital(name: str) -> InputField:
    return InputField(
        name=name,
        port="joystick",
        field=name,
        kind="digital",
        mask=1,
        minimum=0,
        maximum=1,
        default=0,
        player=1,
    )
