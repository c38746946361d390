"""Builds the stand-in for the Midway 8080 board: assembles it with pasmo and writes the ROM set MAME loads."""

from __future__ import annotations

import tempfile
from pathlib import Path

from assembler import HERE, BuildError, find_program, run

ROM_BYTES = 8192
# MAME's set for the board: four 2 KiB chips, in address order. Each is written under both of its names, the one up to
# MAME 0.251 and the one that 0.276 knows.
CHIPS = (
    ("invaders.h", "9316b-0869_m739h.h1"),
    ("invaders.g", "9316b-0856_m739g.g1"),
    ("invaders.f", "9316b-0855_m739f.f1"),
    ("invaders.e", "9316b-0854_m739e.e1"),
)
CHIP_BYTES = ROM_BYTES // len(CHIPS)
FIRST_GLYPH, LAST_GLYPH = 0x20, 0x5F
GLYPH_COLUMNS = 8


def build(game: str, out: Path) -> str:
    """Write the ROM set of `game` into `out`; return a line about it."""
    pasmo = find_program("pasmo", "pasmo")
    source = HERE / game
    with tempfile.TemporaryDirectory() as scratch_name:
        scratch = Path(scratch_name)
        (scratch / "art.asm").write_text(art_as_assembly(source / "art"), encoding="ascii")
        binary = scratch / "game.bin"
        # --w8080 warns of every instruction that the Z80 has and the 8080 lacks.
        options = ["--w8080", "--alocal", "-I", str(source), "-I", str(scratch)]
        run([pasmo, *options, str(source / "main.asm"), str(binary)], source / "main.asm")
        program = binary.read_bytes()
    if len(program) > ROM_BYTES:
        raise BuildError(f"the program has {len(program)} bytes, the board's ROM only {ROM_BYTES}")
    image = program.ljust(ROM_BYTES, b"\x00")
    out.mkdir(parents=True, exist_ok=True)
    for number, names in enumerate(CHIPS):
        for name in names:
            (out / name).write_bytes(image[number * CHIP_BYTES : (number + 1) * CHIP_BYTES])
    return f"{out}: {len(program)} of {ROM_BYTES} bytes used"


def art_as_assembly(folder: Path) -> str:
    """All sprites and the font under `folder` as labelled `db` lines."""
    lines: list[str] = []
    for path in sorted(folder.glob("*.txt")):
        if path.name == "font.txt":
            lines += font_lines(path)
        else:
            lines += sprite_lines(path)
    return "\n".join(lines) + "\n"


def sprite_lines(path: Path) -> list[str]:
    """`sprite NAME` headers, each followed by its rows of `.` (dark) and `#` (lit)."""
    lines: list[str] = []
    name = ""
    rows: list[str] = []
    for text in [*path.read_text(encoding="ascii").splitlines(), "sprite"]:
        if text.startswith("sprite"):
            if name:
                lines += [f"{name}:"] + [db(column) for column in columns_of(rows, f"{path}: {name}")]
            name, rows = text.removeprefix("sprite").strip(), []
        elif text and not text.startswith(";"):
            rows.append(text.strip())
    return lines


def font_lines(path: Path) -> list[str]:
    """`glyphs ABC` headers, each followed by 8 rows with one 5-wide cell per letter."""
    glyphs: dict[str, list[bytes]] = {}
    letters = ""
    rows: list[str] = []
    for text in [*path.read_text(encoding="ascii").splitlines(), "glyphs"]:
        if text.startswith("glyphs"):
            for place, letter in enumerate(letters):
                cell = ["." + row.split()[place] + ".." for row in rows]
                glyphs[letter] = columns_of(cell, f"{path}: {letter}")
            letters, rows = text.removeprefix("glyphs").strip(), []
        elif text and not text.startswith(";"):
            rows.append(text)
    blank = [b"\x00"] * GLYPH_COLUMNS
    lines = ["font:"]
    letters_in_order = map(chr, range(FIRST_GLYPH, LAST_GLYPH + 1))
    return lines + [db(b"".join(glyphs.get(letter, blank))) for letter in letters_in_order]


def columns_of(rows: list[str], where: str) -> list[bytes]:
    """The picture column by column, left to right: the lowest pixel is bit 0 of the first byte."""
    if len(rows) % 8 or len({len(row) for row in rows}) != 1 or set("".join(rows)) - set(".#"):
        raise BuildError(f"{where}: a picture is 8 or 16 equally long rows of '.' and '#'")
    upwards = rows[::-1]
    columns = []
    for x in range(len(rows[0])):
        bits = sum(1 << y for y, row in enumerate(upwards) if row[x] == "#")
        columns.append(bits.to_bytes(len(rows) // 8, "little"))
    return columns


def db(values: bytes) -> str:
    return "        db " + ",".join(str(value) for value in values)
