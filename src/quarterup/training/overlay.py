"""A line of text below a game's picture: its score, level and step. Nothing of the game is hidden."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quarterup.training.playback import GameFrame

INK, PAPER = 200, 24
"""Gray, so that the line is not taken for a part of the game."""
MARGIN = 2
_LETTERS = {
    "0": ".###. #...# #..## #.#.# ##..# #...# .###.",
    "1": "..#.. .##.. ..#.. ..#.. ..#.. ..#.. .###.",
    "2": ".###. #...# ....# ...#. ..#.. .#... #####",
    "3": ".###. #...# ....# ..##. ....# #...# .###.",
    "4": "...#. ..##. .#.#. #..#. ##### ...#. ...#.",
    "5": "##### #.... ####. ....# ....# #...# .###.",
    "6": ".###. #.... #.... ####. #...# #...# .###.",
    "7": "##### ....# ...#. ...#. ..#.. ..#.. ..#..",
    "8": ".###. #...# #...# .###. #...# #...# .###.",
    "9": ".###. #...# #...# .#### ....# ....# .###.",
    "C": ".###. #...# #.... #.... #.... #...# .###.",
    "E": "##### #.... #.... ####. #.... #.... #####",
    "L": "#.... #.... #.... #.... #.... #.... #####",
    "O": ".###. #...# #...# #...# #...# #...# .###.",
    "P": "####. #...# #...# ####. #.... #.... #....",
    "R": "####. #...# #...# ####. #.#.. #..#. #...#",
    "S": ".#### #.... #.... .###. ....# ....# ####.",
    "T": "##### ..#.. ..#.. ..#.. ..#.. ..#.. ..#..",
    "V": "#...# #...# #...# #...# #...# .#.#. ..#..",
    "-": "..... ..... ..... .###. ..... ..... .....",
    " ": "..... ..... ..... ..... ..... ..... .....",
}
_GLYPHS = {
    letter: np.array([[dot == "#" for dot in row] + [False] for row in rows.split()])
    for letter, rows in _LETTERS.items()
}
"""Shape (7, 6): the last column keeps letters apart."""
LINE_HEIGHT = 7 + 2 * MARGIN


def with_overlay(frame: GameFrame) -> NDArray[np.uint8]:
    """The picture of `frame` with the line below it, shape (H + LINE_HEIGHT, W, 3)."""
    picture = frame.screen
    assert picture is not None
    line = np.full((LINE_HEIGHT, picture.shape[1], 3), PAPER, np.uint8)
    text = _written(f"SCORE {frame.score:.0f}  LEVEL {frame.level}  STEP {frame.step}")
    room = line[MARGIN : MARGIN + text.shape[0], 2 * MARGIN :]
    text = text[:, : room.shape[1]]
    room[:, : text.shape[1]][text] = INK
    return np.concatenate([picture, line])


def _written(text: str) -> NDArray[np.bool_]:
    """Shape (7, 6 * letters)."""
    return np.concatenate([_GLYPHS[letter] for letter in text], axis=1)
