"""All games, by id. A game file becomes known by its line in `GAMES`, one for many games by that in `FAMILIES`."""

from __future__ import annotations

import difflib
from typing import Any

from quarterup.games.atari import AtariFamily
from quarterup.games.game import Family, Game
from quarterup.games.mario_bros import MarioBros
from quarterup.games.nekketsu_soccer import NekketsuSoccer
from quarterup.games.retro import RetroFamily
from quarterup.games.space_invaders import SpaceInvaders

GAMES: dict[str, type[Game[Any]]] = {game.id: game for game in (SpaceInvaders, MarioBros, NekketsuSoccer)}
FAMILIES: dict[str, Family] = {family.id: family for family in (AtariFamily(), RetroFamily())}


class UnknownGame(ValueError):
    """No game has this name."""


def find_game(name: str) -> Game[Any]:
    """The game called `name`: its id, its `env_name`, or MAME's name of its machine.

    Raises UnknownGame with the nearest names.
    """
    for game in GAMES.values():
        if name in (game.id, game.machine, game.env_name):
            return game()
    for family in FAMILIES.values():
        for game_id, env_name in family.names().items():
            if name in (game_id, env_name):
                return family.game(game_id)
    known = [*GAMES, *(game_id for family in FAMILIES.values() for game_id in family.names())]
    nearest = difflib.get_close_matches(name, known, n=3, cutoff=0.3) or list(GAMES)
    raise UnknownGame(f"there is no game '{name}'. Did you mean {', '.join(nearest)}? `quarterup games` lists all.")


def family_of(game_id: str) -> Family | None:
    """The family that a game is of, if it is of one."""
    return next((family for family in FAMILIES.values() if game_id in family.names()), None)


def all_games() -> list[Game[Any]]:
    """Those with a file of their own."""
    return [game() for game in GAMES.values()]
