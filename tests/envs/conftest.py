"""Environments on the real machine, with the stand-in game that comes with quarterup."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psutil
import pytest

from quarterup.envs import ArcadeEnv, ArcadeVectorEnv
from quarterup.envs.cabinet import Cabinet


@pytest.fixture
def mame_of() -> Callable[[Cabinet], psutil.Process]:
    """Finds a cabinet's emulator process: the guard's child."""

    def find(cabinet: Cabinet) -> psutil.Process:
        assert cabinet.emulator is not None
        guard = cabinet.emulator._child._guard
        assert guard is not None
        (child,) = psutil.Process(guard.pid).children()
        return child

    return find


@pytest.fixture
def make_env() -> Iterator[Callable[..., ArcadeEnv]]:
    made: list[ArcadeEnv] = []

    def make(**arguments: object) -> ArcadeEnv:
        made.append(ArcadeEnv("space_invaders", **arguments))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for env in made:
        env.close()


@pytest.fixture
def make_vector_env() -> Iterator[Callable[..., ArcadeVectorEnv]]:
    made: list[ArcadeVectorEnv] = []

    def make(num_envs: int, **arguments: object) -> ArcadeVectorEnv:
        made.append(ArcadeVectorEnv("space_invaders", num_envs, **arguments))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for env in made:
        env.close()
