"""Why MAME did not start, told from what it printed."""

from __future__ import annotations

import os
import re
import zipfile
from pathlib import Path

from quarterup.emulators.emulator import EmulatorDied, EmulatorError, EmulatorNotFound, RomError
from quarterup.emulators.roms import RomSet

SHOWN_NAMES = 5
TOO_OLD = ("too old", "attempt to index", "attempt to call")
"""The bridge's own words, and Lua's, where the interface that it needs is missing."""


def explained(death: EmulatorDied, rom_set: RomSet) -> EmulatorError:
    """The error that says what MAME's own words mean, or `death` itself where we don't know better."""
    printed = death.output
    if "Unknown system" in printed:
        return EmulatorError(f"MAME knows no machine '{rom_set.machine}'. {similar_machines(printed)}")
    if missing := missing_files(printed):
        return RomError(_about_missing(rom_set, missing))
    if any(words in printed for words in TOO_OLD):
        return EmulatorNotFound(f"this MAME is too old: quarterup needs 0.251 or newer.\n{death}")
    return death


def missing_files(printed: str) -> list[str]:
    """Names of ROM files, in MAME's order, without those that nobody has (`NO GOOD DUMP KNOWN`)."""
    names = re.findall(r"^(\S.*?) (?:\([^)]*\) )?NOT FOUND(?! - NO GOOD DUMP)", printed, re.MULTILINE)
    return list(dict.fromkeys(names))


def similar_machines(printed: str) -> str:
    """From MAME's own list of approximate matches, the first few."""
    names = re.findall(r"^(\w+)\s{2,}\S.*\(", printed, re.MULTILINE)
    return f"Did you mean {', '.join(names[:SHOWN_NAMES])}?" if names else "`mame -listfull` lists them all."


def _about_missing(rom_set: RomSet, missing: list[str]) -> str:
    searched = "\n".join(f"  {folder}" for folder in rom_set.search)
    found = _about_found(rom_set.path) if rom_set.path else "There is no folder or archive of that name."
    return (
        f"the ROM set '{rom_set.machine}' lacks {', '.join(missing)}. {found} Looked in:\n{searched}\n"
        "Put the complete set (a folder or zip of that name) into one of these, "
        "or name its folder with --roms or QUARTERUP_ROMS."
    )


def _about_found(path: Path) -> str:
    if not os.access(path, os.R_OK):
        return f"{path} is there, but may not be read (permissions)."
    if path.suffix == ".zip" and not zipfile.is_zipfile(path):
        return f"{path} is there, but is damaged: no zip archive."
    return f"{path} is there, but incomplete."
