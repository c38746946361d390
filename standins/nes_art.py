"""Turns text pictures into the NES's 8 by 8 tiles.

A file begins with the half of the picture memory that it fills, `table background` or `table sprites`. Then pictures
follow, each a header and rows of `.` (colour 0, which shows what lies behind), `1`, `2`, `3`; lines that begin with `;`
are remarks. Headers:

    tile NAME       a picture of whole tiles, which get neighbouring numbers, left to right, then down;
                    `NAME` becomes the first one's number
    glyphs ABC      8 rows of 8-wide cells, one a letter, blanks between: the tile's number is the letter's ASCII code
    sprite NAME     a picture out of several hardware sprites; `NAME` becomes a table: how many, then for each of
                    them x, y, tile.  Empty tiles are left out, equal ones exist once.
    sprite NAME mirrored
                    the same, and a table `NAME_mirrored` for the picture turned round (flip the tiles as well)
    picture NAME    a large background: `NAME` becomes a table: width and height in tiles, then tiles row by row.
                    Equal tiles exist once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from assembler import BuildError

TILE = 8
TILES = 256
TILE_BYTES = 16
COLOURS = ".123"
BLANK = bytes(TILE_BYTES)
HEADERS = ("tile", "glyphs", "sprite", "picture")


@dataclass
class Art:
    """All pictures of a game: two halves of 256 tiles, and the names and tables that point at them."""

    ROOM: ClassVar[int] = 2 * TILES
    halves: dict[str, dict[int, bytes]] = field(default_factory=lambda: {"background": {}, "sprites": {}})
    names: dict[str, int] = field(default_factory=dict)
    rows: dict[str, list[bytes]] = field(default_factory=dict)
    """Tables by name, in lines of bytes."""

    def patterns(self) -> bytes:
        halves = (self.halves["background"], self.halves["sprites"])
        return b"".join(half.get(number, BLANK) for half in halves for number in range(TILES))

    def constants(self) -> str:
        lines = [f"{name} = ${number:02X}" for name, number in self.names.items()]
        return "\n".join([*lines, *(f".global {name}" for name in self.rows)]) + "\n"

    def tables(self) -> str:
        lines = ['.segment "CHR"', '.incbin "art.chr"', '.segment "RODATA"']
        for name, rows in self.rows.items():
            lines += [f".export {name}", f"{name}:"]
            lines += ["        .byte " + ",".join(f"${byte:02X}" for byte in row) for row in rows]
        return "\n".join(lines) + "\n"

    def used(self) -> int:
        return sum(len(half) for half in self.halves.values())

    def add(self, half: str, tiles: list[bytes], where: str, *, shared: bool) -> list[int]:
        """Give tiles numbers: neighbouring free ones, or, if `shared`, that of an equal one where there is one."""
        known = self.halves[half]
        if not shared:
            first = next((n for n in range(TILES) if not known.keys() & set(range(n, n + len(tiles)))), TILES)
            numbers = list(range(first, first + len(tiles)))
            known.update(zip(numbers, tiles, strict=True))
        else:
            numbers = []
            for tile in tiles:
                same = [number for number, other in known.items() if other == tile]
                free = next((number for number in range(TILES) if number not in known), TILES)
                numbers.append(same[0] if same else free)
                known[numbers[-1]] = tile
        if numbers and max(numbers) >= TILES:
            raise BuildError(f"{where}: there is no room for it; a half of the picture memory has {TILES} tiles")
        return numbers

    def name(self, name: str, where: str) -> str:
        if not name.isidentifier() or name in self.names or name in self.rows:
            raise BuildError(f"{where}: '{name}' is no name for a picture, or another one has it")
        return name


@dataclass
class Drawing:
    """One header of a text file and the rows under it."""

    half: str
    kind: str
    words: list[str]
    where: str
    rows: list[str] = field(default_factory=list)


def read_art(folder: Path) -> Art:
    """All pictures under `folder`. Letters come first: their numbers are fixed, the others take what is free."""
    art = Art()
    art.halves["background"][ord(" ")] = BLANK
    drawings = [drawing for path in sorted(folder.glob("*.txt")) for drawing in read_file(path)]
    for drawing in sorted(drawings, key=lambda item: item.kind != "glyphs"):
        place(drawing, art)
    return art


def read_file(path: Path) -> list[Drawing]:
    drawings: list[Drawing] = []
    half = ""
    for number, line in enumerate(path.read_text(encoding="ascii").splitlines(), 1):
        words, where = line.split(), f"{path}, line {number}"
        if not words or line.startswith(";"):
            continue
        if words[0] == "table":
            half = words[-1]
            if half not in Art().halves:
                raise BuildError(f"{where}: a table is 'background' or 'sprites', not '{half}'")
        elif words[0] in HEADERS and len(words) > 1:
            if not half:
                raise BuildError(f"{where}: the file has to say 'table background' or 'table sprites' first")
            drawings.append(Drawing(half, words[0], words[1:], where))
        elif drawings:
            drawings[-1].rows.append(line.rstrip())
        else:
            raise BuildError(f"{where}: a picture begins with one of {', '.join(HEADERS)} and its name")
    return drawings


def place(drawing: Drawing, art: Art) -> None:
    if drawing.kind == "glyphs":
        place_glyphs(drawing, art)
        return
    name = art.name(drawing.words[0], drawing.where)
    across = len(drawing.rows[0]) // TILE if drawing.rows else 0
    tiles = tiles_of(drawing.rows, drawing.where)
    if drawing.kind == "tile":
        art.names[name] = art.add(drawing.half, tiles, drawing.where, shared=False)[0]
    elif drawing.kind == "picture":
        numbers = art.add(drawing.half, tiles, drawing.where, shared=True)
        lines = [bytes(numbers[start : start + across]) for start in range(0, len(numbers), across)]
        art.rows[name] = [bytes((across, len(lines))), *lines]
    else:
        seen = [index for index, tile in enumerate(tiles) if tile != BLANK]
        numbers = art.add(drawing.half, [tiles[index] for index in seen], drawing.where, shared=True)
        parts = [(index % across * TILE, index // across * TILE, n) for index, n in zip(seen, numbers, strict=True)]
        art.rows[name] = [bytes((len(parts),)), *map(bytes, parts)]
        if "mirrored" in drawing.words[1:]:
            turned = [((across - 1) * TILE - x, y, number) for x, y, number in parts]
            art.rows[art.name(f"{name}_mirrored", drawing.where)] = [bytes((len(turned),)), *map(bytes, turned)]


def place_glyphs(drawing: Drawing, art: Art) -> None:
    letters = drawing.words[0]
    cells = [row.split() for row in drawing.rows]
    if {len(row) for row in cells} != {len(letters)}:
        raise BuildError(f"{drawing.where}: every row has one cell for each letter of {letters}")
    for index, letter in enumerate(letters):
        tile = tiles_of([row[index] for row in cells], f"{drawing.where}: {letter}")
        if len(tile) != 1:
            raise BuildError(f"{drawing.where}: {letter} is 8 rows of 8")
        art.halves[drawing.half][ord(letter)] = tile[0]


def tiles_of(rows: list[str], where: str) -> list[bytes]:
    """The picture's tiles, left to right, then down: 8 bytes of the colours' low bits, 8 of the high ones."""
    crooked = not rows or len(rows) % TILE or len({len(row) for row in rows}) != 1 or len(rows[0]) % TILE
    if crooked or set("".join(rows)) - set(COLOURS):
        raise BuildError(f"{where}: a picture is rows of '{COLOURS}', all as long, 8, 16, 24 … of them both ways")
    return [
        bytes(plane_byte(rows[top + y][left : left + TILE], plane) for plane in (0, 1) for y in range(TILE))
        for top in range(0, len(rows), TILE)
        for left in range(0, len(rows[0]), TILE)
    ]


def plane_byte(pixels: str, plane: int) -> int:
    return sum((COLOURS.index(pixel) >> plane & 1) << (TILE - 1 - x) for x, pixel in enumerate(pixels))
