"""Where MAME is, and the command that starts it for us: silent, private, and the same in every run."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from quarterup.emulators.emulator import EmulatorError, EmulatorNotFound, Picture, RomError

BRIDGE = Path(__file__).with_name("mame_bridge.lua")
ARTWORK = Path(__file__).with_name("mame_artwork")
ENVIRONMENT_VARIABLE = "QUARTERUP_MAME"
NOT_INSTALLED = (
    "MAME is not installed, or not on PATH. Install it (Debian, Ubuntu: `sudo apt install mame`; macOS: "
    "`brew install mame`; Windows: `winget install MAMEdev.MAME`), or name the program in QUARTERUP_MAME."
)
USUAL_PLACES = ("/usr/games", "/usr/local/bin", "/opt/homebrew/bin")
SILENT_SAMPLE_RATE_HZ = 1000
"""The lowest MAME takes. Sound chips are emulated per sample, so nobody listening, this more than doubles the speed."""
HIGHEST_FRAMESKIP = 10
MISREAD_IN_PATHS = re.compile(r'[;"$%~]')
"""MAME splits paths at semicolons, takes quotes off, and replaces variables; there is no way to escape them."""


def find_mame() -> str:
    """The MAME program: `QUARTERUP_MAME`, else on PATH, else in the usual places. Raises EmulatorNotFound."""
    return require_program("mame", ENVIRONMENT_VARIABLE, NOT_INSTALLED)


def require_program(name: str, variable: str, not_installed: str) -> str:
    """The program that the environment's `variable` names, else `find_program(name)`. Raises EmulatorNotFound."""
    named = os.environ.get(variable)
    if named:
        if found := shutil.which(Path(named).expanduser()):
            return str(Path(found).absolute())
        raise EmulatorNotFound(f"{variable} names {named}, which is no program that can be run")
    if found := find_program(name):
        return found
    raise EmulatorNotFound(not_installed)


def find_program(name: str) -> str | None:
    """The full path of a program on PATH, or in the places that PATH may lack (Debian puts games into one)."""
    path = os.pathsep.join(item for item in (os.environ.get("PATH", ""), *USUAL_PLACES) if item)
    found = shutil.which(name, path=path)
    return str(Path(found).absolute()) if found else None


@functools.cache
def mame_rom_folders(program: str) -> tuple[Path, ...]:
    """The folders in MAME's own `rompath` setting. Asked once a process: MAME takes 0.15 s to tell."""
    try:
        shown = subprocess.run(
            [program, "-showconfig"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise EmulatorNotFound(f"{program} cannot be run: {problem}") from problem
    line = re.search(r"^rompath\s+(.+)$", shown.stdout, re.MULTILINE)
    if not line:
        return ()
    return tuple(Path(os.path.expandvars(item)) for item in line[1].strip().strip('"').split(";") if item)


def find_display() -> str | None:
    """Where a window would open, in words, or None where none can."""
    if sys.platform in ("win32", "darwin"):
        return "of the system"
    names = (name for name in ("DISPLAY", "WAYLAND_DISPLAY") if os.environ.get(name))
    return next((f"{name}={os.environ[name]}" for name in names), None)


def require_display() -> None:
    """Raise EmulatorError where no window can be opened: MAME itself would wait for ever."""
    if find_display() is None:
        raise EmulatorError(
            "a visible game needs a display, and neither DISPLAY nor WAYLAND_DISPLAY is set. Run it from a desktop "
            "session, or on a virtual screen: `xvfb-run -a …`"
        )


@dataclass(frozen=True)
class MameCommand:
    """How one MAME is started. `folder` is its own: whatever it writes, it writes there."""

    program: str
    machine: str
    folder: Path
    rom_search: Sequence[Path]
    media: Mapping[str, str | Path]
    picture: Picture | None
    sample_rate: int | None
    visible: bool
    arguments: Sequence[str]

    def words(self) -> list[str]:
        return [
            self.program,
            self.machine,
            *("-rompath", ";".join(self._readable(folder) for folder in self.rom_search)),
            *self._media(),
            *self._private(),
            *("-autoboot_script", str(BRIDGE), "-autoboot_delay", "0"),
            *self._picture(),
            *self._speed(),
            *self.arguments,
        ]

    def environment(self) -> dict[str, str]:
        """Variables for the child, beside the connection's."""
        if self.visible:
            return {**os.environ, "QUARTERUP_VISIBLE": "1"}
        return {**os.environ, "SDL_VIDEODRIVER": "dummy", "SDL_AUDIODRIVER": "dummy", "HOME": str(self.folder)}

    def _readable(self, path: Path) -> str:
        """`path`, or where MAME would misread its name, a link to it with a plain one."""
        if os.name != "posix" or not MISREAD_IN_PATHS.search(str(path)):
            return str(path)
        links = self.folder / "links"
        links.mkdir(exist_ok=True)
        link = links / str(len(list(links.iterdir())))
        link.symlink_to(path)
        return str(link)

    def _media(self) -> list[str]:
        options = []
        for slot, path in self.media.items():
            file = Path(path).expanduser().absolute()
            if not file.is_file():
                raise RomError(f"{slot}: there is no file {path}")
            options += [f"-{slot}", str(file)]
        return options

    def _private(self) -> list[str]:
        options = ["-noreadconfig", "-nowriteconfig", "-noplugins", "-skip_gameinfo", "-joystick_contradictory"]
        for kind in ("cfg", "nvram", "state", "snapshot", "diff", "input", "comment"):
            options += [f"-{kind}_directory", str(self.folder / kind)]
        return [*options, "-homepath", str(self.folder)]

    def _picture(self) -> list[str]:
        options = []
        if self.picture and self.picture.width:
            options += ["-snapsize", f"{self.picture.width}x{self.picture.height}"]
        if self.picture and self.picture.gray:
            # without coloured overlays: they would only dim parts of the gray
            options += ["-snapview", "native"]
        return options

    def _speed(self) -> list[str]:
        if self.visible:
            # A debugger attached, MAME shows no start-up warnings: they would wait for a key before the bridge runs.
            options = ["-window", "-debug", "-debugger", "none"]
        else:
            options = ["-video", "none", "-sound", "none", "-nothrottle"]
            options += ["-artpath", self._readable(ARTWORK), "-fallback_artwork", "quarterup"]
            if self.picture is None:
                options += ["-frameskip", str(HIGHEST_FRAMESKIP)]
            for device in ("keyboard", "mouse", "lightgun", "joystick"):
                options += [f"-{device}provider", "none"]
            # Helper threads wait for work by spinning: on `invaders` they took a third of MAME's processor time.
            options += ["-numprocessors", "1"]
        if self.sample_rate or not self.visible:
            options += ["-samplerate", str(self.sample_rate or SILENT_SAMPLE_RATE_HZ)]
        return options
