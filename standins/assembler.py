"""What the build scripts of all stand-ins share: running an assembler, and saying why a build failed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent


class BuildError(Exception):
    """A reason, in words for a person, why there is no ROM."""


def find_program(name: str, package: str) -> str:
    """The path of an assembler or linker; `package` is what Debian calls what brings it."""
    program = shutil.which(name)
    if program is None:
        raise BuildError(f"the assembler `{name}` is missing; on Debian: apt install {package}")
    return program


def run(command: list[str], source: Path) -> None:
    """Run an assembler on `source`. A warning ends the build as an error does."""
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    messages = (result.stdout + result.stderr).strip()
    if result.returncode != 0 or messages:
        raise BuildError(f"{Path(command[0]).name} did not accept {source}:\n{messages}")
