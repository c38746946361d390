"""All games, by id. A game file becomes known by its line in `GAMES`."""

from __future__ import annotations

import difflib
from typing import Any

from quarterup.games.game import Game
from quarterup.games.mario_bros import MarioBros
from quarterup.games.space_invaders import SpaceInvaders

GAMES: dict[str, type[Game[Any]]] = {game.id: game for game in (SpaceInvaders, MarioBros)}


class UnknownGame(ValueError):
    """No game has this name."""


def find_game(name: str) -> Game[Any]:
    """The game called `name`: its id, or MAME's name of its machine. Raises UnknownGame with the nearest names."""
    for game in GAMES.values():
        if name in (game.id, game.machine, game.env_name):
            return game()
    nearest = difflib.get_close_matches(name, GAMES, n=3, cutoff=0.3) or list(GAMES)
    raise UnknownGame(f"there is no game '{name}'. Did you mean {', '.join(nearest)}? `quarterup games` lists all.")


def all_games() -> list[Game[Any]]:
    return [game() for game in GAMES.values()]
