"""The game that docs/adding-a-nes-game.md makes, out of that page and into a real emulator."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quarterup.envs import ArcadeEnv
from quarterup.games.registry import GAMES

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "adding-a-nes-game.md"
ROMS = ROOT / "tests" / "data"


def code_blocks() -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture
def falling(monkeypatch: pytest.MonkeyPatch) -> str:
    """The guide's game, registered as the guide says."""
    module = types.ModuleType("falling_of_the_guide")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(code_blocks()[1], str(GUIDE), "exec"), vars(module))
    monkeypatch.setitem(GAMES, "falling", module.Falling)
    return "falling"


def play(game: str, seed: int, **settings: Any) -> tuple[float, list[bytes], bool]:
    """A whole game, pressing at random: its score, what was seen, and whether it came to its end."""
    env = ArcadeEnv(game, roms=[ROMS], **settings)
    try:
        observation, info = env.reset(seed=seed)
        assert info["lives"] == 3
        seen, over = [observation.tobytes()], False
        rng = np.random.default_rng(seed)
        while not over and len(seen) < 2_000:
            observation, _, over, _, info = env.step(np.int64(rng.integers(3)))
            assert env.observation_space.contains(observation)
            seen.append(observation.tobytes())
        return info["score"], seen, over
    finally:
        env.close()


def test_the_search_of_the_guide_finds_the_lives(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    exec(compile(code_blocks()[0], str(GUIDE), "exec"), {})
    assert "'0x17'" in capsys.readouterr().out


def test_the_game_of_the_guide_is_played_to_its_end_and_repeats_itself(falling: str) -> None:
    first, again, other = play(falling, 1), play(falling, 1), play(falling, 2)
    assert first[2]
    assert first == again
    assert first[1] != other[1]


def test_a_coin_is_a_point(falling: str) -> None:
    """The player goes to the coin, past whatever ledge."""
    env = ArcadeEnv(falling, roms=[ROMS], frame_skip=2)
    try:
        observation, info = env.reset(seed=1)
        over = False
        while not over and not info["score"]:
            to_ledge, to_coin = observation[1:7:2], observation[7]
            near = to_ledge[(observation[2:8:2] > 0) & (observation[2:8:2] < 0.3)]
            away = near[np.abs(near) < 0.2]
            wanted = -away[0] if away.size else to_coin
            observation, _, over, _, info = env.step(np.int64(1 if wanted < -0.02 else 2 if wanted > 0.02 else 0))
        assert info["score"] == 1
        assert env.cabinet.memory.score == 1
    finally:
        env.close()


def test_the_game_of_the_guide_can_be_seen_by_its_picture(falling: str) -> None:
    score, seen, over = play(falling, 3, obs="pixels")
    assert over
    assert score >= 0
    assert len(set(seen)) > len(seen) // 2
