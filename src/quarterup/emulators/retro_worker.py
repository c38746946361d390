"""One stable-retro core, stepped by requests: what runs in the child process of a `RetroEmulator`.

Run by `retro.py` as a script of its own: `python -P retro_worker.py ROM [INTEGRATION]`. INTEGRATION is the folder of
what stable-retro knows of the game: its score, and when it is over. It imports nothing of quarterup, so that it
starts soon. A process holds one core: stable-retro has no more.

Both directions are little endian. A request is a `REQUEST`: what to do, the slot to answer in, frames, the buttons of
two players as bits, an argument, and how many bytes follow. A reply is a `REPLY`: how it went, how many bytes follow,
and the frames since power-on. The first reply comes unasked, with the core's facts as JSON, or why there is no game.

What a step shows is not in its reply but in a file that both processes have mapped. It has `SLOTS` slots, used by
turns, so that several steps can be under way. A slot holds the core's memory, block after block, what is known of the
game (`ABOUT`) if there is an integration, and a picture.
"""

from __future__ import annotations

import gzip
import json
import mmap
import os
import socket
import struct
import sys
from collections.abc import Mapping
from io import FileIO, RawIOBase
from pathlib import Path
from typing import Any

import numpy as np

REQUEST = struct.Struct("<BBHIIQI")
REPLY = struct.Struct("<B3xIQ")
OK, FAILED = 0, 1
OPEN, STEP, STEP_AND_DRAW, DRAW, WRITE, SAVE, LOAD, DROP = range(8)
"""`OPEN` is followed by JSON: the mapped `file`, its `slot_bytes`, the addresses of the `blocks` that slots hold, and
the `picture`'s offset in a slot. `WRITE` is followed by the bytes; its argument is their address. `SAVE`, `LOAD` and
`DROP` have a state's number as argument. `DRAW` is for a picture of what the last step left."""
SLOTS = 16
ABOUT = struct.Struct("<diB")
"""Reward since the game's start, lives (0 where the integration does not know them), and 1 when it is over."""
MAX_BUTTONS = 16
FRAMES_AT_POWER_ON = 1
"""stable-retro emulates one frame while it loads a game, to see how large its picture is."""
NES_RAM_BYTES = 0x800
FRAMES_TO_BEGIN = 60
"""Within so many every game has written something. Most do in the first."""


class Core:
    """The core with a game in it."""

    def __init__(self, rom: str, integration: str | None) -> None:
        import stable_retro

        self.frames = FRAMES_AT_POWER_ON
        system = stable_retro.get_romfile_system(rom)
        if system == "Nes":
            check_that_it_runs(rom)
        self._core, self._data = start(rom)
        self._memory: Any = self._data.memory
        self._scenario = Scenario(self._core, self._data, Path(integration)) if integration else None
        self._states: dict[int, tuple[bytes, int, tuple[float, bool]]] = {}
        self._masks: dict[int, Any] = {}
        self._slots: list[tuple[memoryview, Any]] = []
        self._width, self._height = self._core.get_resolution()
        self.facts = {
            "version": stable_retro.__version__.strip(),
            "core": stable_retro.get_system_info(system)["lib"],
            "system": system,
            "buttons": stable_retro.get_system_info(system)["buttons"],
            "width": self._width,
            "height": self._height,
            "refresh_hz": self._core.get_screen_rate(),
            "blocks": [(address, len(block)) for address, block in self._memory.blocks.items()],
        }

    def answer(self, request: tuple[int, ...], body: bytes) -> None:
        """Do what a request says. Raises ValueError if it cannot be done."""
        kind, slot, frames, first, second, argument, _ = request
        if kind in (STEP, STEP_AND_DRAW):
            self._step(slot, frames, first, second, draw=kind == STEP_AND_DRAW)
        elif kind == DRAW:
            self._draw(slot)
        elif kind == SAVE:
            self._states[argument] = self._core.get_state(), self.frames, self._about()
        elif kind == LOAD:
            self._load(argument)
        elif kind == DROP:
            self._states.pop(argument, None)
        elif kind == WRITE:
            for offset, value in enumerate(body):
                self._memory.assign(argument + offset, "|u1", value)
        else:
            self._open(json.loads(body))

    def _open(self, wanted: Mapping[str, Any]) -> None:
        """Map the file, and find every slot's memory and picture in it."""
        with Path(wanted["file"]).open("r+b") as file:
            mapped = memoryview(mmap.mmap(file.fileno(), 0))
        self._blocks: list[int] = wanted["blocks"]
        size, picture = wanted["slot_bytes"], wanted["picture"]
        for start in range(0, SLOTS * size, size):
            pixels = np.frombuffer(mapped, np.uint8, self._width * self._height * 3, start + picture)
            self._slots.append((mapped[start : start + picture], pixels.reshape(self._height, self._width, 3)))

    def _step(self, slot: int, frames: int, first: int, second: int, *, draw: bool) -> None:
        core = self._core
        core.set_button_mask(self._mask(first), 0)
        core.set_button_mask(self._mask(second), 1)
        for _ in range(frames):
            core.step()
            if self._scenario:
                self._scenario.follow()
        self.frames += frames
        blocks, memory, offset = self._memory.blocks if self._blocks else {}, self._slots[slot][0], 0
        for address in self._blocks:
            block = blocks[address]
            memory[offset : offset + len(block)] = block
            offset += len(block)
        if self._scenario:
            self._scenario.write_into(memory[offset : offset + ABOUT.size])
        if draw:
            self._draw(slot)

    def _draw(self, slot: int) -> None:
        screen = self._core.get_screen()
        if screen.shape != (self._height, self._width, 3):
            raise ValueError(f"the picture's size has changed to {screen.shape[1]}x{screen.shape[0]}")
        self._slots[slot][1][:] = screen

    def _load(self, state: int) -> None:
        if state not in self._states:
            raise ValueError(f"there is no saved state {state}")
        data, self.frames, about = self._states[state]
        if not self._core.set_state(data):
            raise ValueError(f"the core does not take its own state {state} back")
        if self._scenario:
            self._scenario.go_back_to(*about)

    def _about(self) -> tuple[float, bool]:
        return (self._scenario.reward, self._scenario.over) if self._scenario else (0.0, False)

    def _mask(self, buttons: int) -> Any:
        mask = self._masks.get(buttons)
        if mask is None:
            bits = [buttons >> index & 1 for index in range(MAX_BUTTONS)]
            mask = self._masks[buttons] = np.array(bits, np.uint8)
        return mask


class Scenario:
    """What stable-retro's integration says of a game, followed from frame to frame."""

    def __init__(self, core: Any, data: Any, folder: Path) -> None:
        """Begin as stable-retro's own environment does: from the integration's state, if it has one."""
        if not data.load(str(folder / "data.json"), str(folder / "scenario.json")):
            raise ValueError(f"the integration {folder} cannot be read")
        self._data = data
        metadata = json.loads((folder / "metadata.json").read_text())
        if name := metadata.get("default_state"):
            core.set_state(gzip.decompress((folder / f"{name}.state").read_bytes()))
        core.step()
        data.reset()
        data.update_ram()
        self._has_lives = "lives" in data.list_variables()
        self.reward, self.over = 0.0, False

    def follow(self) -> None:
        """Take in a frame."""
        self._data.update_ram()
        self.reward += self._data.current_reward()
        self.over = self.over or bool(self._data.is_done())

    def go_back_to(self, reward: float, over: bool) -> None:
        """After a loaded state: what changed in memory by loading it is no reward."""
        self._data.update_ram()
        self._data.update_ram()
        self.reward, self.over = reward, over

    def write_into(self, memory: memoryview) -> None:
        lives = self._data.lookup_value("lives") if self._has_lives else 0
        ABOUT.pack_into(memory, 0, self.reward, int(lives), self.over)


def start(rom: str) -> tuple[Any, Any]:
    """A core at power-on, and the data that it writes into for as long as it lives."""
    import stable_retro

    core, data = stable_retro.RetroEmulator(rom), stable_retro.data.GameData()
    core.configure_data(data)
    return core, data


def check_that_it_runs(rom: str) -> None:
    """Raise ValueError if a game writes nothing: fceumm does not say that it does not know a cartridge, and runs none.

    The processor then goes astray, and what it writes is all on its stack.
    """
    core, data = start(rom)
    at_first = beside_stack(data)
    for _ in range(FRAMES_TO_BEGIN):
        core.step()
        if beside_stack(data) != at_first:
            return
    raise ValueError("the game does nothing. Its mapper is one that the core does not know, or the file is damaged")


def beside_stack(data: Any) -> bytes:
    """The RAM of a NES without page 1."""
    ram = b"".join(block for address, block in data.memory.blocks.items() if address < NES_RAM_BYTES)
    return ram[:0x100] + ram[0x200:]


def main() -> None:
    requests, replies = connect()
    try:
        core = Core(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
    except Exception as problem:
        send(replies, FAILED, f"{type(problem).__name__}: {problem}".encode(), 0)
        return
    send(replies, OK, json.dumps(core.facts).encode(), 0)
    while head := read(requests, REQUEST.size):
        request = REQUEST.unpack(head)
        body = read(requests, request[-1])
        try:
            core.answer(request, body)
        except (ValueError, IndexError, RuntimeError) as problem:
            send(replies, FAILED, str(problem).encode(), core.frames)
        else:
            send(replies, OK, b"", core.frames)


def connect() -> tuple[RawIOBase, RawIOBase]:
    """Where requests come from and where replies go: see `connection.py`."""
    if folder := os.environ.get("QUARTERUP_PIPES"):
        return FileIO(Path(folder, "requests"), "rb"), FileIO(Path(folder, "replies"), "wb")
    host, port = os.environ["QUARTERUP_SOCKET"].rsplit(":", 1)
    connection = socket.create_connection((host, int(port)))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection.makefile("rb", buffering=0), connection.makefile("wb", buffering=0)


def read(stream: RawIOBase, size: int) -> bytes:
    """That many bytes, or fewer when the other side is gone."""
    data = b""
    while len(data) < size and (more := stream.read(size - len(data))):
        data += more
    return data


def send(stream: RawIOBase, status: int, body: bytes, frames: int) -> None:
    stream.write(REPLY.pack(status, len(body), frames) + body)


if __name__ == "__main__":
    main()
