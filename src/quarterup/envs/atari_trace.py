"""What ale-py's vector environment really held in each frame, worked out afterwards: traces need it, it does not say.

An action sticks by chance. ale-py draws that chance twice a frame, for either player, from a Mersenne Twister that it
seeds when a ROM is loaded (`StellaEnvironment::act`, `Random` in its source). NumPy has the same generator.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from quarterup.envs.trace import hold

DRAWS_A_FRAME = 2
DRAW_BYTES = 4
SKIPPED_AT_ONCE = 1 << 20


class StickyFrames:
    """The frames in which an ale-py with that seed does not take the new action, if `chance` is its chance of that."""

    def __init__(self, seed: int, chance: float) -> None:
        self._seed = seed
        self._chance = np.float32(chance)
        self._rewind()

    def _rewind(self) -> None:
        self._generator = np.random.RandomState(self._seed)
        self._frame = 0

    def of(self, first: int, count: int) -> NDArray[np.bool_]:
        """For `count` frames from the frame `first` on, counted since the ROM was loaded. Shape (count,)."""
        if not self._chance:
            return np.zeros(count, np.bool_)
        if first < self._frame:
            self._rewind()
        while self._frame < first:
            self._draw(min(first - self._frame, SKIPPED_AT_ONCE))
        return self._draw(count) / 2.0**32 < self._chance

    def _draw(self, frames: int) -> NDArray[np.uint32]:
        self._frame += frames
        drawn = self._generator.bytes(frames * DRAWS_A_FRAME * DRAW_BYTES)
        return np.frombuffer(drawn, "<u4")[::DRAWS_A_FRAME]


def holds_of(actions: Sequence[int], stuck: NDArray[np.bool_], frame_skip: int) -> list[int]:
    """A trace's holds, for a game in which `actions` were chosen, one a step, and did not get through where `stuck`.

    The last step may have ended early, with the game; what would have been held then does not matter.
    """
    wanted = np.repeat(np.asarray(actions, np.int64), frame_skip)
    got_through = np.ones(len(wanted), np.bool_)
    got_through[: len(stuck)] = ~stuck
    # In each frame the last action that got through is held; before the first one nothing is.
    last = np.maximum.accumulate(np.where(got_through, np.arange(1, len(wanted) + 1), 0))
    held = np.concatenate([[0], wanted])[last].reshape(-1, frame_skip)
    holds = []
    for step in held.tolist():
        late = next((frame for frame in range(1, frame_skip) if step[frame] != step[0]), 0)
        if late:
            holds.append(hold(step[0], late))
        holds.append(hold(step[-1], frame_skip - late))
    return holds
