"""Games: one file a game, or a folder where a file would be long.

`find_game("space_invaders")` gives one, `all_games()` all that have a file of their own, `FAMILIES` those that share
one.
"""

from quarterup.games.game import Action, Expert, Family, Feature, Game, Outcome, StartError
from quarterup.games.registry import FAMILIES, UnknownGame, all_games, family_of, find_game

__all__ = [
    "FAMILIES",
    "Action",
    "Expert",
    "Family",
    "Feature",
    "Game",
    "Outcome",
    "StartError",
    "UnknownGame",
    "all_games",
    "family_of",
    "find_game",
]
