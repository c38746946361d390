"""What `quarterup train GAME` begins with: the best settings known for the game, or a preset of an algorithm.

Every flag can say otherwise.
"""

from __future__ import annotations

import dataclasses

from quarterup.agents.presets import ALGORITHMS, Preset, find_preset
from quarterup.agents.rainbow_settings import RainbowSettings
from quarterup.agents.schedules import Linear
from quarterup.envs.settings import EnvSettings
from quarterup.games import UnknownGame, family_of, find_game
from quarterup.training.errors import SettingsError
from quarterup.training.loading import kind_of_agent
from quarterup.training.settings import TrainSettings

_PLAIN = RainbowSettings(
    dueling=False,
    noisy=False,
    prioritized=False,
    values="mean",
    reward_scale=0.01,
    value_rescaling=False,
    hidden_sizes=(256,),
    head_size=256,
    batch_size=128,
    learning_rate=3e-4,
    adam_epsilon=1e-8,
    average_updates=1_000,
    replay_capacity=1_000_000,
    epsilon=Linear(1.0, 0.01, 50_000),
)
"""Of Rainbow's parts only double Q-learning and n-step returns, with the average of the weights playing, which does not
go up and down as they do. Points are scaled so that the Huber loss squares nearly all errors and learns means: in its
linear part it learns medians, for which a rare death does not count."""

PRESETS = {
    "space_invaders": TrainSettings(
        game="space_invaders",
        agent="rainbow",
        envs=4,
        replay_ratio=1 / 16,
        env=EnvSettings(obs="features", sticky=0.25, life_loss_ends_episode=True),
        agent_settings=dataclasses.replace(_PLAIN, n_step=3, target_every=100, mirror_images=True),
    ),
    "mario_bros": TrainSettings(
        game="mario_bros",
        agent="rainbow",
        steps=700_000,
        envs=4,
        replay_ratio=1 / 8,
        env=EnvSettings(obs="features", sticky=0.25, life_loss_ends_episode=True),
        agent_settings=dataclasses.replace(
            _PLAIN, n_step=5, target_every=200, learning_starts=5_000, epsilon=Linear(1.0, 0.02, 80_000)
        ),
    ),
    "nekketsu_soccer": TrainSettings(
        game="nekketsu_soccer",
        agent="rainbow",
        envs=2,
        replay_ratio=1 / 4,
        env=EnvSettings(obs="features", sticky=0.25),
        agent_settings=RainbowSettings(
            n_step=5,
            gamma=0.98,
            reward_scale=1.0,
            value_rescaling=False,
            v_min=-3.0,
            v_max=3.0,
            head_size=256,
            replay_capacity=100_000,
        ),
    ),
}
"""Space Invaders: sticky actions, because without them the machine repeats its games, and an agent could learn them by
heart. An update for every 16 steps keeps learner and emulators busy on two cores, and learns faster than more updates
do. What counts is that target networks follow soon, so that what is known of the end of a shot's way reaches its
beginning. No expert: shown how the rule-based player plays, the agent scores more at first and less when left to itself
(docs/decisions.md).

Mario Bros.: the same, but for longer returns, targets that follow later, and twice the updates. No expert here either:
what it teaches cannot be seen in three seeds after 700,000 steps (docs/games/mario_bros.md).

Nekketsu Soccer: sticky actions for the same reason. Its rewards are single goals, which the usual atoms, up to hundreds
of points apart, cannot tell from none. A kick takes some 45 steps, so a discount of 0.98 sees one and a little of the
next."""


FAMILY_PRESETS = {
    "atari": TrainSettings(
        game="",
        agent="rainbow",
        envs=8,
        replay_ratio=1 / 4,
        env=EnvSettings(obs="pixels", sticky=0.25, max_two_frames=True),
        agent_settings=dataclasses.replace(
            ALGORITHMS["rainbow"].settings,
            replay_capacity=200_000,
            learning_starts=5_000,
            beta=Linear(0.4, 1.0, 2_000_000),
        ),
    ),
}
FAMILY_PRESETS["retro"] = dataclasses.replace(FAMILY_PRESETS["atari"], envs=4)
"""What the games of a family begin with. Atari: Rainbow from pixels with the settings of its paper, but for a replay
that fits a laptop (1.5 GB), and learning that begins accordingly. Sticky actions as Machado et al. (2018) have them.
The same for stable-retro's integrations, in fewer environments, because each is a process."""


PIXEL_ENVS = 8
"""Environments where an algorithm learns from pictures: so many are hardly dearer than one to choose actions for."""

CLONED_AT_FIRST = Linear(0.1, 0.0, 25_000)
"""Weight of cloning where there are demonstrations: they help to begin, and then its own rewards teach better."""


def settings_for(game: str, agent: str | None = None, preset: str | None = None) -> TrainSettings:
    """What to train `game` with.

    Args:
        game: the game's own best settings are what all begins with, if there are any.
        agent: another agent than that of the game's settings gets its own defaults. None: no other.
        preset: a name of `quarterup.agents.presets`. An algorithm takes the place of the agent, its settings and the
            replay ratio, and one that is made for pictures shows the game so; a size only changes sizes.

    Raises SettingsError if there is no such agent or preset, or `preset` is of another agent than `agent`.
    """
    settings = _settings_of_game(game)
    chosen = _find_preset(preset) if preset else Preset(None, None)
    algorithm = chosen.algorithm
    if algorithm is not None:
        if agent not in (None, algorithm.agent):
            raise SettingsError(f"The preset {preset} is one of the agent {algorithm.agent}, not of {agent}.")
        settings = dataclasses.replace(
            settings,
            agent=algorithm.agent,
            agent_settings=algorithm.settings,
            replay_ratio=algorithm.replay_ratio,
        )
        if algorithm.picture_size is not None:
            env = dataclasses.replace(
                settings.env, obs="pixels", picture_size=algorithm.picture_size, max_two_frames=True
            )
            settings = dataclasses.replace(settings, env=env, envs=PIXEL_ENVS)
    elif agent not in (None, settings.agent):
        settings = dataclasses.replace(settings, agent=agent, agent_settings=kind_of_agent(agent).settings())
    if chosen.size is not None:
        settings = dataclasses.replace(settings, agent_settings=chosen.size.resize(settings.agent_settings))
    return settings


def has_settings(game: str) -> bool:
    """Whether best settings are known for the game of that id."""
    return game in PRESETS or family_of(game) is not None


def with_demonstrations(settings: TrainSettings) -> TrainSettings:
    """To begin with demonstrations: they are cloned at first, unless the settings know better."""
    agent = settings.agent_settings
    if not isinstance(agent, RainbowSettings) or agent.cloning_weight != 0:
        return settings
    return dataclasses.replace(settings, agent_settings=dataclasses.replace(agent, cloning_weight=CLONED_AT_FIRST))


def _settings_of_game(game: str) -> TrainSettings:
    """The best known ones, or the defaults of all games."""
    try:
        game_id = find_game(game).id
    except UnknownGame:
        game_id = game
    family = family_of(game_id)
    preset = PRESETS.get(game_id) or (FAMILY_PRESETS.get(family.id) if family else None)
    if preset is not None:
        return dataclasses.replace(preset, game=game)
    env = EnvSettings(obs=family.default_obs) if family else EnvSettings()
    return TrainSettings(game=game, env=env, agent_settings=kind_of_agent(TrainSettings.agent).settings())


def _find_preset(name: str) -> Preset:
    try:
        return find_preset(name)
    except ValueError as error:
        raise SettingsError(str(error)) from None
