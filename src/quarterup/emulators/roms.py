"""Where ROM sets are looked for, and which one is taken.

In this order: folders given by the caller (`--roms`), `QUARTERUP_ROMS`, the user's data folder, the emulator's own
folders, and last the stand-ins that come with quarterup. A set is never mixed from a user's folder and a stand-in.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

STAND_INS = Path(__file__).parent.parent / "data" / "roms"
ENVIRONMENT_VARIABLE = "QUARTERUP_ROMS"
SET_SUFFIXES = ("", ".zip", ".7z")
"""A set is a folder or an archive, named after the machine."""


@dataclass(frozen=True)
class RomSet:
    """Which folder holds the set of one machine, or a console's game, and every folder the emulator is told of."""

    machine: str
    path: Path | None
    """The folder, archive or file, or None when nothing of that name was found (not every machine needs ROMs)."""
    stand_in: bool
    search: tuple[Path, ...]


def user_data_folder() -> Path:
    """Where quarterup keeps what belongs to the user, by the custom of the system."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or _home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = _home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or _home() / ".local" / "share")
    return base / "quarterup"


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:  # a user without a home, as in a container
        return Path(os.sep).absolute()


def rom_folders(given: Sequence[Path] = (), emulator_folders: Sequence[Path] = ()) -> list[Path]:
    """Every folder that is searched, in order, whether it exists or not; the stand-ins are not among them."""
    named = [Path(item) for item in os.environ.get(ENVIRONMENT_VARIABLE, "").split(os.pathsep) if item]
    folders = [*given, *named, user_data_folder() / "roms", *emulator_folders]
    return list(dict.fromkeys(folder.expanduser().absolute() for folder in folders))


def find_rom_set(machine: str, folders: Sequence[Path]) -> RomSet:
    """The first set named `machine` in `folders`, else the stand-in, else none."""
    for folder in folders:
        if path := _set_in(folder, machine):
            first_here = (folder, *(other for other in folders if other != folder))
            return RomSet(machine, path, stand_in=False, search=first_here)
    if path := _set_in(STAND_INS, machine):
        return RomSet(machine, path, stand_in=True, search=(STAND_INS,))
    return RomSet(machine, None, stand_in=False, search=tuple(folders))


def find_rom_file(machine: str, suffixes: Sequence[str], folders: Sequence[Path]) -> RomSet:
    """The first file in `folders` that is called `machine`, else the stand-in, else none.

    Case, punctuation and what is in brackets do not count: `Mario Bros. (World).nes` is `mario_bros`.
    """
    for folder in (*folders, STAND_INS):
        if path := _file_in(folder, plain_name(machine), suffixes):
            stand_in = folder == STAND_INS
            return RomSet(machine, path, stand_in, search=(folder,) if stand_in else tuple(folders))
    return RomSet(machine, None, stand_in=False, search=tuple(folders))


def plain_name(name: str) -> str:
    """Letters and digits alone, without what is in brackets."""
    return re.sub(r"[^a-z0-9]", "", re.sub(r"\(.*?\)|\[.*?\]", "", name.lower()))


def _file_in(folder: Path, name: str, suffixes: Sequence[str]) -> Path | None:
    try:
        files = sorted(folder.iterdir())
    except OSError:  # there is no such folder, or it is not ours to read
        return None
    fitting = (path for path in files if path.suffix.lower() in suffixes and plain_name(path.stem) == name)
    return next((path for path in fitting if path.is_file()), None)


def rom_hashes(rom_path: str) -> dict[str, str]:
    """SHA-256 by file name: of the archive, or of each file in the folder."""
    path = Path(rom_path)
    if not rom_path or not path.exists():
        return {}
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    return {str(file.relative_to(path.parent)): _sha256(file) for file in files}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _set_in(folder: Path, machine: str) -> Path | None:
    for suffix in SET_SUFFIXES:
        path = folder / (machine + suffix)
        if path.exists():
            return path
    return None
