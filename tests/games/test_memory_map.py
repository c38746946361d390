"""Memory maps decode what they say, and ask an emulator for no more than they need."""

import numpy as np
import pytest

from quarterup.emulators.emulator import MemoryRange
from quarterup.games.memory_map import BCD, S8, U8, Bit, Bytes, Integer, MemoryMap


class Sample(MemoryMap):
    lives = U8(0x10)
    speed = S8(0x11)
    score = BCD(0x12, digits=4)
    big_score = BCD(0x14, digits=6, endian="big")
    health = Integer(0x18, 2, signed=True, endian="big")
    flag = Bit(0x1A, 3)
    far = Bytes(0x2000, 2)
    column = Bytes(0x3000, 3, stride=32)


def watched(memory: dict[int, int]) -> np.ndarray:
    """What an emulator would return for `Sample.ranges` from this memory."""
    data = [memory.get(item.start + index * item.stride, 0) for item in Sample.ranges for index in range(item.size)]
    return np.array(data, np.uint8)


def test_fields_are_decoded_by_type_and_byte_order():
    memory = {0x10: 3, 0x11: 0xFE, 0x12: 0x34, 0x13: 0x12, 0x14: 0x01, 0x15: 0x23, 0x16: 0x45}
    memory |= {0x18: 0xFF, 0x19: 0x38, 0x1A: 0b1000, 0x2000: 7, 0x2001: 8, 0x3000: 1, 0x3020: 2, 0x3040: 3}
    sample = Sample(watched(memory))
    assert (sample.lives, sample.speed, sample.score, sample.big_score) == (3, -2, 1234, 12345)
    assert (sample.health, sample.flag) == (-200, 1)
    assert sample.far == bytes([7, 8])
    assert sample.column == bytes([1, 2, 3])


def test_near_fields_share_a_range_and_far_or_strided_ones_do_not():
    assert Sample.ranges == (MemoryRange(0x10, 11), MemoryRange(0x2000, 2), MemoryRange(0x3000, 3, stride=32))


def test_values_do_not_wrap_in_arithmetic():
    sample = Sample(watched({0x10: 1}))
    assert sample.lives - 2 == -1


def test_a_map_is_a_moment_and_does_not_change_with_the_buffer():
    buffer = watched({0x10: 3})
    sample = Sample(buffer)
    buffer[:] = 0
    assert sample.lives == 3


def test_a_field_can_be_in_another_space():
    class Sound(MemoryMap):
        volume = U8(0x10, device=":audiocpu", space="io")

    assert Sound.ranges == (MemoryRange(0x10, 1, device=":audiocpu", space="io"),)


@pytest.mark.parametrize(("low", "high", "value"), [(0x00, 0x00, 0), (0x99, 0x99, 9999), (0x10, 0x00, 10)])
def test_bcd_over_its_whole_range(low, high, value):
    assert Sample(watched({0x12: low, 0x13: high})).score == value
