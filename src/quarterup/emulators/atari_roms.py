"""Which file holds an Atari game that ale-py can score: one of the user's own, or the one that came with ale-py.

ale-py reads scores at addresses that it knows for one revision of each game, so it says which file is the right one.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path

from quarterup.emulators.emulator import EmulatorNotFound, RomError
from quarterup.emulators.roms import find_rom_file, rom_folders

SUFFIXES = (".a26", ".bin")
ENVIRONMENT_VARIABLE = "ALE_ROMS_DIR"
"""ale-py's own."""
INSTALL = (
    "ale-py is not installed. It runs the Atari games, and brings them along: `pip install 'quarterup[atari]'`. It is "
    "under the GPL, version 2, which is why quarterup does without it."
)


def has_ale() -> bool:
    """Whether ale-py is installed."""
    return importlib.util.find_spec("ale_py") is not None


def ale_rom_folders() -> tuple[Path, ...]:
    """Where ale-py looks for ROMs: in the folder that `ALE_ROMS_DIR` names, and in itself. It is not imported."""
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    found = importlib.util.find_spec("ale_py")
    folders = [Path(named)] if named else []
    if found is not None and found.origin is not None:
        folders.append(Path(found.origin).parent / "roms")
    return tuple(folders)


def atari_rom(machine: str, roms: Sequence[Path] = ()) -> Path:
    """The file of `machine`, by ale-py's name of it: `pong`.

    Raises EmulatorNotFound if ale-py is not installed, and RomError if there is no such file, or it is another game or
    revision than the one that ale-py can score.
    """
    if not has_ale():
        raise EmulatorNotFound(INSTALL)
    import ale_py

    found = find_rom_file(machine, SUFFIXES, rom_folders(roms, ale_rom_folders()))
    if found.path is None:
        searched = "".join(f"\n  {folder}" for folder in found.search)
        raise RomError(
            f"there is no ROM of {machine}. Install ale-py anew, which brings its ROMs along, or put {machine}.bin "
            f"into one of these folders:{searched}"
        )
    if ale_py.ALEInterface.isSupportedROM(found.path) is None:
        raise RomError(
            f"{found.path} is not the ROM of {machine} that ale-py can score: perhaps another revision, or one of "
            "another region. Take it away, and the one that came with ale-py is used."
        )
    return found.path
