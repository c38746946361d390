"""The contract of an emulator: what every real emulator gives the rest of quarterup, whatever runs inside it.

An emulator is a child process that is stepped frame by frame. What to watch, and the size and kind of the picture, is
fixed when it starts, so that a step is one request and one reply, both binary, both of known length.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NewType, Protocol

import numpy as np
from numpy.typing import NDArray

StateId = NewType("StateId", int)
"""Names a save state that lives in the emulator's own memory."""

MAX_PIXELS = 1 << 24

HeldInputs = Sequence[str] | Mapping[str, int]
"""Inputs to hold: field names (a digital field is pressed), or names with values (analog fields, DIP switches).

Tuples are fastest: their encoding is remembered."""


class EmulatorError(Exception):
    """What went wrong with an emulator, and what to do about it."""


class EmulatorNotFound(EmulatorError):
    """The emulator is not installed, or too old for what was asked."""


class RomError(EmulatorError):
    """A ROM set is missing, incomplete or unreadable."""


class EmulatorDied(EmulatorError):
    """The emulator's process ended, stopped answering, or answered nonsense. Its last printed lines are in the text."""

    def __init__(self, message: str, output: str = "") -> None:
        super().__init__(message)
        self.output = output
        """More of what it printed, for those who look for something in it."""


@dataclass(frozen=True)
class MemoryRange:
    """`size` bytes that every step returns: at `start`, `start + stride`, `start + 2 * stride` and so on.

    `device` and `space` are the emulator's own names; MAME's default is the program space of the main CPU.
    """

    start: int
    size: int
    stride: int = 1
    device: str = ":maincpu"
    space: str = "program"

    def __post_init__(self) -> None:
        if self.start < 0 or self.size < 1 or self.stride < 1:
            raise ValueError(f"{self}: a range starts at 0 or above, and its size and stride are at least 1")


@dataclass(frozen=True)
class Picture:
    """The picture every step returns: native size, or scaled to `width` x `height`; RGB, or gray."""

    width: int | None = None
    height: int | None = None
    gray: bool = False
    raw: bool = False
    """Take the machine's own bitmap, which is several times cheaper than the finished picture: native size, without
    the cabinet's coloured overlays, one frame old, and nothing on vector machines."""

    def __post_init__(self) -> None:
        if self.raw and self.width is not None:
            raise ValueError("a raw picture has the machine's own size: leave width and height out")
        if (self.width is None) != (self.height is None):
            raise ValueError("a picture has both width and height, or neither (native size)")
        if self.width is None or self.height is None:
            return
        if min(self.width, self.height) < 1 or self.width * self.height > MAX_PIXELS:
            raise ValueError(f"a picture of {self.width}x{self.height}: 1 to {MAX_PIXELS} pixels can be sent")


@dataclass(frozen=True)
class InputField:
    """One thing of the machine that can be pressed, turned or switched.

    `name` addresses it everywhere: the short field name where that is unique, else `port/field`.
    """

    name: str
    port: str
    field: str
    kind: str
    """`digital`, `analog` (dial, paddle, trackball, stick), `dipswitch` or `config`."""
    mask: int
    minimum: int
    maximum: int
    default: int
    player: int
    settings: Mapping[int, str] = dataclasses.field(default_factory=dict)
    """For DIP switches: value -> what the board's manual calls it."""


@dataclass(frozen=True)
class MachineFacts:
    """What is known about the running machine."""

    machine: str
    description: str
    emulator: str
    """For instance `MAME 0.251`."""
    screen_width: int
    """Native width in pixels of the upright picture."""
    screen_height: int
    refresh_hz: float
    rom_status: str
    """`good`, `stand-in`, `other checksums` or `no ROM needed`; of a console's game, whose checksums nobody knows,
    `own ROM`."""
    rom_path: str
    display_aspect: float = 0.0
    """Width to height of the upright picture as the machine's own screen shows it; 0 where that is not known. Pixels
    are seldom square."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What one step gave back.

    `memory` and `screen` are views into buffers that the next step overwrites: copy what must outlive it.
    """

    number: int
    """Frames emulated since power-on (a loaded state brings its own count back)."""
    memory: NDArray[np.uint8]
    """The watched ranges one after another, shape (total bytes,)."""
    screen: NDArray[np.uint8] | None
    """Shape (height, width, 3) RGB or (height, width) gray, or None when no picture was asked for."""


class Emulator(Protocol):
    """A running emulator. All methods raise `EmulatorDied` once the process is gone."""

    facts: MachineFacts

    @property
    def inputs(self) -> Mapping[str, InputField]:
        """Every field that can be held, by name."""
        ...

    def step(self, inputs: HeldInputs = (), frames: int = 1) -> Frame:
        """Hold `inputs` for `frames` frames and return what the machine then holds and shows."""
        ...

    def send_step(self, inputs: HeldInputs = (), frames: int = 1) -> None:
        """The first half of `step`: ask, without waiting. Lets one process drive many emulators at once.

        Several steps may be sent before the first is received: they are answered in order.
        """
        ...

    def receive_step(self) -> Frame:
        """The second half of `step`: wait for the answer, as long as the emulator is set to."""
        ...

    def write(self, address: int, data: bytes) -> None:
        """Poke `data` into memory."""
        ...

    def save_state(self) -> StateId:
        """Keep the machine's exact state in the emulator's memory."""
        ...

    def load_state(self, state: StateId) -> None:
        """Go back to a saved state. The next step continues from it, byte for byte."""
        ...

    def drop_state(self, state: StateId) -> None:
        """Forget a saved state."""
        ...

    def screenshot(self) -> NDArray[np.uint8]:
        """The screen at native size, upright, RGB, shape (H, W, 3). Raises EmulatorError if it was started without a
        picture."""
        ...

    def prepare_look(self) -> None:
        """Draw the end of each step from the next one on, until the next `look`. The machine does not notice."""
        ...

    def look(self) -> NDArray[np.uint8]:
        """The picture after the last step, upright, RGB, shape (H, W, 3): what `prepare_look` had drawn, for a person
        who looks in now and then."""
        ...

    def close(self) -> None:
        """End the process and remove everything it left on disk. Safe to call twice."""
        ...
