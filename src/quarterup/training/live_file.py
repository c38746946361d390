"""The live file of a run: what its trainer shows to people who watch, and what they wish to see. Memory-mapped.

The trainer makes it when it begins, and writes `about` once, `progress` twice a second, and pictures of environments
only while somebody wishes to see them. Whoever watches writes nothing but the wish, which has to be renewed: a viewer
that has gone is soon forgotten.

    header     magic, and how large everything is
    wish       until when (seconds of the monotonic clock), pictures a second, which environments as bits
    slots      about, progress, and one for each environment

A slot holds a generation, a length, a checksum and the bytes. Who reads while it is written finds that the checksum
does not fit, and reads again: nobody ever waits for anybody.
"""

from __future__ import annotations

import mmap
import os
import struct
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

from quarterup.training.files import written_beside

LIVE_FILE = "live.bin"
MAGIC = b"QUPLIVE1"
HEADER = struct.Struct("<8sIIQ")
"""Magic, environments, bytes of an environment's slot, and a number that no other session has."""
WISH = struct.Struct("<dd32s")
WISH_AT = 64
SLOTS_AT = 4096
SLOT = struct.Struct("<QII")
"""Generation, length, CRC-32."""
ABOUT_BYTES = 1 << 18
PROGRESS_BYTES = 1 << 16
MAX_ENVS = 256
"""Environments beyond these cannot be watched."""
MAX_SLOT_BYTES = 1 << 24
WISH_LASTS_S = 2.0
MAX_RATE = 15.0
"""Pictures a second, of all environments together."""


@dataclass(frozen=True)
class Wish:
    """What the viewers want to see."""

    rate: float
    """Pictures a second, of all environments together."""
    envs: tuple[int, ...]


class LiveFile:
    """One mapped live file. `create` is for the trainer, `open` for who watches."""

    def __init__(self, path: Path) -> None:
        """Map the file. Raises OSError if there is none, ValueError if it is not one."""
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)
        try:
            magic, self.num_envs, self.slot_bytes, self.session = HEADER.unpack_from(self._map)
            size = _size(self.num_envs, self.slot_bytes)
        except struct.error as error:
            raise ValueError(f"{path} is cut short") from error
        if magic != MAGIC or self.num_envs > MAX_ENVS or self.slot_bytes > MAX_SLOT_BYTES or len(self._map) != size:
            raise ValueError(f"{path} is no live file of this version")

    @classmethod
    def create(cls, folder: Path, num_envs: int, slot_bytes: int) -> LiveFile:
        """A new one in `folder`; an older one is replaced. Its room is taken now: a full disk cannot hurt later."""
        num_envs, slot_bytes = min(num_envs, MAX_ENVS), min(slot_bytes, MAX_SLOT_BYTES)
        with written_beside(folder / LIVE_FILE) as unfinished, unfinished.open("wb") as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, _size(num_envs, slot_bytes))
            else:
                file.truncate(_size(num_envs, slot_bytes))
            file.write(HEADER.pack(MAGIC, num_envs, slot_bytes, time.time_ns()))
        return cls(folder / LIVE_FILE)

    def close(self) -> None:
        self._map.close()

    # --------------------------------------------------------------------------------------------------------- wishes

    def wish_for(self, wish: Wish) -> None:
        """Ask the trainer for pictures, for the next `WISH_LASTS_S`."""
        bits = sum(1 << env for env in set(wish.envs) if 0 <= env < self.num_envs)
        WISH.pack_into(self._map, WISH_AT, time.monotonic() + WISH_LASTS_S, wish.rate, bits.to_bytes(32, "little"))

    def wish(self) -> Wish | None:
        """What is wanted now, if anything. Half a wish, read while it is written, is made whole again soon after."""
        until, rate, bits = WISH.unpack_from(self._map, WISH_AT)
        if not 0 < until - time.monotonic() <= WISH_LASTS_S or not rate > 0:
            return None
        chosen = int.from_bytes(bits, "little")
        envs = tuple(env for env in range(self.num_envs) if chosen >> env & 1)
        return Wish(min(rate, MAX_RATE), envs) if envs else None

    # ---------------------------------------------------------------------------------------------------------- slots

    def write_about(self, content: bytes) -> None:
        self._write(SLOTS_AT, ABOUT_BYTES, content)

    def write_progress(self, content: bytes) -> None:
        self._write(SLOTS_AT + ABOUT_BYTES, PROGRESS_BYTES, content)

    def write_env(self, env: int, *parts: bytes) -> None:
        self._write(self._env_at(env), self.slot_bytes, b"".join(parts))

    def about(self) -> bytes | None:
        return self._read(SLOTS_AT, ABOUT_BYTES)

    def progress(self) -> bytes | None:
        return self._read(SLOTS_AT + ABOUT_BYTES, PROGRESS_BYTES)

    def env(self, env: int) -> bytes | None:
        return self._read(self._env_at(env), self.slot_bytes)

    def generation(self, env: int) -> int:
        """Goes up with everything that is written about an environment; 0 before."""
        generation: int = SLOT.unpack_from(self._map, self._env_at(env))[0]
        return generation

    def _env_at(self, env: int) -> int:
        at: int = SLOTS_AT + ABOUT_BYTES + PROGRESS_BYTES + env * self.slot_bytes
        return at

    def _write(self, at: int, room: int, content: bytes) -> None:
        """What does not fit is left out: then the slot keeps what it has."""
        if SLOT.size + len(content) > room:
            return
        generation = SLOT.unpack_from(self._map, at)[0]
        start = at + SLOT.size
        self._map[start : start + len(content)] = content
        SLOT.pack_into(self._map, at, generation + 1, len(content), zlib.crc32(content))

    def _read(self, at: int, room: int) -> bytes | None:
        """The newest content; None if there is none, or it is being written just now."""
        generation, length, checksum = SLOT.unpack_from(self._map, at)
        start = at + SLOT.size
        if not generation or SLOT.size + length > room:
            return None
        content: bytes = self._map[start : start + length]
        return content if zlib.crc32(content) == checksum else None


def _size(num_envs: int, slot_bytes: int) -> int:
    return SLOTS_AT + ABOUT_BYTES + PROGRESS_BYTES + num_envs * slot_bytes
