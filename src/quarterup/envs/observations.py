"""What an agent is shown: turning a frame of a game into one observation.

| kind | contents | shape, dtype |
| --- | --- | --- |
| `features` | the game file's documented numbers | (F,) float32 |
| `ram` | the machine's working memory | (bytes,) uint8 |
| `pixels` | the picture, gray, scaled to a square of `picture_size`, the last `stack` of them | (stack, 84, 84) uint8 |
| `bitmap` | the picture from the machine's own bit map, where it has one, the last `stack` | (stack, H, W) uint8 |
| `screen` | the picture as a person sees it | (H, W, 3) uint8 |

Pictures can be of a step's last two frames, or of what changed since the step before: see `newest_picture`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from quarterup.emulators.emulator import Frame, MemoryRange, Picture
from quarterup.games.game import Game
from quarterup.games.memory_map import MemoryMap

if TYPE_CHECKING:
    from quarterup.envs.settings import EnvSettings

ObservationKind = Literal["features", "ram", "pixels", "bitmap", "screen"]
PIXELS_SIDE = 84
"""Height and width of `pixels` unless told otherwise: Mnih et al., 2015."""


@dataclass(frozen=True)
class View:
    """How one kind of observation of one game is made."""

    kind: ObservationKind
    space: spaces.Box
    stack: int
    """How many of the newest pictures an observation holds; 0 where nothing is stacked."""
    watch: tuple[MemoryRange, ...]
    """What the emulator returns beyond the game's own memory."""
    picture: Picture | None
    draw: Callable[[Frame, MemoryMap, MemoryMap, NDArray[Any]], None]
    """`draw(frame, before, memory, out)` writes the newest observation, unstacked, into `out`."""
    scaled_here: bool = False
    """`draw` gives the machine's whole picture, which `newest_picture` scales."""

    @property
    def is_picture(self) -> bool:
        return self.kind in ("pixels", "bitmap", "screen")


def view_of(game: Game[Any], settings: EnvSettings, screen_shape: tuple[int, int] | None = None) -> View:
    """The view of `game` that `settings` ask for. `screen` needs the shape of the picture, known once an emulator runs.

    Raises ValueError for a view that the game does not have.
    """
    kind, stack = settings.obs, settings.stack
    if kind not in get_args(ObservationKind):
        raise ValueError(f"obs={kind!r} is not one of {', '.join(get_args(ObservationKind))}")
    if stack < 1:
        raise ValueError(f"stack={stack}: at least one picture must be shown")
    own = game.memory.size()
    if kind == "features" and not game.features:
        raise ValueError(f"{game.title} has no features: use obs='pixels' or obs='ram'")
    if kind == "features":
        low = np.array([feature.low for feature in game.features], np.float32)
        high = np.array([feature.high for feature in game.features], np.float32)

        def draw_features(frame: Frame, before: MemoryMap, memory: MemoryMap, out: NDArray[Any]) -> None:
            game.feature_vector(before, memory, out)

        return View("features", spaces.Box(low, high, dtype=np.float32), 0, (), None, draw_features)
    if kind == "ram":

        def draw_ram(frame: Frame, before: MemoryMap, memory: MemoryMap, out: NDArray[Any]) -> None:
            out[:] = frame.memory[own:]

        return View("ram", _bytes_space((game.ram.size,)), 0, (game.ram,), None, draw_ram)
    if kind == "bitmap":
        if game.bitmap_shape is None:
            raise ValueError(f"{game.title} keeps no bit map in memory: use obs='pixels'")

        def draw_bitmap(frame: Frame, before: MemoryMap, memory: MemoryMap, out: NDArray[Any]) -> None:
            out[:] = game.bitmap(frame.memory[own:])

        space = _bytes_space((stack, *game.bitmap_shape))
        return View("bitmap", space, stack, game.bitmap_memory, None, draw_bitmap)

    def draw_picture(frame: Frame, before: MemoryMap, memory: MemoryMap, out: NDArray[Any]) -> None:
        out[:] = frame.screen

    if kind == "pixels":
        side = settings.picture_size
        space = _bytes_space((stack, side, side))
        if settings.max_two_frames and game.system == "atari2600":
            # As ale-py's own vector environment does it, which trainings use: scaled first, a ball comes out darker.
            return View("pixels", space, stack, (), Picture(gray=True), draw_picture, scaled_here=True)
        return View("pixels", space, stack, (), Picture(side, side, gray=True), draw_picture)
    height, width = screen_shape or (1, 1)
    return View("screen", _bytes_space((height, width, 3)), 0, (), Picture(), draw_picture)


def _bytes_space(shape: tuple[int, ...]) -> spaces.Box:
    return spaces.Box(0, 255, shape, np.uint8)
