"""A NES game's file: what its header says, and whether all of it is there.

The header is that of iNES, or of NES 2.0, which is a superset (https://www.nesdev.org/wiki/NES_2.0).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from quarterup.emulators.emulator import RomError

Region = Literal["ntsc", "pal", "dual", "dendy"]
"""`dual` runs on both: emulators take NTSC. A Dendy has PAL's picture rate and NTSC's way of counting lines."""

MAGIC = b"NES\x1a"
HEADER_BYTES = 16
TRAINER_BYTES = 512
PRG_UNIT, CHR_UNIT = 16_384, 8_192
REGIONS: tuple[Region, ...] = ("ntsc", "pal", "dual", "dendy")
"""By the number that NES 2.0 gives them."""
EUROPEAN_NAME = re.compile(r"\((E|Europe|PAL|F|G|I)\)", re.IGNORECASE)
"""An iNES header seldom tells the region, so those who keep such files write it into the name."""
OTHER_FORMATS = (
    (b"PK", "a zip archive: unpack it"),
    (b"7z\xbc\xaf", "a 7z archive: unpack it"),
    (b"UNIF", "in UNIF format: convert it to NES 2.0"),
    (b"FDS\x1a", "a disk of the Famicom Disk System, which needs a BIOS"),
    (b"NESM", "music alone (NSF), not a game"),
)


@dataclass(frozen=True)
class NesRom:
    """A game's file, read and found complete."""

    path: Path
    mapper: int
    submapper: int
    prg_bytes: int
    """Of the program, as the header says."""
    chr_bytes: int
    """Of pictures in ROM; 0 where the game keeps them in RAM."""
    trainer: bool
    """Whether 512 bytes of somebody's code lie before the program."""
    battery: bool
    """Whether the cartridge remembers something while switched off."""
    region: Region
    sha1: str
    """Of everything behind the header: headers of the same game differ."""
    content: bytes = field(repr=False)
    """The whole file."""


def read_nes_rom(path: str | Path) -> NesRom:
    """Raises RomError if there is no such file, if it is no NES game, or if a part is missing."""
    file = Path(path).expanduser().absolute()
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        raise RomError(f"there is no file {file}") from None
    except OSError as problem:
        raise RomError(f"{file} cannot be read: {problem.strerror}") from problem
    if not content.startswith(MAGIC) or len(content) < HEADER_BYTES:
        raise RomError(f"{file} is no NES game: {_what_else(content)}.")
    return _checked(_parsed(file, content))


def _what_else(content: bytes) -> str:
    for magic, meaning in OTHER_FORMATS:
        if content.startswith(magic):
            return f"it is {meaning}"
    return f"it has {len(content)} bytes and begins with {content[:4].hex(' ') or 'nothing'}, not with 4e 45 53 1a"


def _parsed(path: Path, content: bytes) -> NesRom:
    header = content[:HEADER_BYTES]
    nes2 = header[7] & 0x0C == 0x08
    # Old tools wrote their names over the second half of the header, where the mapper's upper digits are.
    clean = nes2 or not any(header[12:])
    mapper = header[6] >> 4 | (header[7] & 0xF0 if clean else 0)
    if nes2:
        mapper |= (header[8] & 0x0F) << 8
        prg_bytes = _nes2_size(header[4], header[9] & 0x0F, PRG_UNIT)
        chr_bytes = _nes2_size(header[5], header[9] >> 4, CHR_UNIT)
        region = REGIONS[header[12] & 3]
    else:
        prg_bytes = (header[4] or 256) * PRG_UNIT
        chr_bytes = header[5] * CHR_UNIT
        region = "pal" if (clean and header[9] & 1) or EUROPEAN_NAME.search(path.name) else "ntsc"
    return NesRom(
        path=path,
        mapper=mapper,
        submapper=header[8] >> 4 if nes2 else 0,
        prg_bytes=prg_bytes,
        chr_bytes=chr_bytes,
        trainer=bool(header[6] & 4),
        battery=bool(header[6] & 2),
        region=region,
        sha1=hashlib.sha1(content[HEADER_BYTES:], usedforsecurity=False).hexdigest(),
        content=content,
    )


def _nes2_size(low: int, high: int, unit: int) -> int:
    """In units, or where `high` is 15 as an exponent and a multiplier."""
    if high == 0x0F:
        return (1 << (low >> 2)) * ((low & 3) * 2 + 1)
    return (high << 8 | low) * unit


def _checked(rom: NesRom) -> NesRom:
    if not rom.prg_bytes:
        raise RomError(f"{rom.path} is damaged: its header says that it holds no program. Get another copy.")
    needed = HEADER_BYTES + TRAINER_BYTES * rom.trainer + rom.prg_bytes + rom.chr_bytes
    if len(rom.content) < needed:
        raise RomError(
            f"{rom.path} is cut short: it has {len(rom.content):,} bytes, and its header says {needed:,}. "
            "Get a complete copy."
        )
    return rom
