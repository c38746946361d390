from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from quarterup.agents.agent import AgentState
from quarterup.training import checkpoints as checkpoints_module
from quarterup.training.checkpoints import Checkpoint, Checkpoints, load_checkpoint
from quarterup.training.errors import CheckpointError


def checkpoint(env_step: int, size: int = 4) -> Checkpoint:
    tensors = {"weights": torch.arange(size, dtype=torch.float32) + env_step, "rng": torch.arange(3).to(torch.uint8)}
    return Checkpoint(env_step, AgentState(tensors, {"updates": env_step // 4}), {"scores": [1.5, 2.0]})


@pytest.fixture
def folder(tmp_path: Path) -> Checkpoints:
    return Checkpoints(tmp_path / "checkpoints")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real disk of 256 KiB. Only root can have one."""
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)], capture_output=True)
    if made.returncode:
        pytest.skip("mounting a small disk needs root")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_what_is_saved_comes_back(folder: Checkpoints) -> None:
    shared = torch.arange(6.0).reshape(2, 3)
    saved = Checkpoint(7, AgentState({"a": shared, "b": shared.T, "empty": torch.zeros(0)}, {"n": [1]}), {"x": None})
    path = folder.save(saved)
    loaded = load_checkpoint(path)
    assert loaded.env_step == 7
    assert loaded.agent.values == {"n": [1]}
    assert loaded.trainer == {"x": None}
    assert loaded.agent.tensors.keys() == saved.agent.tensors.keys()
    assert all(torch.equal(loaded.agent.tensors[name], tensor) for name, tensor in saved.agent.tensors.items())


def test_the_sums_are_those_that_sha256sum_checks(folder: Checkpoints) -> None:
    path = folder.save(checkpoint(1))
    subprocess.run(["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=path, check=True, capture_output=True)


def test_the_last_three_and_the_best_are_kept(folder: Checkpoints) -> None:
    for env_step, mean_score in [(10, 5.0), (20, 9.0), (30, 9.0), (40, None), (50, 3.0), (60, 4.0)]:
        folder.save(checkpoint(env_step), mean_score)
    assert folder.env_steps() == [20, 40, 50, 60]
    best = folder.best()
    assert best is not None
    assert (best.env_step, best.mean_score) == (20, 9.0)
    assert [path.name for path in folder.folder.iterdir() if path.name.startswith(".")] == []


def damage_by_cutting(path: Path) -> None:
    os.truncate(path / "tensors.safetensors", 10)


def damage_by_a_flipped_bit(path: Path) -> None:
    content = bytearray((path / "tensors.safetensors").read_bytes())
    content[-1] ^= 1
    (path / "tensors.safetensors").write_bytes(content)


def damage_by_other_state(path: Path) -> None:
    text = (path / "state.json").read_text()
    (path / "state.json").write_text(text.replace('"updates": 5', '"updates": 6'))


def damage_by_a_missing_file(path: Path) -> None:
    (path / "state.json").unlink()


def damage_by_missing_sums(path: Path) -> None:
    (path / "SHA256SUMS").write_text("")


@pytest.mark.parametrize(
    "damage",
    [
        damage_by_cutting,
        damage_by_a_flipped_bit,
        damage_by_other_state,
        damage_by_a_missing_file,
        damage_by_missing_sums,
    ],
)
def test_a_damaged_checkpoint_is_found_and_the_one_before_used(
    folder: Checkpoints, damage: Callable[[Path], None]
) -> None:
    folder.save(checkpoint(10))
    damage(folder.save(checkpoint(20)))
    with pytest.raises(CheckpointError, match="step-000000020 is damaged"):
        folder.load(20)
    found = folder.load_newest()
    assert found is not None
    loaded, problems = found
    assert loaded.env_step == 10
    assert len(problems) == 1
    assert "step-000000020" in problems[0]


def test_nothing_is_begun_anew_in_silence_when_all_are_damaged(folder: Checkpoints) -> None:
    assert folder.load_newest() is None
    damage_by_cutting(folder.save(checkpoint(10)))
    with pytest.raises(CheckpointError, match="Every checkpoint"):
        folder.load_newest()


def test_a_half_written_one_is_not_a_checkpoint_and_goes_away(folder: Checkpoints) -> None:
    folder.save(checkpoint(10))
    half = folder.folder / ".step-000000020.unfinished"
    half.mkdir()
    (half / "tensors.safetensors").write_bytes(b"half")
    assert folder.env_steps() == [10]
    folder.save(checkpoint(20))
    assert not half.exists()
    assert folder.load(20).env_step == 20


def test_a_full_disk_is_said_and_the_older_ones_stay(small_disk: Path) -> None:
    folder = Checkpoints(small_disk / "checkpoints")
    folder.save(checkpoint(10, size=10_000))
    with pytest.raises(CheckpointError, match=r"No space left on device\. The last one saved is that of step 10"):
        folder.save(checkpoint(20, size=100_000))
    assert folder.env_steps() == [10]
    assert folder.load(10).env_step == 10
    folder.save(checkpoint(30, size=10_000))
    assert folder.env_steps() == [10, 30]


@pytest.mark.parametrize("refused", ["tensors.safetensors", "state.json", "SHA256SUMS"])
def test_whichever_file_the_disk_refuses_nothing_half_is_left(
    folder: Checkpoints, refused: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(path: Path, content: bytes) -> None:
        if path.name == refused:
            path.write_bytes(content[: len(content) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        path.write_bytes(content)

    folder.save(checkpoint(10))
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints_module, "write_file", write)
        with pytest.raises(CheckpointError, match="No space left on device"):
            folder.save(checkpoint(20))
    assert [path.name for path in folder.folder.iterdir()] == ["step-000000010"]


def test_no_checkpoint_runs_code_when_it_is_loaded() -> None:
    source = Path(checkpoints_module.__file__).read_text()
    assert "pickle" not in source
    assert "torch.load" not in source.replace("safetensors.torch.load", "")
