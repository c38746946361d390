"""Memory maps: what the bytes of a machine mean, declared once and read by name.

    class InvadersMemory(MemoryMap):
        score = BCD(0x20F8, digits=4)
        ships = U8(0x21FF)
        enemies = Bytes(0x2100, 55)

    memory = InvadersMemory(frame.memory)
    memory.score                                      # -> 1230

A map works out by itself which ranges an emulator must watch for it (`InvadersMemory.ranges`). Values are plain Python
integers, so that no uint8 ever wraps in arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Generic, Literal, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from quarterup.emulators.emulator import MemoryRange

Endian = Literal["little", "big"]
T = TypeVar("T")

MERGE_GAP_BYTES = 32
"""Ranges this close are watched as one: reading a few bytes too many costs less than asking twice."""


class Field(Generic[T]):
    """A named place in memory: `size` bytes at `address`, `stride` apart, decoded by a subclass."""

    def __init__(
        self, address: int, size: int, *, stride: int = 1, device: str = ":maincpu", space: str = "program"
    ) -> None:
        self.range = MemoryRange(address, size, stride, device, space)
        self.offset = -1
        """Where the bytes lie in the watched memory; known once the map's class is complete."""

    @overload
    def __get__(self, memory: None, owner: type) -> Field[T]: ...
    @overload
    def __get__(self, memory: MemoryMap, owner: type) -> T: ...
    def __get__(self, memory: MemoryMap | None, owner: type) -> Field[T] | T:
        return self if memory is None else self.decode(memory.data)

    def decode(self, data: bytes) -> T:
        raise NotImplementedError


class U8(Field[int]):
    """An unsigned byte. Most fields are one, so it is read without the detour over `decode`."""

    def __init__(self, address: int, **place: str) -> None:
        super().__init__(address, 1, **place)  # type: ignore[arg-type]

    @overload
    def __get__(self, memory: None, owner: type) -> Field[int]: ...
    @overload
    def __get__(self, memory: MemoryMap, owner: type) -> int: ...
    def __get__(self, memory: MemoryMap | None, owner: type) -> Field[int] | int:
        return self if memory is None else memory.data[self.offset]


class S8(Field[int]):
    """A signed byte."""

    def __init__(self, address: int, **place: str) -> None:
        super().__init__(address, 1, **place)  # type: ignore[arg-type]

    def decode(self, data: bytes) -> int:
        return (data[self.offset] ^ 0x80) - 0x80


class Integer(Field[int]):
    """A number of several bytes."""

    def __init__(
        self, address: int, size: int, *, signed: bool = False, endian: Endian = "little", **place: str
    ) -> None:
        super().__init__(address, size, **place)  # type: ignore[arg-type]
        self.signed = signed
        self.endian = endian

    def decode(self, data: bytes) -> int:
        return int.from_bytes(data[self.offset : self.offset + self.range.size], self.endian, signed=self.signed)


class BCD(Field[int]):
    """A number with two decimal digits a byte."""

    def __init__(self, address: int, *, digits: int, endian: Endian = "little", **place: str) -> None:
        super().__init__(address, (digits + 1) // 2, **place)  # type: ignore[arg-type]
        self.endian = endian

    def decode(self, data: bytes) -> int:
        value = 0
        places = data[self.offset : self.offset + self.range.size]
        for byte in places if self.endian == "big" else reversed(places):
            value = value * 100 + (byte >> 4) * 10 + (byte & 15)
        return value


class Bit(Field[int]):
    """One bit of a byte, as 0 or 1."""

    def __init__(self, address: int, bit: int, **place: str) -> None:
        super().__init__(address, 1, **place)  # type: ignore[arg-type]
        self.bit = bit

    def decode(self, data: bytes) -> int:
        return data[self.offset] >> self.bit & 1


class Bytes(Field[bytes]):
    """Several bytes as they are."""

    def decode(self, data: bytes) -> bytes:
        return data[self.offset : self.offset + self.range.size]


class MemoryMap:
    """One moment of a machine's memory. Subclass it and declare fields; `data` is everything watched, as bytes."""

    ranges: ClassVar[tuple[MemoryRange, ...]] = ()
    """What an emulator must watch, in this order."""

    __slots__ = ("data",)

    def __init__(self, watched: NDArray[np.uint8] | bytes) -> None:
        self.data = watched if isinstance(watched, bytes) else watched.tobytes()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        fields = [item for base in reversed(cls.__mro__) for item in vars(base).values() if isinstance(item, Field)]
        cls.ranges = tuple(_merge(field.range for field in fields))
        for field in fields:
            field.offset = _offset_in(cls.ranges, field.range)

    @classmethod
    def size(cls) -> int:
        return sum(item.size for item in cls.ranges)


def _merge(ranges: Iterable[MemoryRange]) -> list[MemoryRange]:
    """Join neighbouring ranges of the same space and stride 1; strided ones stay as they are."""
    merged: list[MemoryRange] = []
    for item in sorted(set(ranges), key=lambda r: (r.device, r.space, r.stride, r.start)):
        last = merged[-1] if merged else None
        if last and _same_space(last, item) and item.start <= last.start + last.size + MERGE_GAP_BYTES:
            end = max(last.start + last.size, item.start + item.size)
            merged[-1] = MemoryRange(last.start, end - last.start, 1, last.device, last.space)
        else:
            merged.append(item)
    return merged


def _same_space(one: MemoryRange, other: MemoryRange) -> bool:
    return (one.device, one.space, one.stride) == (
        other.device,
        other.space,
        other.stride,
    ) and one.stride == 1


def _offset_in(ranges: Iterable[MemoryRange], wanted: MemoryRange) -> int:
    offset = 0
    for item in ranges:
        if item == wanted:
            return offset
        inside = item.start <= wanted.start and wanted.start + wanted.size <= item.start + item.size
        if inside and _same_space(item, wanted):
            return offset + wanted.start - item.start
        offset += item.size
    raise AssertionError(f"{wanted} is in no merged range")
