"""The settings of Rainbow, and of all its kind up to Beyond The Rainbow: see `rainbow` for the papers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from quarterup.agents.networks.trunks import PixelTrunk
from quarterup.agents.schedules import Linear, Schedule, check_range, highest


@dataclass(frozen=True)
class RainbowSettings:
    """Settings of Rainbow. An env step is one decision in one environment; an update is one gradient step.

    Those that are a schedule may change with the env steps: see `quarterup.agents.schedules`.
    """

    double: bool = True
    """Let the online network choose the next action and the target network value it. Off: the target network does
    both, and values are overestimated. Unused with `munchausen`."""
    dueling: bool = True
    """Separate streams for the value of a state and the advantages of the actions. Off: one stream."""
    noisy: bool = True
    """Explore by learned noise in the weights. Off: by `epsilon` alone."""
    prioritized: bool = True
    """Replay surprising transitions more often. Off: all alike."""
    values: Literal["c51", "iqn", "mean"] = "c51"
    """What is learned of the returns: `c51` their distribution over `atoms`, `iqn` their quantiles at random `taus`,
    which need no bounds, `mean` nothing but their mean, the fastest."""
    loss: Literal["huber", "squares"] = "huber"
    """How errors of the mean count: `huber` large ones in proportion, `squares` by their square, averaged over all
    actions, as Keras has it, of which only the one taken has any. Only for mean."""
    munchausen: bool = False
    """Learn the values of a soft policy, and reward being sure of an action: steadies fine control. Only for iqn and
    mean."""
    n_step: int = 3
    """Rewards summed before the target bootstraps. Higher carries rewards back faster, lower is less biased by old
    behaviour and less noisy."""
    gamma: float = 0.99
    """Discount of one env step. Higher looks further ahead, lower learns faster and values near rewards."""

    clip_rewards: bool = False
    """Learn from rewards clipped to -1..1, as most published agents do; "points" below then are clipped ones. Off: from
    the points themselves."""
    reward_scale: float = 0.1
    """Points are multiplied by this before anything else. Higher brings small rewards out of the linear range of
    `value_rescaling`, lower keeps very large scores in it."""
    value_rescaling: bool = True
    """Learn values on a square-root scale, so that rewards of ten and of thousands fit one network. Off: linear."""
    v_min: float = -100.0
    """Smallest discounted return that the distribution can hold, in points. Lower makes room for larger losses,
    higher gives finer atoms. Only for c51."""
    v_max: float = 2000.0
    """Largest discounted return that the distribution can hold, in points. Higher makes room for larger scores, lower
    gives finer atoms. Watch the metric `beyond_support`. Only for c51."""
    atoms: int = 51
    """Points of the distribution. Higher is finer and slower. Only for c51."""
    taus: int = 8
    """Quantiles drawn for each observation. Higher is steadier and slower. Only for iqn."""

    hidden_sizes: tuple[int, ...] = (128, 128)
    """Layers of the network under the head, for vector observations. More and larger layers learn harder games, fewer
    and smaller ones are faster."""
    layer_norm: bool = False
    """Normalise each of these layers: steadier with many updates, a little slower."""
    pixel_trunk: PixelTrunk = "nature"
    """Convolutions under the head, for pixels: `nature` is the usual one, `small` is faster and enough for pictures of
    half the usual size, `impala` a residual network that learns much more and takes many times as long, `keras2018`
    that of one earlier agent (docs/agents/keras2018.md)."""
    impala_width: int = 2
    """Multiplies the channels of `impala`. Higher learns more and is slower, by its square."""
    spectral_norm: bool = False
    """Keep the residual convolutions of `impala` from growing: steadier, a little slower."""
    head_size: int = 128
    """Hidden units in each stream of the head. Higher learns more, lower is faster."""

    batch_size: int = 64
    """Transitions in an update. Higher gives steadier gradients, lower gives more updates a second."""
    learning_rate: Schedule = 2.5e-4
    """Step size of Adam; a schedule. Higher learns faster until it becomes unstable, lower is safer."""
    adam_epsilon: float = 1.5e-4
    """Added to Adam's denominator. Higher takes smaller steps where gradients are small, lower larger ones."""
    max_gradient_norm: float = 10.0
    """Gradients above this norm are scaled down to it. Higher lets outliers through, lower slows learning."""
    target_every: int = 500
    """Updates between copies of the online to the target network. Higher is steadier, lower follows faster."""
    average_updates: int = 0
    """Play by the average of the weights after about so many of the last updates, instead of the newest. Higher plays
    more steadily, lower follows what is learned sooner. 0 plays by the newest."""

    replay_capacity: int = 200_000
    """Transitions kept. Higher forgets less and takes more memory, lower keeps to recent behaviour."""
    learning_starts: int = 2_000
    """Env steps of random actions before the first update. Higher starts from more varied data, lower starts
    sooner."""
    priority_exponent: Schedule = 0.5
    """0 replays all transitions alike, 1 in proportion to their error; a schedule. Unused without `prioritized`."""
    beta: Schedule = Linear(0.4, 1.0, 1_000_000)
    """Correction for uneven replay, 0 none, 1 full; a schedule. Lower learns faster and is more biased."""
    replay_dtype: Literal["as_given", "float16", "float32"] = "as_given"
    """What vector observations are kept as. float16 takes half the memory of float32, rounds to three digits, and
    holds numbers up to 65504. Pixels must be kept as given."""
    death_boost_steps: int = 0
    """Last steps before a termination that are replayed more often at first. Higher reaches further back, 0 is off."""
    death_boost: float = 2.0
    """Factor of their priorities. Higher looks harder at what led to the death. Unused with 0 `death_boost_steps`."""

    mirror_images: bool = False
    """Learn half of all transitions as their mirror images, in games whose features have one: more from
    each step where both sides are alike. Off: as they were."""

    epsilon: Schedule = 0.0
    """Chance of a random action, on top of any noise; a schedule. Higher explores more."""

    cloning_weight: Schedule = 0.0
    """Weight of the loss that clones the expert's actions; a schedule. Higher keeps closer to the expert, 0 learns from
    its rewards alone."""
    cloning_margin: float = 0.1
    """By how much the expert's action should lead, in rescaled value. Higher copies the expert against stronger
    evidence from rewards, lower only breaks ties."""

    amp: bool = False
    """Learn with forward and backward passes in bfloat16; weights, losses and the optimizer stay float32. On GPUs that
    pays for large networks such as `impala`, and slows small ones. Values lose precision beyond three digits. Acting
    does not change."""

    metrics_every: int = 100
    """Updates between metrics. Higher costs less time, lower shows more."""

    def __post_init__(self) -> None:
        if not self.v_min < self.v_max or self.atoms < 2:
            raise ValueError(
                f"A distribution needs v_min below v_max and 2 atoms or more, got {self.v_min}, {self.v_max}"
                f" and {self.atoms}."
            )
        if not self.reward_scale > 0:
            raise ValueError(f"reward_scale must be above 0, got {self.reward_scale}.")
        if self.average_updates < 0:
            raise ValueError(f"average_updates must be 0 or more, got {self.average_updates}.")
        if self.taus < 1 or self.impala_width < 1:
            raise ValueError(f"taus and impala_width must be 1 or more, got {self.taus} and {self.impala_width}.")
        if self.munchausen and self.values == "c51":
            raise ValueError("munchausen is there for values iqn and mean, not for c51.")
        if self.loss == "squares" and self.values != "mean":
            raise ValueError(f"loss squares is there for values mean, not for {self.values}.")
        check_range("learning_rate", self.learning_rate, 0)
        check_range("priority_exponent", self.priority_exponent, 0)
        check_range("cloning_weight", self.cloning_weight, 0)
        check_range("beta", self.beta, 0, 1)
        check_range("epsilon", self.epsilon, 0, 1)
        if not self.noisy and highest(self.epsilon) == 0:
            raise ValueError(
                "Without noisy only epsilon explores, and it is 0. Set it, to linear(1, 0.01, 50_000) for one."
            )
        if self.learning_starts > self.replay_capacity:
            raise ValueError(
                f"learning_starts {self.learning_starts} is never reached with a replay_capacity of"
                f" {self.replay_capacity}."
            )
