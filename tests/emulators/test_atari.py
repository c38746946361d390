"""AtariEmulator: the contract of an emulator on real ale-py, and its pictures beside those of ale-py's environments."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import ale_py
import numpy as np
import pytest

from quarterup.emulators import atari_roms
from quarterup.emulators.area import AreaResize
from quarterup.emulators.atari import ACTIONS, GAME, SEED, AtariEmulator, action_number, load_rom, minimal_actions
from quarterup.emulators.atari_roms import atari_rom
from quarterup.emulators.emulator import (
    EmulatorDied,
    EmulatorError,
    EmulatorNotFound,
    MemoryRange,
    Picture,
    RomError,
)

RAM = MemoryRange(0x80, 128)
ABOUT = MemoryRange(0, 10, device=GAME)
UNFINISHED_FRAMES = ("amidar", "koolaid", "qbert", "tetris", "trondead")
"""Games that begin in the middle of a frame, which ale-py 0.12 does not save."""

MakeAtari = Callable[..., AtariEmulator]


@pytest.fixture
def atari() -> Iterator[MakeAtari]:
    made: list[AtariEmulator] = []

    def make_one(machine: str = "pong", **arguments: object) -> AtariEmulator:
        made.append(AtariEmulator(machine, **arguments))  # type: ignore[arg-type]
        return made[-1]

    yield make_one
    for emulator in made:
        emulator.close()


def score(memory: np.ndarray) -> int:
    return int.from_bytes(memory[:8].tobytes(), "little", signed=True)


def random_actions(machine: str, count: int, seed: int = 0) -> list[tuple[str, ...]]:
    names = minimal_actions(machine)
    return [ACTIONS[names[index]] for index in np.random.default_rng(seed).integers(len(names), size=count)]


def play(emulator: AtariEmulator, actions: list[tuple[str, ...]], frames: int = 4) -> bytes:
    """Everything watched in every step."""
    return b"".join(emulator.step(inputs, frames).memory.tobytes() for inputs in actions)


# ------------------------------------------------------------------------------------------------------------ stepping


def test_it_plays_as_ale_py_does(atari: MakeAtari) -> None:
    emulator, ale = atari("breakout", watch=[RAM, ABOUT]), load_rom(atari_rom("breakout"))
    won = 0
    for inputs in random_actions("breakout", 300):
        frame = emulator.step(inputs, 3)
        won += sum(ale.act(action_number(inputs)) for _ in range(3))
        assert frame.memory[:128].tobytes() == ale.getRAM().tobytes()
        assert score(frame.memory[128:]) == won
        assert frame.memory[136:].tolist() == [ale.lives(), ale.game_over()]
        assert frame.number == ale.getFrameNumber()
    assert won > 0


def test_its_actions_are_those_of_ale_py_in_its_order() -> None:
    assert list(ACTIONS) == [action.name for action in load_rom(atari_rom("adventure")).getLegalActionSet()]
    assert [action_number(inputs) for inputs in ACTIONS.values()] == list(range(18))
    assert action_number({"P1 Button 1": 1, "P1 Up": 0, "P1 Left": 1}) == list(ACTIONS).index("LEFTFIRE")
    assert minimal_actions("pong") == ("NOOP", "FIRE", "RIGHT", "LEFT", "RIGHTFIRE", "LEFTFIRE")


@pytest.mark.parametrize("inputs", [("P1 Up", "P1 Down"), ("P1 Start",), "P1 Up"])
def test_what_ale_py_cannot_hold_is_refused(atari: MakeAtari, inputs: object) -> None:
    with pytest.raises(EmulatorError, match="P1"):
        atari().step(inputs)  # type: ignore[arg-type]


def test_two_emulators_that_get_the_same_inputs_hold_the_same_bytes(atari: MakeAtari) -> None:
    actions = random_actions("space_invaders", 200)
    one, other = (atari("space_invaders", watch=[RAM, ABOUT]) for _ in range(2))
    assert play(one, actions) == play(other, actions)


def test_a_reward_beyond_a_byte_arrives_whole(atari: MakeAtari) -> None:
    emulator = atari("atlantis", watch=[ABOUT])
    scores = [score(emulator.step(inputs, 4).memory) for inputs in random_actions("atlantis", 300)]
    assert max(np.diff(scores)) == 2500


def test_a_game_that_is_over_stands_still(atari: MakeAtari) -> None:
    emulator = atari("breakout", watch=[RAM, ABOUT])
    while not (last := emulator.step(("P1 Button 1",), 20)).memory[137]:
        pass
    number, memory = last.number, last.memory.copy()
    after = emulator.step(("P1 Left",), 50)
    assert after.number == number
    assert (after.memory == memory).all()


def test_steps_are_answered_in_the_order_in_which_they_were_sent(atari: MakeAtari) -> None:
    emulator, other = atari(watch=[RAM]), atari(watch=[RAM])
    emulator.send_step(("P1 Left",), 30)
    emulator.send_step(("P1 Right",), 10)
    first = emulator.receive_step().memory.copy()
    second = emulator.receive_step().memory.copy()
    assert (first == other.step(("P1 Left",), 30).memory).all()
    assert (second == other.step(("P1 Right",), 10).memory).all()
    with pytest.raises(EmulatorError, match="without a step"):
        emulator.receive_step()
    emulator.send_step()
    with pytest.raises(EmulatorError, match="not been received"):
        emulator.look()


def test_ram_is_where_the_cpu_has_it_and_can_be_written(atari: MakeAtari) -> None:
    emulator = atari(watch=[MemoryRange(0x8D, 1), MemoryRange(0x80, 3, stride=0x20)])
    emulator.write(0x8D, b"\x15")
    frame = emulator.step()
    assert frame.memory[0] == 0x15
    ram = emulator._ale.getRAM()
    assert frame.memory.tolist() == [ram[0x0D], ram[0], ram[0x20], ram[0x40]]
    with pytest.raises(EmulatorError, match="0x80 to 0xFF"):
        emulator.write(0xFF, b"12")
    for item in (MemoryRange(0x7F, 2), MemoryRange(0x100, 1), MemoryRange(0, 11, device=GAME), MemoryRange(0, 1)):
        with pytest.raises(EmulatorError, match="can't be watched"):
            atari(watch=[item])


# ------------------------------------------------------------------------------------------------------------- states


@pytest.mark.parametrize("machine", ["pong", *UNFINISHED_FRAMES])
def test_a_loaded_state_goes_on_as_the_game_did(atari: MakeAtari, machine: str) -> None:
    emulator = atari(machine, watch=[RAM, ABOUT])
    actions = random_actions(machine, 60)
    emulator.step((), 2)
    state = emulator.save_state()
    first = play(emulator, actions)
    play(emulator, random_actions(machine, 37, seed=1))
    emulator.load_state(state)
    assert play(emulator, actions) == first
    emulator.drop_state(state)
    with pytest.raises(EmulatorError, match="no saved state"):
        emulator.load_state(state)


def test_a_state_brings_its_score_back(atari: MakeAtari) -> None:
    emulator = atari("breakout", watch=[ABOUT])
    state = emulator.save_state()
    play(emulator, random_actions("breakout", 300))
    assert score(emulator.step().memory) > 0
    emulator.load_state(state)
    assert score(emulator.step().memory) == 0


# ------------------------------------------------------------------------------------------------------------ pictures


def test_pixels_are_those_of_ale_pys_own_environment(atari: MakeAtari) -> None:
    emulator = atari("pong", picture=Picture(84, 84, gray=True))
    theirs = ale_py.AtariVectorEnv(
        "pong", 1, stack_num=1, noop_max=0, use_fire_reset=False, maxpool=False, reward_clipping=False
    )
    theirs.reset(seed=SEED)
    for inputs in random_actions("pong", 100):
        screen = emulator.step(inputs, 4).screen
        number = minimal_actions("pong").index(list(ACTIONS)[action_number(inputs)])
        assert screen is not None
        assert (screen == theirs.step(np.array([number]))[0][0, 0]).all()
    assert len(np.unique(screen)) > 3


def test_native_pictures_are_ale_pys(atari: MakeAtari) -> None:
    emulator, gray = atari(picture=Picture()), atari(picture=Picture(gray=True))
    screen = emulator.step((), 60).screen
    assert screen is not None
    assert screen.shape == (emulator.facts.screen_height, emulator.facts.screen_width, 3) == (210, 160, 3)
    assert (screen == emulator.look()).all()
    assert (screen == emulator.screenshot()).all()
    assert (gray.step((), 60).screen == gray._ale.getScreenGrayscale()).all()
    small = atari(picture=Picture(80, 70)).step((), 60).screen
    assert small is not None
    assert small.shape == (70, 80, 3)
    assert np.abs(small.mean((0, 1)) - screen.mean((0, 1))).max() < 1
    with pytest.raises(EmulatorError, match="without a picture"):
        atari().screenshot()


def test_a_smaller_picture_is_the_mean_of_what_its_pixels_cover() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (210, 160)).astype(np.uint8)
    small = np.zeros((84, 84), np.uint8)
    AreaResize(210, 160, 84, 84)(picture, small)
    # Split every pixel into as many as make both sizes whole: then areas are plain means.
    fine = np.repeat(np.repeat(picture, 2, axis=0), 21, axis=1).astype(np.float64)
    means = fine.reshape(84, 5, 84, 40).mean((1, 3))
    assert np.abs(small - means).max() <= 0.5 + 1e-3
    with pytest.raises(ValueError, match="larger"):
        AreaResize(210, 160, 211, 84)


# -------------------------------------------------------------------------------------------------------------- errors


def test_a_closed_emulator_says_so(atari: MakeAtari) -> None:
    emulator = atari()
    emulator.close()
    emulator.close()
    with pytest.raises(EmulatorDied, match="closed"):
        emulator.step()


def test_without_ale_py_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atari_roms, "has_ale", lambda: False)
    with pytest.raises(EmulatorNotFound, match=r"pip install 'quarterup\[atari\]'"):
        AtariEmulator("pong")


def test_without_the_rom_its_places_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(atari_roms, "ale_rom_folders", lambda: (tmp_path / "none",))
    with pytest.raises(RomError, match=r"no ROM of pong\. Install ale-py anew") as problem:
        AtariEmulator("pong", roms=[tmp_path])
    assert str(tmp_path) in str(problem.value)


def test_another_game_under_its_name_is_not_played(tmp_path: Path) -> None:
    shutil.copyfile(atari_rom("tetris"), tmp_path / "pong.bin")
    with pytest.raises(RomError, match="is not the ROM of pong that ale-py can score"):
        AtariEmulator("pong", roms=[tmp_path])


def test_ones_own_rom_goes_first(tmp_path: Path, atari: MakeAtari) -> None:
    own = tmp_path / "Pong (1977).a26"
    shutil.copyfile(atari_rom("pong"), own)
    assert atari("pong", roms=[tmp_path]).facts.rom_path == str(own)


def test_a_window_shows_the_game(display: None, atari: MakeAtari) -> None:
    emulator = atari(visible=True)
    assert emulator.step((), 4).number == 4
