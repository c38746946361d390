"""stable-retro's cores as an `Emulator`: a NES (fceumm), and every other console that stable-retro knows.

The core runs in a child process, `retro_worker.py`. Requests go over the connection; what a step leaves comes back in a
mapped file, so that neither memory nor pictures are copied through a pipe.
"""

from __future__ import annotations

import difflib
import json
import mmap
import os
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from quarterup.emulators import retro_worker as worker
from quarterup.emulators.area import AreaResize
from quarterup.emulators.child import Child
from quarterup.emulators.connection import Transport
from quarterup.emulators.emulator import (
    EmulatorError,
    Frame,
    HeldInputs,
    InputField,
    MachineFacts,
    MemoryRange,
    Picture,
    RomError,
    StateId,
)
from quarterup.emulators.pictures import gray_from_rgb
from quarterup.emulators.retro_core import (
    NES_PIXEL_ASPECT,
    RetroCore,
    check_rom,
    input_fields,
    places_of,
    real_address,
    require_retro,
    what_is_seen,
)

MAX_STEP_FRAMES = 65_535
MAX_REASON_BYTES = 65_536
FILE_NAME = "slots"


class RetroEmulator:
    """A game running in a stable-retro core of its own.

    Args:
        rom: the game's file, whether stable-retro has an integration of it or not.
        integration: the folder of its integration. Then the game begins where that says, and the device `:retro` has
            what it knows: reward since the start (a double), lives (i32), and 1 when it is over (u8), little endian.
        watch: memory returned by every step: the CPU's RAM, on a NES with its mirrors, and a cartridge's own.
        picture: the picture returned by every step. A scaled one is the mean over areas, as `AreaResize` has it.
        visible: refused, because stable-retro has neither window nor sound.
        processor: keep to the processor of this number; None: run wherever one is free.
        transport: `pipe` or `tcp`; None: named pipes where the system has them.
        start_timeout_s, timeout_s: how long starting, and any later answer, may take before the core counts as frozen.

    Raises:
        EmulatorNotFound: stable-retro is not installed.
        RomError: no such file, or none that the core can run.
        EmulatorError: an address that cannot be watched, or a picture that cannot be given.
        EmulatorDied: the core ended or froze.
    """

    def __init__(
        self,
        rom: Path,
        *,
        integration: Path | None = None,
        watch: Sequence[MemoryRange] = (),
        picture: Picture | None = None,
        visible: bool = False,
        processor: int | None = None,
        transport: Transport | None = None,
        start_timeout_s: float = 60.0,
        timeout_s: float = 20.0,
    ) -> None:
        require_retro()
        if visible:
            raise EmulatorError("stable-retro has no window and no sound. Play it in another emulator: `--emulator`")
        rom = rom.expanduser().absolute()
        check_rom(rom)
        self._picture = picture
        self._states = 0
        self._slot = 0
        self._owed: deque[int] = deque()
        """The slots of steps that were sent and not received."""
        self._receiving = False
        self._encoded: dict[HeldInputs, tuple[int, int]] = {}
        self._child = Child(transport, start_timeout_s, timeout_s)
        try:
            core = self._start(rom, integration, processor, start_timeout_s)
            self._core = core
            about_bytes = worker.ABOUT.size if integration else 0
            places, blocks = places_of(watch, core, about_bytes)
            self._prepare_picture(core)
            self._open_slots(core, blocks, about_bytes)
        except BaseException:
            self._child.close()
            raise
        self._places = places
        self._memory = np.zeros(len(places), np.uint8)
        self._inputs, self._bits = input_fields(core.buttons)
        self.facts = MachineFacts(
            machine=rom.stem,
            description=f"{rom.stem} ({core.system})",
            emulator=f"stable-retro {core.version} ({core.core})",
            screen_width=core.width,
            screen_height=core.height,
            refresh_hz=core.refresh_hz,
            rom_status="own ROM",
            rom_path=str(rom),
            display_aspect=core.width * NES_PIXEL_ASPECT / core.height if core.is_nes else 0.0,
        )

    # ------------------------------------------------------------------------------------------------------- starting

    def _start(self, rom: Path, integration: Path | None, processor: int | None, timeout_s: float) -> RetroCore:
        environment = {**os.environ, "HOME": str(self._child.folder)}
        command = [sys.executable, "-P", worker.__file__, str(rom), *([str(integration)] if integration else [])]
        self._child.start(command, environment, processor)
        status, body, _ = self._receive_reply(timeout_s)
        if status == worker.FAILED:
            raise RomError(f"stable-retro cannot run {rom}: {body.decode(errors='replace')}")
        try:
            return RetroCore(**json.loads(body))
        except (ValueError, TypeError):
            self._child.died("sent a greeting that makes no sense")

    def _prepare_picture(self, core: RetroCore) -> None:
        wanted = self._picture or Picture()
        if wanted.raw:
            raise EmulatorError("stable-retro has no raw picture: it draws every frame, whole")
        shape = (wanted.height or core.height, wanted.width or core.width)
        self._resize = None
        if shape != (core.height, core.width):
            try:
                self._resize = AreaResize(core.height, core.width, *shape)
            except ValueError as error:
                raise EmulatorError(str(error)) from None
        self._gray = np.zeros((core.height, core.width), np.uint8)
        self._screen = np.zeros((*shape, *(() if wanted.gray else (3,))), np.uint8)

    def _open_slots(self, core: RetroCore, blocks: Sequence[int], about_bytes: int) -> None:
        """Make the file that is shared, and tell the worker what goes where in it."""
        sizes = dict(core.blocks)
        memory = sum(sizes[address] for address in blocks) + about_bytes
        picture = core.width * core.height * 3
        size = -(-(memory + picture) // mmap.PAGESIZE) * mmap.PAGESIZE
        path = self._child.folder / FILE_NAME
        with path.open("w+b") as file:
            file.truncate(worker.SLOTS * size)
            shared = np.frombuffer(mmap.mmap(file.fileno(), worker.SLOTS * size), np.uint8)
        rows = shared.reshape(worker.SLOTS, size)
        self._seen = [row[:memory] for row in rows]
        self._drawn = [row[memory : memory + picture].reshape(core.height, core.width, 3) for row in rows]
        wanted = {"file": str(path), "slot_bytes": size, "blocks": list(blocks), "picture": memory}
        self._ask(worker.OPEN, body=json.dumps(wanted).encode())

    # ------------------------------------------------------------------------------------------------------- stepping

    @property
    def inputs(self) -> Mapping[str, InputField]:
        return self._inputs

    def fileno(self) -> int:
        """Readable when an answer is there: select over many emulators by it."""
        return self._child.fileno()

    def step(self, inputs: HeldInputs = (), frames: int = 1) -> Frame:
        self._check_nothing_owed()
        self.send_step(inputs, frames)
        return self.receive_step()

    def send_step(self, inputs: HeldInputs = (), frames: int = 1) -> None:
        """`inputs` are names of buttons. As many steps can be sent ahead as there are slots, but for one."""
        buttons = self._encoded.get(inputs) if type(inputs) is tuple else None
        if buttons is None:
            buttons = self._buttons(inputs)
            if type(inputs) is tuple:
                self._encoded[inputs] = buttons
        if not 1 <= frames <= MAX_STEP_FRAMES:
            raise ValueError(f"a step lasts 1 to {MAX_STEP_FRAMES} frames, not {frames}")
        if self._receiving:
            self._interrupted()
        if len(self._owed) >= worker.SLOTS - 1:
            raise EmulatorError(f"at most {worker.SLOTS - 1} steps can be sent before the first of them is received")
        self._slot = (self._slot + 1) % worker.SLOTS
        kind = worker.STEP if self._picture is None else worker.STEP_AND_DRAW
        self._owed.append(self._slot)
        self._child.send(worker.REQUEST.pack(kind, self._slot, frames, *buttons, 0, 0))

    def receive_step(self) -> Frame:
        if not self._owed:
            raise EmulatorError("receive_step without a step that was sent")
        if self._receiving:
            self._interrupted()
        self._receiving = True
        status, reason, number = self._receive_reply()
        if status != worker.OK:
            self._child.died(f"could not step: {reason.decode(errors='replace')}")
        self._receiving = False
        slot = self._owed.popleft()
        np.take(self._seen[slot], self._places, out=self._memory)
        return Frame(number, self._memory, self._shown(slot))

    def _shown(self, slot: int) -> NDArray[np.uint8] | None:
        if self._picture is None:
            return None
        drawn = self._drawn[slot]
        if self._picture.gray:
            gray_from_rgb(drawn, self._gray)
            if self._resize is None:
                return self._gray
            self._resize(self._gray, self._screen)
            return self._screen
        if self._resize is None:
            return drawn
        for channel in range(3):
            self._resize(drawn[:, :, channel], self._screen[:, :, channel])
        return self._screen

    def _buttons(self, inputs: HeldInputs) -> tuple[int, int]:
        """The buttons of both players as bits."""
        if isinstance(inputs, str):
            raise EmulatorError(f"inputs are a tuple or a list of names, or names with values: not the text '{inputs}'")
        values = inputs if isinstance(inputs, Mapping) else dict.fromkeys(inputs, 1)
        buttons = [0, 0]
        for name, value in values.items():
            if name not in self._bits:
                nearest = difflib.get_close_matches(name, self._bits, n=4, cutoff=0.4)
                hint = f"Nearest: {', '.join(map(repr, nearest))}." if nearest else ""
                raise EmulatorError(f"{self.facts.machine} has no input '{name}'. {hint}")
            if value not in (0, 1):
                raise EmulatorError(f"'{name}' goes from 0 to 1, not to {value}")
            player, bit = self._bits[name]
            buttons[player - 1] |= value << bit
        return buttons[0], buttons[1]

    # ------------------------------------------------------------------------------------------------- memory, states

    def write(self, address: int, data: bytes) -> None:
        """Poke `data` into memory that could be watched."""
        places = [real_address(address + offset, self._core) for offset in range(len(data))]
        for place, value in zip(places, data, strict=True):
            if place is None or None in places:
                seen = what_is_seen(self._core)
                raise EmulatorError(f"{len(data)} bytes at 0x{address:X} can't be written: {seen}")
            self._ask(worker.WRITE, place, body=bytes((value,)))

    def save_state(self) -> StateId:
        self._ask(worker.SAVE, self._states + 1)
        self._states += 1
        return StateId(self._states)

    def load_state(self, state: StateId) -> None:
        self._ask(worker.LOAD, state)

    def drop_state(self, state: StateId) -> None:
        self._ask(worker.DROP, state)

    def screenshot(self) -> NDArray[np.uint8]:
        """The screen at native size, RGB, shape (H, W, 3). Raises EmulatorError if it was started without a picture."""
        if self._picture is None:
            raise EmulatorError("there is no screenshot of an emulator that was started without a picture")
        return self.look()

    def prepare_look(self) -> None:
        """Nothing to do: the core draws every frame."""
        self._check_nothing_owed()
        self._child.check_open()

    def look(self) -> NDArray[np.uint8]:
        """The picture after the last step, RGB, shape (H, W, 3)."""
        self._slot = (self._slot + 1) % worker.SLOTS
        self._ask(worker.DRAW)
        return self._drawn[self._slot].copy()

    def _ask(self, kind: int, argument: int = 0, *, body: bytes = b"") -> None:
        self._check_nothing_owed()
        self._owed.append(self._slot)
        self._child.send(worker.REQUEST.pack(kind, self._slot, 0, 0, 0, argument, len(body)) + body)
        status, reason, _ = self._receive_reply()
        self._owed.clear()
        if status == worker.FAILED:
            raise EmulatorError(reason.decode(errors="replace"))

    def _receive_reply(self, timeout_s: float | None = None) -> tuple[int, bytes, int]:
        """How it went, what came with it, and the frame's number."""
        header = bytearray(worker.REPLY.size)
        self._child.receive_into(memoryview(header), timeout_s)
        status, size, number = worker.REPLY.unpack(header)
        if status not in (worker.OK, worker.FAILED) or size > MAX_REASON_BYTES:
            self._child.died(f"answered nonsense ({bytes(header).hex()}…)")
        body = bytearray(size)
        if size:
            self._child.receive_into(memoryview(body), timeout_s)
        return status, bytes(body), number

    def _check_nothing_owed(self) -> None:
        if self._owed:
            self._interrupted()

    def _interrupted(self) -> NoReturn:
        """Part of an answer may be lost, so what comes next cannot be trusted to answer what was asked."""
        self._child.check_open()
        self._child.died("was interrupted before its last answer had been received. Make a new one")

    def close(self) -> None:
        self._child.close()

    def __enter__(self) -> RetroEmulator:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
