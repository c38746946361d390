"""Builds a stand-in game: assembles its sources and writes what the emulator loads.

    python standins/build.py invaders [--out DIR]

The pictures of a game are text files (`art/*.txt`, one character per pixel); the build turns them into bytes, so that a
picture is changed with a text editor.  The result is the same byte for byte every time.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import build_invaders
import build_nes
from assembler import HERE, BuildError

ROMS = HERE.parent / "src" / "quarterup" / "data" / "roms"
BUILDERS: dict[str, tuple[Callable[[str, Path], str], Path]] = {
    "invaders": (build_invaders.build, ROMS / "invaders"),
    "mario_bros": (build_nes.build, ROMS),
    "nekketsu_soccer": (build_nes.build, ROMS),
}
"""How each stand-in is built, and the package's folder for the result."""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("game", choices=list(BUILDERS), help="which stand-in to build")
    parser.add_argument("--out", type=Path, help="folder for the result (default: the package's)")
    chosen = parser.parse_args(arguments)
    build, folder = BUILDERS[chosen.game]
    try:
        print(build(chosen.game, chosen.out or folder))
    except BuildError as error:
        print(f"build.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
