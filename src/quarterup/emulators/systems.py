"""The systems that games run on, and what of each must be known before an emulator is chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

System = Literal["arcade", "nes", "atari2600", "retro"]
"""An arcade machine's ROMs are a set named after it. A console's game is one file, in a console that all share.
`retro` is whatever console an integration of stable-retro is for."""

EmulatorName = Literal["auto", "mame", "fceux", "ale", "retro"]
"""`auto` is the first of those a system has that is installed."""

TITLES: dict[str, EmulatorName] = {"MAME": "mame", "FCEUX": "fceux", "ale-py": "ale", "stable-retro": "retro"}
"""How `MachineFacts.emulator` begins -> which one that is."""


@dataclass(frozen=True)
class SystemFacts:
    """What is the same for all games of a system."""

    emulators: tuple[EmulatorName, ...]
    """Those that can run its games, the best first. Atari games ask ale-py for their score."""
    rom_suffixes: tuple[str, ...]
    """How the names of ROM files end; none where sets are used."""
    mame_console: str
    """MAME's name of the console, or nothing where each game is a machine of its own."""


SYSTEMS: dict[System, SystemFacts] = {
    "arcade": SystemFacts(("mame",), (), ""),
    "nes": SystemFacts(("fceux", "retro", "mame"), (".nes",), "nes"),
    "atari2600": SystemFacts(("ale",), (".a26", ".bin"), "a2600"),
    "retro": SystemFacts(("retro",), (), ""),
}
"""The inputs of a console have the same names on every emulator, those of MAME: `P1 Up`, `P1 A`, `P1 Start` and so on
for a NES; `P1 Up`, `P1 Button 1`, `Select Game`, `Reset Game` for an Atari 2600, whose switches ale-py lacks."""
