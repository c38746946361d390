"""Stock MAME, 0.251 or newer, as an `Emulator`: any machine it has, stepped through a Lua bridge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from quarterup.emulators import bridge_protocol as protocol
from quarterup.emulators.bridged import BridgedEmulator
from quarterup.emulators.child import Child
from quarterup.emulators.connection import Transport
from quarterup.emulators.emulator import EmulatorDied, EmulatorError, MachineFacts, MemoryRange, Picture
from quarterup.emulators.mame_failures import explained
from quarterup.emulators.mame_program import MameCommand, find_mame, mame_rom_folders, require_display
from quarterup.emulators.pictures import drawn_finer, gray_from_bgra, rgb_from_bgra, shrunk
from quarterup.emulators.roms import find_rom_set, rom_folders
from quarterup.emulators.state_files import StateOwner, digests

SWITCH_OFF_PATIENCE_S = 10.0
PAUSE_PATIENCE_S = 86_400.0
"""A person may pause a visible MAME, and have lunch."""


class MameEmulator(BridgedEmulator):
    """A machine running in a MAME of its own.

    Args:
        machine: MAME's short name, for instance `invaders`.
        media: files for a console's or computer's slots, by MAME's option name: `{"cart": path}`.
        watch: memory returned by every step. At most 255 ranges.
        picture: the picture returned by every step, rotated upright and scaled by MAME; None saves its cost. MAME
            leaves pixels out where it scales, so one smaller than 84x84 is drawn larger and then shrunk.
        roms: folders searched before all others.
        sample_rate: of the sound chips in Hz; None: 1000, or MAME's own when visible.
        visible: show a window at normal speed with sound. What a person presses there is told by `pressed`.
        arguments: further MAME options.
        processor: keep to the processor of this number; None: run wherever one is free. See `processors.py`.
        transport: `pipe` or `tcp`; None: named pipes where the system has them.
        start_timeout_s, timeout_s: how long starting, and any later answer, may take before MAME counts as frozen; in a
            visible one a person may pause for longer.

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
        self._picture, self._shrink_by = drawn_finer(picture)
        super().__init__(Child(transport, start_timeout_s, PAUSE_PATIENCE_S if visible else timeout_s))
        try:
            command = MameCommand(
                program,
                machine,
                self._child.folder,
                self._rom_set.search,
                self._media,
                self._picture,
                sample_rate,
                visible,
                arguments,
            )
            hello = self._start(command, processor, start_timeout_s)
            self._geometry = self._configure(watch, self._picture)
        except BaseException:
            self._child.close()
            raise
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
        self._prepare_picture(sum(item.size for item in watch))
        if visible:
            self.step()  # With a window the bridge begins a frame earlier. From here on both play the same.
            self.pressed()

    # ------------------------------------------------------------------------------------------------------- starting

    def _start(self, command: MameCommand, processor: int | None, timeout_s: float) -> protocol.Hello:
        try:
            self._child.start(command.words(), command.environment(), processor)
            return self._greet(timeout_s)
        except EmulatorDied as death:
            raise explained(death, self._rom_set) from death

    def _rom_status(self) -> str:
        if self._rom_set.stand_in:
            return "stand-in"
        if self._rom_set.path is None:
            return "no ROM needed"
        return "other checksums" if "WRONG CHECKSUMS" in self._child.output() else "good"

    # ------------------------------------------------------------------------------------------------- pictures, states

    def _prepare_picture(self, memory_bytes: int) -> None:
        height, width = self._geometry.height, self._geometry.width
        picture_bytes = width * height * 4 if self._picture else 0
        pixels = self._prepare_buffers(memory_bytes, picture_bytes)
        self._bgra = pixels[:picture_bytes].reshape(height, width, 4) if self._picture else None

    def _screen(self) -> NDArray[np.uint8] | None:
        if self._bgra is None or self._picture is None:
            return None
        screen = gray_from_bgra(self._bgra) if self._picture.gray else rgb_from_bgra(self._bgra)
        if self._picture.raw:
            return self._geometry.upright(screen)
        return shrunk(screen, self._shrink_by) if self._shrink_by > 1 else screen

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

    def pressed(self) -> tuple[str, ...]:
        """What a person presses just now in a visible MAME, as names of inputs.

        It does not reach the machine by itself: only what a step holds does.
        """
        fields = (self._fields[index] for index in protocol.parse_keys(self._ask(protocol.keys())))
        return tuple(field.name for field in fields)

    def switch_off(self) -> None:
        """Close, but let MAME end by itself, so that it completes what it writes, as a recording of its inputs."""
        self._child.close(SWITCH_OFF_PATIENCE_S)
