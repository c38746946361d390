"""Stock MAME, 0.251 or newer, as an `Emulator`: any machine it has, stepped through a Lua bridge."""

from __future__ import annotations

import difflib
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from quarterup.emulators import mame_protocol as protocol
from quarterup.emulators.child import Child
from quarterup.emulators.connection import Transport
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
from quarterup.emulators.mame_failures import explained
from quarterup.emulators.mame_program import MameCommand, find_mame, mame_rom_folders, require_display
from quarterup.emulators.mame_states import StateOwner, digests, read_state, write_state
from quarterup.emulators.pictures import gray_from_bgra, rgb_from_bgra
from quarterup.emulators.roms import find_rom_set, rom_folders

MAX_STEP_FRAMES = 65_535
SWITCH_OFF_PATIENCE_S = 10.0


class MameEmulator:
    """A machine running in a MAME of its own.

    Args:
        machine: MAME's short name, for instance `invaders`.
        media: files for a console's or computer's slots, by MAME's option name: `{"cart": path}`.
        watch: memory returned by every step. At most 255 ranges.
        picture: the picture returned by every step, rotated upright and scaled by MAME; None saves its cost.
        roms: folders searched before all others.
        sample_rate: of the sound chips in Hz; None: 1000, or MAME's own when visible.
        visible: show a window at normal speed with sound, and let the keyboard take part.
        arguments: further MAME options.
        processor: keep to the processor of this number; None: run wherever one is free. See `processors.py`.
        transport: `pipe` or `tcp`; None: named pipes where the system has them.
        start_timeout_s, timeout_s: how long starting, and any later answer, may take before MAME counts as frozen.

    Raises:
        EmulatorNotFound: no MAME, or one that is too old.
        RomError: the set is missing, incomplete or unreadable; the message names the files and the folders searched.
        EmulatorError: unknown machine, unknown device or address space, address outside the space.
        EmulatorDied: MAME ended or froze.
    """

    def __init__(
        self,
        machine: str,
        *,
        media: Mapping[str, str | Path] | None = None,
        watch: Sequence[MemoryRange] = (),
        picture: Picture | None = None,
        roms: Sequence[Path] = (),
        sample_rate: int | None = None,
        visible: bool = False,
        arguments: Sequence[str] = (),
        processor: int | None = None,
        transport: Transport | None = None,
        start_timeout_s: float = 60.0,
        timeout_s: float = 20.0,
    ) -> None:
        if visible:
            require_display()
        program = find_mame()
        self._rom_set = find_rom_set(machine, rom_folders(roms, mame_rom_folders(program)))
        self._media = dict(media or {})
        self._picture = picture
        self._states = 0
        self._owed = 0
        self._receiving = False
        self._encoded: dict[tuple[HeldInputs, int], bytes] = {}
        self._child = Child(transport, start_timeout_s, timeout_s)
        try:
            command = MameCommand(
                program,
                machine,
                self._child.folder,
                self._rom_set.search,
                self._media,
                picture,
                sample_rate,
                visible,
                arguments,
            )
            hello = self._start(command, processor, start_timeout_s)
            geometry = self._configure(watch)
        except BaseException:
            self._child.close()
            raise
        self._fields = hello.fields
        self._inputs = {field.name: field for field in hello.fields}
        self._index = {field.name: index for index, field in enumerate(hello.fields)}
        self._index |= {f"{field.port}/{field.field}": i for i, field in enumerate(hello.fields)}
        self.facts = MachineFacts(
            machine=machine,
            description=hello.description,
            emulator=f"MAME {hello.version}",
            screen_width=hello.picture_width,
            screen_height=hello.picture_height,
            refresh_hz=hello.refresh_hz,
            rom_status=self._rom_status(),
            rom_path=str(self._rom_set.path or ""),
            display_aspect=hello.display_aspect,
        )
        self._prepare_buffers(sum(item.size for item in watch), geometry)

    # ------------------------------------------------------------------------------------------------------- starting

    def _start(self, command: MameCommand, processor: int | None, timeout_s: float) -> protocol.Hello:
        try:
            self._child.start(command.words(), command.environment(), processor)
            body = self._receive_reply(timeout_s)
        except EmulatorDied as death:
            raise explained(death, self._rom_set) from death
        try:
            return protocol.parse_hello(body)
        except struct.error:
            self._child.died("sent a greeting that is cut short")

    def _configure(self, watch: Sequence[MemoryRange]) -> protocol.Look:
        if len(watch) > 255:
            raise ValueError("at most 255 memory ranges can be watched")
        self._child.send(protocol.configuration(watch, self._picture))
        answer = self._receive_reply()
        try:
            return protocol.parse_look(answer)
        except struct.error:
            self._child.died("sent an answer that is cut short")

    def _rom_status(self) -> str:
        if self._rom_set.stand_in:
            return "stand-in"
        if self._rom_set.path is None:
            return "no ROM needed"
        return "other checksums" if "WRONG CHECKSUMS" in self._child.output() else "good"

    def _prepare_buffers(self, memory_bytes: int, picture: protocol.Look) -> None:
        picture_bytes = picture.width * picture.height * 4 if self._picture else 0
        body = protocol.FRAME_NUMBER.size + memory_bytes + picture_bytes
        self._reply = bytearray(protocol.REPLY_HEADER.size + body)
        self._reply_view = memoryview(self._reply)
        self._header = protocol.REPLY_HEADER.pack(body + 4, protocol.OK)
        start = protocol.REPLY_HEADER.size + protocol.FRAME_NUMBER.size
        whole = np.frombuffer(self._reply, np.uint8)
        self._memory = whole[start : start + memory_bytes]
        self._geometry = picture
        self._bgra = whole[start + memory_bytes :].reshape(picture.height, picture.width, 4) if self._picture else None

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
        filled = self._child.receive_some(self._reply_view)
        while filled < len(self._reply) and self._reply.startswith(self._header):
            filled += self._child.receive_some(self._reply_view[filled:])
        if not self._reply.startswith(self._header):
            self._explain_unexpected(filled)
        self._receiving = False
        self._owed -= 1
        (number,) = protocol.FRAME_NUMBER.unpack_from(self._reply, protocol.REPLY_HEADER.size)
        return Frame(number, self._memory, self._screen())

    def _explain_unexpected(self, filled: int) -> NoReturn:
        """The bridge said why it could not, or what came is not from it."""
        length, status = protocol.REPLY_HEADER.unpack_from(self._reply)
        whole = protocol.REPLY_HEADER.size - 4 + length
        if filled < protocol.REPLY_HEADER.size or status not in (protocol.OK, protocol.FAILED):
            self._child.died(f"answered nonsense ({self._reply[:filled][:16].hex()}…)")
        if status == protocol.OK:
            self._child.died(f"sent {whole} bytes, not {len(self._reply)}: does the picture's size change in the game?")
        rest = bytearray(min(max(whole - filled, 0), protocol.MAX_REASON_BYTES))
        self._child.receive_into(memoryview(rest))
        reason = (self._reply[protocol.REPLY_HEADER.size : filled] + rest).decode(errors="replace")
        self._child.died(f"could not step: {reason}")

    def _check_nothing_owed(self) -> None:
        if self._owed:
            self._interrupted()

    def _interrupted(self) -> NoReturn:
        """Part of an answer may be lost, so what comes next cannot be trusted to answer what was asked."""
        self._child.check_open()
        self._child.died("was interrupted before its last answer had been received. Make a new one")

    def _screen(self) -> NDArray[np.uint8] | None:
        if self._bgra is None or self._picture is None:
            return None
        screen = gray_from_bgra(self._bgra) if self._picture.gray else rgb_from_bgra(self._bgra)
        return self._geometry.upright(screen) if self._picture.raw else screen

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
        """Read a state from a file. Raises EmulatorError if it is damaged or of another machine, game or MAME."""
        data = read_state(path, self._state_owner())
        self._states += 1
        self._ask(protocol.about_state(protocol.IMPORT, self._states, data))
        return StateId(self._states)

    def _state_owner(self) -> StateOwner:
        return StateOwner(self.facts.machine, self.facts.emulator, self.facts.rom_status, digests(self._media))

    def screenshot(self) -> NDArray[np.uint8]:
        """The screen at native size, upright, RGB, without overlays, shape (H, W, 3). Blank on vector machines.

        It is one drawn frame behind `Frame.screen`, because MAME draws into two bitmaps by turns. Raises EmulatorError
        if the emulator was started without a picture: then nothing is ever drawn.
        """
        if self._picture is None:
            raise EmulatorError(
                "there is no screenshot of an emulator that was started without a picture: it never draws"
            )
        look = protocol.parse_look(self._ask(protocol.look()))
        bgra = np.frombuffer(look.bgra, np.uint8).reshape(look.height, look.width, 4)
        return look.upright(rgb_from_bgra(bgra))

    def prepare_look(self) -> None:
        """Draw the end of each step from the next one on, until the next `look`. The machine does not notice."""
        self._ask(protocol.draw(self._kind_of_look()))

    def look(self) -> NDArray[np.uint8]:
        """The picture after the last step, upright, RGB, shape (H, W, 3), for a person who looks in now and then.

        It is what `prepare_look` had drawn: the finished picture with its overlays; where steps return a scaled one,
        the machine's own bitmap, one frame older.
        """
        look = protocol.parse_look(self._ask(protocol.look(self._kind_of_look())))
        bgra = np.frombuffer(look.bgra, np.uint8).reshape(look.height, look.width, 4)
        return look.upright(rgb_from_bgra(bgra))

    def _kind_of_look(self) -> int:
        scaled = self._picture is not None and self._picture.width is not None
        return protocol.RAW_PICTURE if scaled else protocol.FINISHED_PICTURE

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

    def switch_off(self) -> None:
        """Close, but let MAME end by itself, so that it completes what it writes, as a recording of its inputs."""
        self._child.close(SWITCH_OFF_PATIENCE_S)

    def close(self) -> None:
        self._child.close()

    def __enter__(self) -> MameEmulator:
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
