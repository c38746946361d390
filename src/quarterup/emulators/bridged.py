"""An emulator with a bridge of ours inside, a Lua script that speaks `bridge_protocol`: what MAME and FCEUX share.

How such an emulator is started, and what its pictures are made of, is up to each; all of the conversation is here.
"""

from __future__ import annotations

import abc
import difflib
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn, Self

import numpy as np
from numpy.typing import NDArray

from quarterup.emulators import bridge_protocol as protocol
from quarterup.emulators.child import Child
from quarterup.emulators.emulator import (
    EmulatorError,
    Frame,
    HeldInputs,
    InputField,
    MachineFacts,
    MemoryRange,
    Picture,
    StateId,
)
from quarterup.emulators.state_files import StateOwner, read_state, write_state

MAX_STEP_FRAMES = 65_535
WORD_BYTES = 4


class BridgedEmulator(abc.ABC):
    """The conversation with one bridge. A subclass starts `child`, calls `_greet`, `_configure` and
    `_prepare_buffers` in this order, and sets `facts`."""

    facts: MachineFacts

    def __init__(self, child: Child) -> None:
        self._child = child
        self._states = 0
        self._owed = 0
        self._receiving = False
        self._encoded: dict[tuple[HeldInputs, int], bytes] = {}

    @abc.abstractmethod
    def _screen(self) -> NDArray[np.uint8] | None:
        """`Frame.screen` of the reply that has just been received."""

    @abc.abstractmethod
    def _state_owner(self) -> StateOwner: ...

    # ------------------------------------------------------------------------------------------------------- starting

    def _greet(self, timeout_s: float) -> protocol.Hello:
        """Wait for the bridge's greeting. From then on `inputs` are known."""
        try:
            hello = protocol.parse_hello(self._receive_reply(timeout_s))
        except struct.error:
            self._child.died("sent a greeting that is cut short")
        self._fields = hello.fields
        self._inputs = {field.name: field for field in hello.fields}
        self._index = {field.name: index for index, field in enumerate(hello.fields)}
        self._index |= {f"{field.port}/{field.field}": i for i, field in enumerate(hello.fields)}
        return hello

    def _configure(self, watch: Sequence[MemoryRange], picture: Picture | None) -> protocol.Look:
        """Say what every step returns. The answer is the geometry of its pictures."""
        if len(watch) > 255:
            raise ValueError("at most 255 memory ranges can be watched")
        self._child.send(protocol.configuration(watch, picture))
        answer = self._receive_reply()
        try:
            return protocol.parse_look(answer)
        except struct.error:
            self._child.died("sent an answer that is cut short")

    def _prepare_buffers(self, memory_bytes: int, picture_bytes: int, pixels_at: int = 0) -> NDArray[np.uint8]:
        """Where the answer to a step will be. Returned is what comes from the `pixels_at`th byte of its picture on, and
        a few bytes more, so placed that it can be read in words of 32 bits."""
        body = protocol.FRAME_NUMBER.size + memory_bytes + picture_bytes
        start = protocol.REPLY_HEADER.size + protocol.FRAME_NUMBER.size
        pixels = start + memory_bytes + pixels_at
        self._at = -pixels % WORD_BYTES
        self._reply = bytearray(self._at + protocol.REPLY_HEADER.size + body + WORD_BYTES)
        self._reply_view = memoryview(self._reply)[self._at : -WORD_BYTES]
        self._header = protocol.REPLY_HEADER.pack(body + 4, protocol.OK)
        whole = np.frombuffer(self._reply, np.uint8)[self._at :]
        self._memory = whole[start : start + memory_bytes]
        return whole[pixels:]

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
        """`inputs` are names (pressed), or names with values. A DIP switch keeps its value; all else is let go after.

        Several steps may be sent before the first is received: they are answered in order.
        """
        if type(inputs) is tuple:
            request = self._encoded.get((inputs, frames))
            if request is None:
                request = self._encoded[inputs, frames] = self._encode(inputs, frames)
        else:
            request = self._encode(inputs, frames)
        if self._receiving:
            self._interrupted()
        self._owed += 1
        self._child.send(request)

    def receive_step(self) -> Frame:
        if not self._owed:
            raise EmulatorError("receive_step without a step that was sent")
        if self._receiving:
            self._interrupted()
        self._receiving = True
        view = self._reply_view
        filled = self._child.receive_some(view)
        while filled < len(view) and self._reply.startswith(self._header, self._at):
            filled += self._child.receive_some(view[filled:])
        if not self._reply.startswith(self._header, self._at):
            self._explain_unexpected(filled)
        self._receiving = False
        self._owed -= 1
        (number,) = protocol.FRAME_NUMBER.unpack_from(view, protocol.REPLY_HEADER.size)
        return Frame(number, self._memory, self._screen())

    def _explain_unexpected(self, filled: int) -> NoReturn:
        """The bridge said why it could not, or what came is not from it."""
        view = self._reply_view
        length, status = protocol.REPLY_HEADER.unpack_from(view)
        whole = protocol.REPLY_HEADER.size - 4 + length
        if filled < protocol.REPLY_HEADER.size or status not in (protocol.OK, protocol.FAILED):
            self._child.died(f"answered nonsense ({view[:filled][:16].hex()}…)")
        if status == protocol.OK:
            self._child.died(f"sent {whole} bytes, not {len(view)}: does the picture's size change in the game?")
        rest = bytearray(min(max(whole - filled, 0), protocol.MAX_REASON_BYTES))
        self._child.receive_into(memoryview(rest))
        reason = (bytes(view[protocol.REPLY_HEADER.size : filled]) + rest).decode(errors="replace")
        self._child.died(f"could not step: {reason}")

    def _check_nothing_owed(self) -> None:
        if self._owed:
            self._interrupted()

    def _interrupted(self) -> NoReturn:
        """Part of an answer may be lost, so what comes next cannot be trusted to answer what was asked."""
        self._child.check_open()
        self._child.died("was interrupted before its last answer had been received. Make a new one")

    def _encode(self, inputs: HeldInputs, frames: int) -> bytes:
        if not 1 <= frames <= MAX_STEP_FRAMES:
            raise ValueError(f"a step lasts 1 to {MAX_STEP_FRAMES} frames, not {frames}")
        if isinstance(inputs, str):
            raise EmulatorError(f"inputs are a tuple or a list of names, or names with values: not the text '{inputs}'")
        pairs = inputs.items() if isinstance(inputs, Mapping) else ((name, None) for name in inputs)
        switches: list[tuple[int, int]] = []
        holds: list[tuple[int, int]] = []
        for name, value in pairs:
            index = self._index.get(name)
            if index is None:
                raise EmulatorError(self._unknown_field(name))
            field = self._fields[index]
            value = _checked(field, value)
            (holds if field.kind in ("digital", "analog") else switches).append((index, value))
        return protocol.step(frames, switches, holds)

    def _unknown_field(self, name: str) -> str:
        nearest = difflib.get_close_matches(name, self._index, n=4, cutoff=0.4)
        hint = f"Nearest: {', '.join(map(repr, nearest))}." if nearest else ""
        return f"{self.facts.machine} has no input '{name}'. {hint} `quarterup inputs` lists them all."

    # -------------------------------------------------------------------------------------------- memory, state, reset

    def write(self, address: int, data: bytes, *, device: str = ":maincpu", space: str = "program") -> None:
        self._ask(protocol.write(MemoryRange(address, len(data), device=device, space=space), data))

    def save_state(self) -> StateId:
        self._states += 1
        self._ask(protocol.about_state(protocol.SAVE, self._states))
        return StateId(self._states)

    def load_state(self, state: StateId) -> None:
        self._ask(protocol.about_state(protocol.LOAD, state))

    def drop_state(self, state: StateId) -> None:
        self._ask(protocol.about_state(protocol.DROP, state))

    def export_state(self, state: StateId, path: Path) -> None:
        """Write a state to a file, written beside and renamed."""
        write_state(path, self._state_owner(), self._ask(protocol.about_state(protocol.EXPORT, state)))

    def import_state(self, path: Path) -> StateId:
        """Read a state from a file. Raises EmulatorError if it is damaged, or of another machine, game or emulator."""
        data = read_state(path, self._state_owner())
        self._states += 1
        self._ask(protocol.about_state(protocol.IMPORT, self._states, data))
        return StateId(self._states)

    def reset(self, *, hard: bool = False) -> None:
        """Press the machine's reset button, or with `hard` switch it off and on."""
        self._ask(protocol.reset(hard))

    def _ask(self, request: bytes) -> bytes:
        self._check_nothing_owed()
        self._owed += 1
        self._child.send(request)
        return self._receive_reply()

    def _receive_reply(self, timeout_s: float | None = None) -> bytes:
        header = bytearray(protocol.REPLY_HEADER.size)
        self._child.receive_into(memoryview(header), timeout_s)
        length, status = protocol.REPLY_HEADER.unpack(header)
        if status not in (protocol.OK, protocol.FAILED) or not 4 <= length <= protocol.MAX_REPLY_BYTES:
            self._child.died(f"answered nonsense ({bytes(header).hex()}…)")
        body = bytearray(length - 4)
        self._child.receive_into(memoryview(body), timeout_s)
        self._owed = 0
        if status == protocol.FAILED:
            raise EmulatorError(body.decode(errors="replace"))
        return bytes(body)

    def close(self) -> None:
        self._child.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _checked(field: InputField, value: int | None) -> int:
    if value is None:
        if field.kind == "digital":
            return 1
        raise EmulatorError(f"'{field.name}' needs a value ({field.minimum} to {field.maximum}): it is no button")
    if field.settings and field.kind != "digital":
        if value not in field.settings:
            known = ", ".join(f"{key} ({name})" for key, name in sorted(field.settings.items()))
            raise EmulatorError(f"'{field.name}' has no setting {value}. It has {known}")
    elif not field.minimum <= value <= field.maximum:
        raise EmulatorError(f"'{field.name}' goes from {field.minimum} to {field.maximum}, not to {value}")
    return int(value)
