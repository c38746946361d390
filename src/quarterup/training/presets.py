"""The best settings known for each game. `quarterup train GAME` begins with them; every flag can say otherwise."""

from __future__ import annotations

import dataclasses

from quarterup.agents.rainbow import RainbowSettings
from quarterup.envs.settings import EnvSettings
from quarterup.games import UnknownGame, find_game
from quarterup.training.loading import kind_of_agent
from quarterup.training.settings import TrainSettings

PRESETS = {
    "space_invaders": TrainSettings(
        game="space_invaders",
        agent="rainbow",
        envs=4,
        replay_ratio=0.125,
        env=EnvSettings(obs="features", sticky=0.25, life_loss_ends_episode=True),
        agent_settings=RainbowSettings(
            n_step=5,
            value_rescaling=False,
            v_min=-10.0,
            v_max=400.0,
            hidden_sizes=(256, 256),
            head_size=256,
            batch_size=128,
            learning_rate=3e-4,
            target_every=1_000,
            replay_capacity=1_000_000,
        ),
    ),
}
"""Space Invaders: sticky actions, because without them the machine repeats its games, and an agent could learn them by
heart. A return is at most some hundred points within the discount's reach, so the atoms lie there. No expert: shown how
the rule-based player plays, the agent scores more at first and less when left to itself (docs/decisions.md)."""


def settings_for(game: str, agent: str = TrainSettings.agent) -> TrainSettings:
    """What to train `game` with: its preset, and for another agent than the preset's that agent's own defaults."""
    try:
        preset = PRESETS.get(find_game(game).id)
    except UnknownGame:
        preset = None
    if preset is None:
        return TrainSettings(game=game, agent=agent, agent_settings=kind_of_agent(agent).settings())
    if agent != preset.agent:
        preset = dataclasses.replace(preset, agent=agent, agent_settings=kind_of_agent(agent).settings())
    return dataclasses.replace(preset, game=game)
