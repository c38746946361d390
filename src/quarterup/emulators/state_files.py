"""Save states in files: a line that says what this is, a line of JSON that says whose, and the emulator's own bytes."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from quarterup.emulators.emulator import EmulatorError

MAGIC = b"quarterup state 1\n"


@dataclass(frozen=True)
class StateOwner:
    """What a state belongs to. Loaded into anything else, it would be noise."""

    machine: str
    emulator: str
    roms: str
    """`good`, `stand-in` and so on: the stand-in's state means nothing to the original."""
    media: Mapping[str, str]
    """Slot -> SHA-256 of the file in it."""


def write_state(path: Path, owner: StateOwner, data: bytes) -> None:
    """Written beside and renamed: there is a whole file or none."""
    header = {**asdict(owner), "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        temporary.write_bytes(MAGIC + json.dumps(header).encode() + b"\n" + data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read_state(path: Path, owner: StateOwner) -> bytes:
    """Raises EmulatorError if the file is no state, is damaged, or belongs to something else."""
    content = path.read_bytes()
    if not content.startswith(MAGIC):
        raise EmulatorError(f"{path} is no save state of quarterup")
    head, _, data = content[len(MAGIC) :].partition(b"\n")
    try:
        header = json.loads(head)
        stated = {key: header[key] for key in (*asdict(owner), "bytes", "sha256")}
    except (ValueError, KeyError, TypeError):
        raise EmulatorError(f"{path} is damaged: its second line is not what was written there") from None
    if stated["sha256"] != hashlib.sha256(data).hexdigest():
        raise EmulatorError(f"{path} is damaged: it holds {len(data)} of {stated['bytes']} bytes, or others")
    for key, own in asdict(owner).items():
        if stated[key] != own:
            raise EmulatorError(f"{path} is a state of {key} {stated[key]}, this is {own}")
    return data


def digests(media: Mapping[str, str | Path]) -> dict[str, str]:
    return {slot: hashlib.sha256(Path(path).read_bytes()).hexdigest() for slot, path in media.items()}
