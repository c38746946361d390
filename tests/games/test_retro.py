"""Games of stable-retro's integrations: Airstriker, whose ROM comes with stable-retro, beside its own environment."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from quarterup.emulators.emulator import EmulatorError, MemoryRange, RomError
from quarterup.emulators.launch import launch
from quarterup.emulators.retro import RetroEmulator
from quarterup.emulators.retro_core import GAME
from quarterup.emulators.retro_integrations import integrations
from quarterup.emulators.retro_worker import ABOUT
from quarterup.envs import ArcadeEnv
from quarterup.games import find_game
from quarterup.games.registry import FAMILIES

pytest.importorskip("stable_retro", reason="stable-retro is not installed: `quarterup[retro]` has it")

NAME, GAME_ID = "Airstriker-Genesis-v0", "retro_airstriker_genesis"
RAM = MemoryRange(0xFF0000, 0x10000)
ABOUT_GAME = MemoryRange(0, ABOUT.size, device=GAME)
FRAMES, FRAMES_HELD = 2_000, 6

THEIR_OWN = """
import hashlib, json, sys
import stable_retro

name, actions = sys.argv[1], json.loads(sys.stdin.read())
env = stable_retro.make(name, use_restricted_actions=stable_retro.Actions.DISCRETE, render_mode="rgb_array",
                        inttype=stable_retro.data.Integrations.STABLE)
env.reset()
seen = []
for action in actions:
    _, reward, done, _, info = env.step(action)
    seen.append([reward, done, info["lives"], hashlib.sha256(env.get_ram().tobytes()).hexdigest()])
print(json.dumps([env.action_space.n.item(), seen]))
"""


@pytest.fixture
def emulator() -> Iterator[RetroEmulator]:
    integration = integrations()[NAME]
    with RetroEmulator(integration.rom, integration=integration.folder, watch=[RAM, ABOUT_GAME]) as made:
        yield made


def about(memory: np.ndarray) -> tuple[float, int, int]:
    """Reward, lives and whether it is over."""
    reward, lives, over = ABOUT.unpack(memory[-ABOUT.size :].tobytes())
    return reward, lives, over


def test_it_is_the_game_that_stable_retros_own_environment_plays(emulator: RetroEmulator) -> None:
    actions = find_game(GAME_ID).actions
    rng = np.random.default_rng(2)
    chosen = [int(action) for action in rng.integers(len(actions), size=FRAMES // FRAMES_HELD)]
    played = [action for action in chosen for _ in range(FRAMES_HELD)]
    command = [sys.executable, "-c", THEIR_OWN, NAME]
    theirs = subprocess.run(command, input=json.dumps(played), capture_output=True, text=True, check=True)
    count, expected = json.loads(theirs.stdout.splitlines()[-1])
    assert count == len(actions)
    total = 0.0
    for frame, (action, (reward, _, lives, ram)) in enumerate(zip(played, expected, strict=True)):
        memory = emulator.step(actions[action].inputs, 1).memory
        total += reward
        assert about(memory)[:2] == (total, lives), frame
        assert hashlib.sha256(memory[: RAM.size].tobytes()).hexdigest() == ram, frame
    assert total > 0, "something was shot"
    assert bool(about(memory)[2]) == any(done for _, done, _, _ in expected)


def test_a_loaded_state_brings_its_reward_back_and_is_none_itself(emulator: RetroEmulator) -> None:
    start = emulator.save_state()
    actions, rng = find_game(GAME_ID).actions, np.random.default_rng(2)
    for _ in range(FRAMES // FRAMES_HELD):
        reward = about(emulator.step(actions[rng.integers(len(actions))].inputs, FRAMES_HELD).memory)[0]
        if reward:
            break
    late = emulator.save_state()
    emulator.load_state(start)
    assert about(emulator.step((), 1).memory)[0] == 0
    emulator.load_state(late)
    assert about(emulator.step((), 1).memory)[0] >= reward > 0


def test_an_episode_ends_with_the_scenario_and_its_score_is_the_sum_of_its_rewards() -> None:
    env = ArcadeEnv(GAME_ID, obs="ram", sticky=0.25)
    try:
        observation, info = env.reset(seed=1)
        assert observation.shape == (RAM.size,)
        assert info["lives"] == 3
        rng = np.random.default_rng(0)
        total, losses, over = 0.0, 0, False
        while not over:
            _, reward, over, truncated, info = env.step(rng.integers(env.action_space.n))
            assert not truncated
            total, losses = total + reward, losses + info["life_lost"]
        assert info["score"] == total > 0
        assert losses >= 2
        _, info = env.reset()
        assert (info["lives"], info["score"]) == (3, 0.0)
    finally:
        env.close()


def test_actions_are_named_after_what_they_hold() -> None:
    actions = find_game(GAME_ID).actions
    assert (actions[0].name, actions[0].inputs) == ("nothing", ())
    assert ("up left", ("P1 Up", "P1 Left")) in [(action.name, action.inputs) for action in actions]
    assert len({action.inputs for action in actions}) == len(actions)


def test_the_family_has_those_whose_rom_is_here_and_no_others() -> None:
    names = FAMILIES["retro"].names()
    assert names[GAME_ID] == "Retro-Airstriker-Genesis"
    assert set(names.values()) == {f"Retro-{name.removesuffix('-v0')}" for name in integrations()}
    assert find_game("Retro-Airstriker-Genesis").machine == NAME


def test_what_is_not_there_is_said() -> None:
    with pytest.raises(RomError, match=r"no ROM of stable-retro's integration MarioBros-Nes-v9.*stable_retro\.import"):
        launch("retro", "MarioBros-Nes-v9")
    with pytest.raises(EmulatorError, match="can't be watched"):
        launch("retro", NAME, watch=[MemoryRange(0, ABOUT.size + 1, device=GAME)])
