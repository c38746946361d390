"""Settings by name: algorithms as they were published, and sizes for the machine at hand. `find_preset` takes both."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from quarterup.agents.pqn import PQNSettings
from quarterup.agents.rainbow_settings import RainbowSettings
from quarterup.agents.schedules import Bent, Inverse, Linear


@dataclass(frozen=True)
class Algorithm:
    """An algorithm with the settings that it was published with."""

    summary: str
    """One line, for people."""
    agent: str
    """As `quarterup.agents.registry` calls it."""
    settings: Any
    """Of that agent."""
    replay_ratio: float
    """Updates for each env step."""
    picture_size: int | None = None
    """Height and width of the pictures that it is made for. None: it learns from whatever the game is shown as."""


@dataclass(frozen=True)
class Size:
    """How large networks, batches and replay are; every field takes the place of the agent's own of that name."""

    summary: str
    """One line, for people."""
    hidden_sizes: tuple[int, ...]
    head_size: int
    impala_width: int
    batch_size: int
    replay_capacity: int
    learning_starts: int

    def resize(self, settings: Any) -> Any:
        """The settings of any agent, in this size as far as it has such settings."""
        names = {field.name for field in dataclasses.fields(settings)}
        return dataclasses.replace(settings, **{name: value for name, value in vars(self).items() if name in names})


@dataclass(frozen=True)
class Preset:
    """What a name stands for: an algorithm, a size, or both."""

    algorithm: Algorithm | None
    size: Size | None


_DQN = RainbowSettings(
    double=False,
    dueling=False,
    noisy=False,
    prioritized=False,
    values="mean",
    n_step=1,
    clip_rewards=True,
    reward_scale=1.0,
    value_rescaling=False,
    hidden_sizes=(256, 256),
    head_size=512,
    batch_size=32,
    learning_rate=6.25e-5,
    adam_epsilon=1.5e-4,
    target_every=2_000,
    replay_capacity=1_000_000,
    learning_starts=20_000,
    epsilon=Linear(1.0, 0.01, 250_000),
)
"""Mnih et al., 2015, with Adam and the settings of Dopamine (Castro et al., 2018, https://arxiv.org/abs/1812.06110),
whose curves are the usual reference. Its 8,000 steps between target networks are 2,000 updates."""

_RAINBOW = RainbowSettings(
    n_step=3,
    clip_rewards=True,
    reward_scale=1.0,
    value_rescaling=False,
    v_min=-10.0,
    v_max=10.0,
    hidden_sizes=(256, 256),
    head_size=512,
    batch_size=32,
    learning_rate=6.25e-5,
    adam_epsilon=1.5e-4,
    target_every=2_000,
    replay_capacity=1_000_000,
    learning_starts=20_000,
    beta=Linear(0.4, 1.0, 50_000_000),
)
"""Hessel et al., 2018, https://arxiv.org/abs/1710.02298, table 1. In frames there: learning
starts at 80,000, target networks are 32,000 apart, beta rises over 200 million."""

_BTR = RainbowSettings(
    double=False,
    values="iqn",
    munchausen=True,
    n_step=3,
    gamma=0.997,
    clip_rewards=True,
    reward_scale=1.0,
    value_rescaling=False,
    taus=8,
    hidden_sizes=(512, 512),
    layer_norm=True,
    head_size=512,
    pixel_trunk="impala",
    impala_width=2,
    spectral_norm=True,
    batch_size=256,
    learning_rate=1e-4,
    adam_epsilon=0.005 / 256,
    target_every=500,
    replay_capacity=2**20,
    learning_starts=200_000,
    priority_exponent=0.2,
    beta=0.2,
    epsilon=Linear(1.0, 0.01, 2_000_000, off_at=25_000_000),
)
"""Clark et al., 2024, "Beyond The Rainbow", https://arxiv.org/abs/2411.03820. Where paper and published code
differ, docs/agents/rainbow.md says which is followed. 8 and 100 million frames are 2 and 25 million steps here."""

_KERAS2018 = RainbowSettings(
    double=False,
    dueling=False,
    noisy=False,
    prioritized=False,
    values="mean",
    loss="squares",
    n_step=1,
    gamma=0.99,
    clip_rewards=False,
    reward_scale=1.0,
    value_rescaling=False,
    hidden_sizes=(128,),
    head_size=128,
    pixel_trunk="keras2018",
    batch_size=4,
    learning_rate=Inverse(1e-4, 4_000_000),
    adam_epsilon=1e-4,
    max_gradient_norm=10.0,
    target_every=2,
    replay_capacity=10_000,
    learning_starts=20,
    epsilon=Bent(1.0, 0.1, 0.01, 100_000, 5_000_000),
)
"""Naereen, 2018, https://github.com/Naereen/gym-nes-mario-bros, src/run-mario.py, called double there though it isn't.
docs/agents/keras2018.md says what could not be as it was."""

_PIXELS = PQNSettings(
    clip_rewards=True,
    reward_scale=1.0,
    hidden_sizes=(256,),
    pixel_trunk="small",
)
"""What learns most from pictures in an hour of two processors: many cheap steps rather than few dear updates."""

ALGORITHMS = {
    "dqn": Algorithm("plain deep Q-learning: none of Rainbow's parts", "rainbow", _DQN, replay_ratio=1 / 4),
    "rainbow": Algorithm("Rainbow, with the settings of its paper", "rainbow", _RAINBOW, replay_ratio=1 / 4),
    "btr": Algorithm("Beyond The Rainbow, made for pixels and a GPU", "rainbow", _BTR, replay_ratio=1 / 64),
    "keras2018": Algorithm(
        "a Keras agent of 2018 that failed at Mario Bros.", "rainbow", _KERAS2018, replay_ratio=1 / 4
    ),
    "pixels": Algorithm(
        "PQN from small pictures, for processors without a GPU", "pqn", _PIXELS, replay_ratio=1 / 4, picture_size=42
    ),
}

SIZES = {
    "tiny": Size("to try something out, on any machine", (64, 64), 64, 1, 32, 50_000, 1_000),
    "laptop": Size("some cores, 8 GB of memory, no GPU", (256, 256), 256, 1, 64, 200_000, 5_000),
    "desktop": Size("a GPU and 16 GB of memory", (512, 512), 512, 2, 256, 1_000_000, 20_000),
}


def find_preset(name: str) -> Preset:
    """The preset of that name: an algorithm, a size, or one of each with a plus between, as in `btr+laptop`.

    Raises ValueError, with the names there are, if there is none.
    """
    names = name.split("+")
    algorithms = [part for part in names if part in ALGORITHMS]
    sizes = [part for part in names if part in SIZES]
    if len(algorithms) > 1 or len(sizes) > 1 or len(algorithms) + len(sizes) < len(names):
        raise ValueError(
            f"There is no preset {name!r}. There are the algorithms {', '.join(ALGORITHMS)}, the sizes"
            f" {', '.join(SIZES)}, and one of each together, such as btr+laptop."
        )
    return Preset(ALGORITHMS[algorithms[0]] if algorithms else None, SIZES[sizes[0]] if sizes else None)
