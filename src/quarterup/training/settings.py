"""Settings of a run: what `quarterup train` takes as flags, and what `config.json` keeps."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import tyro

from quarterup.agents.schedules import (
    Changing,
    Schedule,
    check_range,
    schedule_from_json,
    schedule_json,
)
from quarterup.emulators.processors import usable_processors
from quarterup.envs.settings import MIN_PICTURE_SIZE, EnvSettings
from quarterup.training.errors import SettingsError

MAX_THREADS = 4
"""More threads than this do not make updates of networks of this size faster."""


@dataclass(frozen=True)
class TrainSettings:
    """Train an agent on a game, or go on with a run that was interrupted.

    A step is one decision of the agent, a frame one picture of the machine. All steps are counted over all
    environments together. A SCHEDULE changes with the steps: "linear(start, end, steps)", "cosine(start, end, steps,
    warmup=0, restarts=0)", "pulses(low, high, every, length)", "bent(start, middle, end, middle_at, steps)" or
    "inverse(start, halved_at)"; a NUMBER is always the same.
    """

    game: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="GAME")]
    """Which game: `quarterup games` lists them."""
    agent: str = "rainbow"
    """Which algorithm learns."""
    steps: int = 200_000
    """Env steps until the run is finished."""
    seed: int = 1
    """The same seed and settings give the same run, on the same machine's CPU."""
    envs: int = 2
    """Emulators that play at once. As many as there are CPU cores is a good choice."""
    run: Path | None = None
    """The run folder. Left out: a new one, runs/GAME-AGENT-NUMBER."""
    resume: bool = False
    """Go on with the run in --run, from its last checkpoint and with its settings."""
    mode: Literal["auto", "sync", "async"] = "auto"
    """`sync` learns in between steps: the same seed gives the same run. `async` learns beside them, in a process of its
    own: more steps and updates in the same time, and no two runs quite the same. `auto` is async where that is faster:
    with two processors or more, and an agent with a replay."""
    replay_ratio: float = 0.25
    """Updates for each env step. Higher learns more from each step, lower plays more in the same time. Unused by
    agents without a replay: pqn has its own epochs."""
    expert_ratio: Schedule = 0.0
    """Chance that the game's rule-based player chooses the action; a schedule, such as "linear(0.5, 0, 100_000)".
    Higher shows more of good play, lower more of the agent's own."""
    demos: tuple[Path, ...] = ()
    """Games to learn from before and beside its own: traces, or folders of them, such as what `quarterup play --page`
    keeps. They are put into the replay, and cloned as far as the agent's cloning weight says."""
    save_every_s: float = 120.0
    """Seconds between checkpoints. Lower loses less when the machine goes down, higher writes less."""
    save_every_steps: int = 50_000
    """Env steps between checkpoints; whichever of the two comes first."""
    eval_episodes: int = 30
    """Episodes that the trained agent plays at the end, without exploration. 0 plays none."""
    videos: int = 3
    """Best games that are kept, each with a video: see `quarterup record`. 0 keeps none."""
    device: str = "auto"
    """Where the network is: `cpu`, `cuda`, or `auto` for the GPU if there is one."""
    threads: int = 0
    """CPU threads for the network. 0 leaves a core to each emulator as far as there are cores enough."""
    json: bool = False
    """Print the report as one JSON object, on the last line of stdout."""
    env: Annotated[EnvSettings, tyro.conf.arg(name="")] = field(default_factory=EnvSettings)
    agent_settings: Annotated[object, tyro.conf.arg(name="agent")] = None
    """The settings dataclass of the chosen algorithm, or None for its defaults."""


FREE_AT_RESUME = frozenset(
    {
        "steps",
        "run",
        "resume",
        "demos",
        "mode",
        "save_every_s",
        "save_every_steps",
        "eval_episodes",
        "videos",
        "device",
        "threads",
        "json",
        "env.roms",
    }
)
"""What may be another value when a run goes on: it changes how the work is done, not what is learned."""


def check_settings(settings: TrainSettings) -> None:
    """Raise SettingsError for the first value that cannot work."""
    rules = [
        (settings.steps > 0, f"--steps must be above 0, not {settings.steps}."),
        (settings.envs > 0, f"--envs must be above 0, not {settings.envs}."),
        (settings.seed >= 0, f"--seed must not be negative, got {settings.seed}."),
        (settings.replay_ratio >= 0, f"--replay-ratio must not be negative, got {settings.replay_ratio}."),
        (settings.save_every_s > 0, f"--save-every-s must be above 0, not {settings.save_every_s}."),
        (
            settings.save_every_steps > 0,
            f"--save-every-steps must be above 0, not {settings.save_every_steps}.",
        ),
        (settings.eval_episodes >= 0, f"--eval-episodes must not be negative, got {settings.eval_episodes}."),
        (settings.videos >= 0, f"--videos must not be negative, got {settings.videos}."),
        (settings.threads >= 0, f"--threads must not be negative, got {settings.threads}."),
        (settings.env.frame_skip > 0, f"--frame-skip must be above 0, not {settings.env.frame_skip}."),
        (0 <= settings.env.sticky <= 1, f"--sticky is a chance from 0 to 1, not {settings.env.sticky}."),
        (settings.env.noop_max >= 0, f"--noop-max must not be negative, got {settings.env.noop_max}."),
        (settings.env.stack > 0, f"--stack must be above 0, not {settings.env.stack}."),
        (
            settings.env.picture_size >= MIN_PICTURE_SIZE,
            f"--picture-size must be {MIN_PICTURE_SIZE} or more, not {settings.env.picture_size}.",
        ),
        (
            settings.env.frame_skip > 1 or not settings.env.max_two_frames,
            "--max-two-frames needs a --frame-skip of 2 or more: a step of one frame has no last two.",
        ),
    ]
    for holds, message in rules:
        if not holds:
            raise SettingsError(message)
    try:
        check_range("--expert-ratio", settings.expert_ratio, 0, 1)
    except ValueError as error:
        raise SettingsError(str(error)) from None


def learns_beside(settings: TrainSettings, *, replays: bool) -> bool:
    """Whether updates are done in a process of their own; `replays` says whether the agent has a replay.

    One without spends so little time on its updates that the emulators would miss the learner's processor more.
    """
    return settings.mode == "async" or (settings.mode == "auto" and replays and len(usable_processors()) > 1)


def learner_threads(settings: TrainSettings) -> int:
    """Threads for torch: as told, else the cores that the emulators leave."""
    if settings.threads:
        return settings.threads
    return max(1, min(MAX_THREADS, len(usable_processors()) - settings.envs))


@dataclass(frozen=True)
class Division:
    """Who works where. It holds for a session: within one the emulators' process may use fewer processors."""

    beside: bool
    """See `learns_beside`."""
    threads: int
    """See `learner_threads`."""
    env_processors: list[int] | None = None
    """Those that the trainer and its emulators keep to; None is any."""
    learner_processors: list[int] | None = None
    """Those of a learner beside them."""


def divide_work(settings: TrainSettings, *, replays: bool) -> Division:
    """Each thread of a learner beside gets a processor of its own, so that nobody waits for one that others hold."""
    usable, threads = usable_processors(), learner_threads(settings)
    beside = learns_beside(settings, replays=replays)
    if not beside or len(usable) <= threads:
        return Division(beside, threads)
    return Division(beside, threads, usable[:-threads], usable[-threads:])


def to_json(settings: TrainSettings) -> dict[str, Any]:
    """As `config.json` keeps it: every field by name, nested like the dataclasses; schedules as their text."""
    values: dict[str, Any] = _plain(settings)
    return values


def from_json(values: Mapping[str, Any], agent_settings: type[Any]) -> TrainSettings:
    """The settings that `to_json` wrote; `agent_settings` is the dataclass of the run's algorithm.

    Raises SettingsError if they were written by a version with other settings.
    """
    try:
        return TrainSettings(
            **{
                **_fields(values, TrainSettings),
                "run": Path(values["run"]) if values["run"] else None,
                "demos": tuple(map(Path, values.get("demos", ()))),
                "env": EnvSettings(**{**values["env"], "roms": tuple(map(Path, values["env"]["roms"]))}),
                "agent_settings": agent_settings(**_fields(values["agent_settings"], agent_settings)),
            }
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SettingsError(f"The run's settings are from another version of quarterup ({error}).") from error


def differences(recorded: TrainSettings, wanted: TrainSettings) -> list[str]:
    """The settings in which two runs differ and that may not change at a resume, each as one line."""
    before, now = flattened(to_json(recorded)), flattened(to_json(wanted))
    return [
        f"{name}: {before.get(name)} in the run, {now.get(name)} now"
        for name in dict.fromkeys([*before, *now])
        if name not in FREE_AT_RESUME and before.get(name) != now.get(name)
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, Changing):
        return schedule_json(value)
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def schedule_names(kind: type[Any]) -> list[str]:
    """The fields of a dataclass of settings that are schedules, in its order."""
    hints = get_type_hints(kind, include_extras=True)
    return [field.name for field in dataclasses.fields(kind) if hints[field.name] == Schedule]


def _fields(values: Mapping[str, Any], kind: type[Any]) -> dict[str, Any]:
    """The fields of a `kind` from what `_plain` made of them, except for dataclasses in them."""
    schedules = schedule_names(kind)
    return {name: schedule_from_json(value) if name in schedules else _tuples(value) for name, value in values.items()}


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def flattened(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings as one level of names, such as `env.sticky`."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= flattened(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return flat
