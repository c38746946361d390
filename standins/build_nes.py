"""Builds a stand-in for the NES: assembles every `.s` file of its folder with ca65 and links them into one `.nes` file.

The folder's `art/*.txt` become `art.inc` (names of tiles), `art.s` (sprites and pictures as tables) and the cartridge's
8 KiB of pictures; see `nes_art.py`.  `nes/` has what all such games share: the memory layout and the registers' names.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import nes_art
from assembler import HERE, BuildError, find_program, run

SHARED = HERE / "nes"
HEADER_BYTES, PRG_BYTES, CHR_BYTES = 16, 0x8000, 0x2000
ROM_BYTES = HEADER_BYTES + PRG_BYTES + CHR_BYTES


def build(game: str, out: Path) -> str:
    """Write `game`.nes into `out`; return a line about it."""
    ca65, ld65 = find_program("ca65", "cc65"), find_program("ld65", "cc65")
    source = HERE / game
    with tempfile.TemporaryDirectory() as scratch_name:
        scratch = Path(scratch_name)
        art = nes_art.read_art(source / "art")
        (scratch / "art.chr").write_bytes(art.patterns())
        (scratch / "art.inc").write_text(art.constants(), encoding="ascii")
        (scratch / "art.s").write_text(art.tables(), encoding="ascii")
        objects = []
        for path in [*sorted(source.glob("*.s")), scratch / "art.s"]:
            compiled = scratch / f"{path.stem}.o"
            folders = [item for folder in (source, scratch, SHARED) for item in ("-I", str(folder))]
            run([ca65, *folders, "--bin-include-dir", str(scratch), "-o", str(compiled), str(path)], path)
            objects.append(str(compiled))
        rom, where = scratch / "game.nes", scratch / "map.txt"
        run([ld65, "-C", str(SHARED / "nrom.cfg"), "-m", str(where), "-o", str(rom), *objects], source)
        image = rom.read_bytes()
        used = segment_bytes(where.read_text(encoding="ascii"), "CODE", "RODATA")
    if len(image) != ROM_BYTES:
        raise BuildError(f"{source}: the cartridge has {len(image)} bytes; a header and NROM have {ROM_BYTES}")
    out.mkdir(parents=True, exist_ok=True)
    target = out / f"{game}.nes"
    target.write_bytes(image)
    return f"{target}: {used} of {PRG_BYTES} bytes of program used, {art.used()} of {art.ROOM} tiles"


def segment_bytes(linker_map: str, *names: str) -> int:
    """How many bytes the named segments have, by the linker's map file."""
    sizes = re.findall(r"^(\w+) +[0-9A-F]{6} +[0-9A-F]{6} +([0-9A-F]{6})", linker_map, re.MULTILINE)
    return sum(int(size, 16) for name, size in sizes if name in names)
