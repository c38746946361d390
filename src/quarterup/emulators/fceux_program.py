"""Where FCEUX is, what it can do, and the command that starts it for us: silent, private, and the same in every run."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from quarterup.emulators.emulator import EmulatorNotFound
from quarterup.emulators.mame_program import require_program
from quarterup.emulators.nes_rom import NesRom, Region

BRIDGE = Path(__file__).with_name("fceux_bridge.lua")
ENVIRONMENT_VARIABLE = "QUARTERUP_FCEUX"
NOT_INSTALLED = (
    "FCEUX is not installed, or not on PATH. Install it (Debian, Ubuntu: `sudo apt install fceux`; macOS: "
    "`brew install fceux`), or name the program in QUARTERUP_FCEUX."
)
REFUSAL = "is not supported at all"
"""What FCEUX says of a cartridge board that it does not know. Then it shows a window without a game, and waits."""
REGION_NUMBERS: dict[Region, int] = {"ntsc": 0, "pal": 1, "dual": 0, "dendy": 2}
SHOWN_LINE = 239
"""The one line of the picture that FCEUX paints into a window that nobody sees; painting takes a third of its time."""
NAMES_OF_HOMES = ("FCEUX_HOME", "FCEUX_CONFIG_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")
"""Variables that would lead FCEUX or Qt away from the private folder."""


def find_fceux() -> str:
    """The FCEUX program: `QUARTERUP_FCEUX`, else on PATH, else in the usual places. Raises EmulatorNotFound."""
    if os.name != "posix":
        raise EmulatorNotFound("FCEUX is driven through named pipes, which Windows lacks. Use MAME for NES games.")
    return require_program("fceux", ENVIRONMENT_VARIABLE, NOT_INSTALLED)


@functools.cache
def fceux_version(program: str) -> str:
    """Asked once a process. Raises EmulatorNotFound if this is no FCEUX, or one that cannot be driven."""
    try:
        shown = subprocess.run(
            [program, "--help"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=30,
            check=False,
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        ).stdout
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise EmulatorNotFound(f"{program} cannot be run: {problem}") from problem
    version = re.search(r"FCEUX (\d+\.\d+\.\d+\S*?)\.*$", shown, re.MULTILINE)
    if version is None:
        raise EmulatorNotFound(f"{program} does not say which FCEUX it is. quarterup needs 2.6 or newer.")
    if "--loadlua" not in shown:
        raise EmulatorNotFound(
            f"{program}, FCEUX {version[1]}, was built without Lua, through which quarterup drives it. Install one "
            "with Lua, as Debian's and Homebrew's are, and name it in QUARTERUP_FCEUX."
        )
    return version[1]


@dataclass(frozen=True)
class FceuxCommand:
    """How one FCEUX is started. `folder` is its own: whatever it writes, it writes there."""

    program: str
    rom: NesRom
    folder: Path
    visible: bool

    def prepare(self) -> None:
        """Put into the folder what FCEUX reads: settings, bridge and game.

        Copies, because FCEUX looks beside a game for patches, palettes and a region in its name.
        """
        home = self.folder / ".fceux"
        home.mkdir()
        home.joinpath("fceux.cfg").write_text(
            "".join(f"{name} = {value}\n" for name, value in self._settings().items())
        )
        shutil.copyfile(BRIDGE, self._bridge)
        self._game.write_bytes(self.rom.content)

    def words(self) -> list[str]:
        sound = "1" if self.visible else "0"
        return [self.program, "--sound", sound, "--loadlua", str(self._bridge), str(self._game)]

    def environment(self) -> dict[str, str]:
        """Variables for the child, beside the connection's."""
        kept = {name: value for name, value in os.environ.items() if name not in NAMES_OF_HOMES}
        kept.setdefault("XDG_RUNTIME_DIR", str(self.folder))  # else Qt makes one beside our folder, and leaves it
        own = {"HOME": str(self.folder), "QUARTERUP_ROM": str(self._game)}
        if not self.visible:
            own |= {"QT_QPA_PLATFORM": "offscreen", "SDL_VIDEODRIVER": "dummy", "SDL_AUDIODRIVER": "dummy"}
            return kept | own
        own["QUARTERUP_VISIBLE"] = "1"
        authority = Path.home() / ".Xauthority"
        if "XAUTHORITY" not in kept and authority.exists():
            own["XAUTHORITY"] = str(authority)  # X looks for it at home, and home is elsewhere now
        if self._on_x11:
            own |= {"QT_QPA_PLATFORM": "xcb", "SDL_VIDEODRIVER": "x11"}
        return kept | own

    @property
    def _bridge(self) -> Path:
        return self.folder / "bridge.lua"

    @property
    def _game(self) -> Path:
        return self.folder / "game.nes"

    @property
    def _on_x11(self) -> bool:
        return bool(os.environ.get("DISPLAY"))

    def _settings(self) -> dict[str, str | int]:
        """FCEUX's own; its command line has but some of them."""
        settings: dict[str, str | int] = {
            "SDL.NoConfig": 1,
            "SDL.AutoDetectPAL": 0,
            "SDL.PAL": REGION_NUMBERS[self.rom.region],
        }
        if self.visible:
            # OpenGL (0) needs a driver for it, SDL (1) an X server, which Wayland alone is not.
            return settings | {"SDL.VideoDriver": int(self._on_x11)}
        settings |= {"SDL.VideoDriver": 1, "SDL.XScale": 1, "SDL.YScale": 1}
        for region in ("NTSC", "PAL"):
            settings |= {f"SDL.ScanLineStart{region}": SHOWN_LINE, f"SDL.ScanLineEnd{region}": SHOWN_LINE}
        return settings
