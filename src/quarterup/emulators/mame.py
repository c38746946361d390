"""Stock MAME, 0.251 or newer, as an `Emulator`: any machine it has, stepped through a Lua bridge."""

from __future__ import annotations

import difflib
import functools
import hashlib
import json
import os
import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from quarterup.emulators import mame_protocol as protocol
from quarterup.emulators.child import Child, Transport
from quarterup.emulators.emulator import (
    EmulatorDied,
    EmulatorError,
    EmulatorNotFound,
    Frame,
    HeldInputs,
    InputField,
    MachineFacts,
    MemoryRange,
    Picture,
    RomError,
    StateId,
)
from quarterup.emulators.pictures import gray_from_bgra, rgb_from_bgra
from quarterup.emulators.roms import find_rom_set, rom_folders

BRIDGE = Path(__file__).with_name("mame_bridge.lua")
ENVIRONMENT_VARIABLE = "QUARTERUP_MAME"
USUAL_PLACES = ("/usr/games", "/usr/local/bin", "/opt/homebrew/bin")
SILENT_SAMPLE_RATE_HZ = 1000
"""The lowest MAME takes. Sound chips are emulated per sample, so nobody listening, this more than doubles the speed."""
MAX_STEP_FRAMES = 65_535
STATE_MAGIC = b"quarterup MAME state 1\n"


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
        transport: Transport | None = None,
        start_timeout_s: float = 60.0,
        timeout_s: float = 20.0,
    ) -> None:
        if visible:
            require_display()
        program = find_mame()
        self._folders = rom_folders(roms, mame_rom_folders(program))
        self._rom_set = find_rom_set(machine, self._folders)
        self._picture = picture
        self._states = 0
        self._encoded: dict[tuple[HeldInputs, int], bytes] = {}
        self._child = Child(transport, start_timeout_s, timeout_s)
        try:
            command = [program, machine, *self._options(media or {}, sample_rate, visible), *arguments]
            environment = {
                **os.environ,
                **self._child.environment(),
                **_environment(self._child.folder, visible),
            }
            self._child.start(command, environment)
            hello = self._greet(machine, start_timeout_s)
            self._configure(watch)
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
        )
        self._prepare_buffers(sum(item.size for item in watch), hello.picture_width, hello.picture_height)

    # ------------------------------------------------------------------------------------------------------- starting

    def _options(self, media: Mapping[str, str | Path], sample_rate: int | None, visible: bool) -> list[str]:
        folder = self._child.folder
        options = ["-rompath", ";".join(map(str, self._rom_set.search))]
        for slot, path in media.items():
            if not Path(path).is_file():
                raise RomError(f"{slot}: there is no file {path}")
            options += [f"-{slot}", str(Path(path).absolute())]
        options += [
            "-noreadconfig",
            "-nowriteconfig",
            "-noplugins",
            "-skip_gameinfo",
            "-joystick_contradictory",
        ]
        for kind in ("cfg", "nvram", "state", "snapshot", "diff", "input", "comment"):
            options += [f"-{kind}_directory", str(folder / kind)]
        options += ["-homepath", str(folder), "-autoboot_script", str(BRIDGE), "-autoboot_delay", "0"]
        if self._picture and self._picture.width:
            options += ["-snapsize", f"{self._picture.width}x{self._picture.height}"]
        if self._picture and self._picture.gray:
            options += [
                "-snapview",
                "native",
            ]  # without coloured overlays: they would only dim parts of the gray
        if visible:
            # With a debugger attached MAME shows no start-up warnings: they would wait for a key before the bridge runs.
            options += ["-window", "-nomaximize", "-debug", "-debugger", "none"]
        else:
            options += ["-video", "none", "-sound", "none", "-nothrottle"]
            for device in ("keyboard", "mouse", "lightgun", "joystick"):
                options += [f"-{device}provider", "none"]
        if sample_rate or not visible:
            options += ["-samplerate", str(sample_rate or SILENT_SAMPLE_RATE_HZ)]
        return options

    def _greet(self, machine: str, start_timeout_s: float) -> protocol.Hello:
        try:
            body = self._receive_reply(start_timeout_s)
        except EmulatorDied as death:
            self._explain_failed_start(machine, death)
        try:
            return protocol.parse_hello(body)
        except struct.error:
            self._child.died("sent a greeting that is cut short")

    def _explain_failed_start(self, machine: str, death: EmulatorDied) -> NoReturn:
        """Say what MAME's own words mean."""
        printed = str(death)
        if "Unknown system" in printed:
            raise EmulatorError(f"MAME knows no machine '{machine}'. {similar_machines(printed)}") from death
        if missing := re.findall(r"\| (\S+) (?:\([^)]*\) )?NOT FOUND", printed):
            searched = "\n".join(f"  {folder}" for folder in self._rom_set.search)
            raise RomError(
                f"the ROM set '{machine}' lacks {', '.join(missing)}. Looked in:\n{searched}\n"
                "Put the complete set (a folder or zip of that name) into one of these, "
                "or name its folder with --roms or QUARTERUP_ROMS."
            ) from death
        if "too old" in printed or "attempt to index" in printed:
            raise EmulatorNotFound("this MAME is too old: quarterup needs 0.251 or newer") from death
        raise death

    def _configure(self, watch: Sequence[MemoryRange]) -> None:
        if len(watch) > 255:
            raise ValueError("at most 255 memory ranges can be watched")
        self._child.send(protocol.configuration(watch, self._picture is not None))
        self._receive_reply()

    def _rom_status(self) -> str:
        if self._rom_set.stand_in:
            return "stand-in"
        if self._rom_set.path is None:
            return "no ROM needed"
        return "other checksums" if "WRONG CHECKSUMS" in self._child.output() else "good"

    def _prepare_buffers(self, memory_bytes: int, width: int, height: int) -> None:
        picture_bytes = width * height * 4 if self._picture else 0
        body = protocol.FRAME_NUMBER.size + memory_bytes + picture_bytes
        self._reply = bytearray(protocol.REPLY_HEADER.size + body)
        self._reply_view = memoryview(self._reply)
        self._expected = (body + 4, protocol.OK)
        start = protocol.REPLY_HEADER.size + protocol.FRAME_NUMBER.size
        whole = np.frombuffer(self._reply, np.uint8)
        self._memory = whole[start : start + memory_bytes]
        self._bgra = whole[start + memory_bytes :].reshape(height, width, 4) if self._picture else None

    # ------------------------------------------------------------------------------------------------------- stepping

    @property
    def inputs(self) -> Mapping[str, InputField]:
        return self._inputs

    @property
    def timeout_s(self) -> float:
        """How long an answer may take before the emulator counts as frozen."""
        return self._child.timeout_s

    def fileno(self) -> int:
        """Readable when an answer is there: select over many emulators by it."""
        return self._child.fileno()

    def step(self, inputs: HeldInputs = (), frames: int = 1) -> Frame:
        self.send_step(inputs, frames)
        return self.receive_step()

    def send_step(self, inputs: HeldInputs = (), frames: int = 1) -> None:
        """`inputs` are names (pressed), or names with values. A DIP switch keeps its value; all else is let go after."""
        if type(inputs) is tuple:
            request = self._encoded.get((inputs, frames))
            if request is None:
                request = self._encoded[inputs, frames] = self._encode(inputs, frames)
        else:
            request = self._encode(inputs, frames)
        self._child.send(request)

    def receive_step(self, timeout_s: float | None = None) -> Frame:
        self._child.receive_into(self._reply_view, timeout_s)
        header = protocol.REPLY_HEADER.unpack_from(self._reply)
        if header != self._expected:
            self._child.died(f"answered nonsense (header {header}, expected {self._expected})")
        (number,) = protocol.FRAME_NUMBER.unpack_from(self._reply, protocol.REPLY_HEADER.size)
        return Frame(number, self._memory, self._screen())

    def _screen(self) -> NDArray[np.uint8] | None:
        if self._bgra is None or self._picture is None:
            return None
        return gray_from_bgra(self._bgra) if self._picture.gray else rgb_from_bgra(self._bgra)

    def _encode(self, inputs: HeldInputs, frames: int) -> bytes:
        if not 1 <= frames <= MAX_STEP_FRAMES:
            raise ValueError(f"a step lasts 1 to {MAX_STEP_FRAMES} frames, not {frames}")
        pairs = inputs.items() if isinstance(inputs, Mapping) else ((name, None) for name in inputs)
        switches, holds = [], []
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
        data = self._ask(protocol.about_state(protocol.EXPORT, state))
        header = {
            "machine": self.facts.machine,
            "emulator": self.facts.emulator,
            "rom_status": self.facts.rom_status,
            "bytes": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
        }
        temporary = path.with_name(path.name + ".part")
        temporary.write_bytes(STATE_MAGIC + json.dumps(header).encode() + b"\n" + data)
        temporary.replace(path)

    def import_state(self, path: Path) -> StateId:
        """Read a state from a file. Raises EmulatorError if it is damaged or of another machine or MAME."""
        magic, _, rest = path.read_bytes().partition(b"\n")
        if magic + b"\n" != STATE_MAGIC:
            raise EmulatorError(f"{path} is no save state of quarterup's MAME")
        head, _, data = rest.partition(b"\n")
        header = json.loads(head)
        if header["sha256"] != hashlib.sha256(data).hexdigest():
            raise EmulatorError(f"{path} is damaged: it holds {len(data)} of {header['bytes']} bytes, or others")
        for key, own in (("machine", self.facts.machine), ("emulator", self.facts.emulator)):
            if header[key] != own:
                raise EmulatorError(f"{path} is a state of {header[key]}, this is {own}")
        self._states += 1
        self._ask(protocol.about_state(protocol.IMPORT, self._states, data))
        return StateId(self._states)

    def screenshot(self) -> NDArray[np.uint8]:
        """The screen as last drawn, native size, upright, RGB, shape (H, W, 3). Blank on vector machines.

        A step draws its last frame only if the emulator was started with a picture.
        """
        width, height, degrees, pixels = protocol.parse_look(self._ask(protocol.look()))
        bgra = np.frombuffer(pixels, np.uint8).reshape(height, width, 4)
        return np.rot90(rgb_from_bgra(bgra), k=-degrees // 90)

    def reset(self, *, hard: bool = False) -> None:
        """Press the machine's reset button, or with `hard` switch it off and on."""
        self._ask(protocol.reset(hard))

    def _ask(self, request: bytes) -> bytes:
        self._child.send(request)
        return self._receive_reply()

    def _receive_reply(self, timeout_s: float | None = None) -> bytes:
        header = bytearray(protocol.REPLY_HEADER.size)
        self._child.receive_into(memoryview(header), timeout_s)
        length, status = protocol.REPLY_HEADER.unpack(header)
        if status not in (protocol.OK, protocol.FAILED) or not 4 <= length <= protocol.MAX_REPLY_BYTES:
            self._child.died(f"answered nonsense (header {bytes(header).hex()})")
        body = bytearray(length - 4)
        self._child.receive_into(memoryview(body), timeout_s)
        if status == protocol.FAILED:
            raise EmulatorError(body.decode(errors="replace"))
        return bytes(body)

    def close(self) -> None:
        self._child.close()

    def __enter__(self) -> MameEmulator:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def find_mame() -> str:
    """The MAME program: `QUARTERUP_MAME`, else on PATH, else in the usual places. Raises EmulatorNotFound."""
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    if named:
        if found := shutil.which(named):
            return found
        raise EmulatorNotFound(f"{ENVIRONMENT_VARIABLE} names {named}, which is no program that can be run")
    path = os.pathsep.join((os.environ.get("PATH", ""), *USUAL_PLACES))
    if found := shutil.which("mame", path=path):
        return found
    raise EmulatorNotFound(
        "MAME is not installed, or not on PATH. Install it (Debian, Ubuntu: `sudo apt install mame`; macOS: "
        "`brew install mame`; Windows: `winget install MAMEdev.MAME`), or name the program in QUARTERUP_MAME."
    )


@functools.cache
def mame_rom_folders(program: str) -> tuple[Path, ...]:
    """The folders in MAME's own `rompath` setting."""
    try:
        shown = subprocess.run([program, "-showconfig"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise EmulatorNotFound(f"{program} cannot be run: {problem}") from problem
    line = re.search(r"^rompath\s+(.+)$", shown.stdout, re.MULTILINE)
    if not line:
        return ()
    return tuple(Path(os.path.expandvars(item.strip('"'))) for item in line[1].split(";") if item)


def similar_machines(printed: str) -> str:
    """From MAME's own list of approximate matches, the first few."""
    names = re.findall(r"\| (\w+)\s{2,}\S.*\(", printed)
    return f"Did you mean {', '.join(names[:5])}?" if names else "`mame -listfull` lists them all."


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


def require_display() -> None:
    """Raise EmulatorError where no window can be opened: MAME itself would wait for ever."""
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise EmulatorError(
            "a visible game needs a display, and neither DISPLAY nor WAYLAND_DISPLAY is set. Run it from a desktop "
            "session, or on a virtual screen: `xvfb-run -a …`"
        )


def _environment(folder: Path, visible: bool) -> dict[str, str]:
    if visible:
        return {"QUARTERUP_VISIBLE": "1"}
    return {"SDL_VIDEODRIVER": "dummy", "SDL_AUDIODRIVER": "dummy", "HOME": str(folder)}
