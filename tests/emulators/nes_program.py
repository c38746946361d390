"""A NES program of our own, to see what an emulator does: it counts frames, keeps buttons, and has a colour a frame."""

from __future__ import annotations

from pathlib import Path

PROGRAM = bytes.fromhex(
    "78 d8 a2ff 9a a900 8d0120"  # sei; cld; ldx #$ff; txs; picture off
    "2c0220 10fb 2c0220 10fb"  # two vertical blanks, so that the picture unit is awake
    "a980 8d0020 4c1980"  # interrupt in every vertical blank; wait for it
    "e680"  # interrupt ($801c): inc $80
    "a901 8d1640 a900 8d1640 a208"  # read both controllers, eight buttons each
    "ad1640 4a 2681 ad1740 4a 2682 ca d0f1"  # into $81 and $82, A in the highest bit
    "ad0220 a93f 8d0620 a900 8d0620 a580 293f 8d0720"  # the background's colour is the count
    "a900 8d0620 8d0620 40"
)
START, INTERRUPT = 0x8000, 0x801C
PAGE = 0x4000
COUNT, BUTTONS_1, BUTTONS_2 = 0x80, 0x81, 0x82
BITS = {name: 0x80 >> bit for bit, name in enumerate(("A", "B", "Select", "Start", "Up", "Down", "Left", "Right"))}


def write_nes_program(path: Path, *, mapper: int = 0) -> Path:
    """The program as a cartridge of that mapper."""
    vectors = b"".join(address.to_bytes(2, "little") for address in (INTERRUPT, START, START))
    page = PROGRAM.ljust(PAGE - len(vectors), b"\xff") + vectors
    header = b"NES\x1a" + bytes([1, 1, mapper % 16 << 4, mapper // 16 << 4]) + bytes(8)
    path.write_bytes(header + page + bytes(0x2000))
    return path
