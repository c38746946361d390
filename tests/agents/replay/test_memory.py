"""How much memory is available, from copies of what systems say."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from quarterup.agents.replay.memory import available_memory

GIB = 2**30


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


MEMINFO = {"proc/meminfo": f"MemTotal: 99999999 kB\nMemFree: 5 kB\nMemAvailable:   {8 * 2**20} kB\n"}


def test_without_groups_it_is_what_the_system_has_available(tmp_path: Path) -> None:
    write(tmp_path, MEMINFO)
    assert available_memory(tmp_path) == 8 * GIB


def test_a_system_that_says_nothing_is_unknown(tmp_path: Path) -> None:
    assert available_memory(tmp_path) is None


def test_the_tightest_group_above_the_process_counts_without_its_droppable_files(tmp_path: Path) -> None:
    groups = {
        "proc/self/cgroup": "0::/batch/job\n",
        "sys/fs/cgroup/batch/job/memory.max": "max\n",
        "sys/fs/cgroup/batch/job/memory.current": f"{GIB}\n",
        "sys/fs/cgroup/batch/memory.max": f"{4 * GIB}\n",
        "sys/fs/cgroup/batch/memory.current": f"{3 * GIB}\n",
        "sys/fs/cgroup/batch/memory.stat": f"anon 7\ninactive_file {GIB // 2}\n",
    }
    write(tmp_path, {**MEMINFO, **groups})
    assert available_memory(tmp_path) == GIB + GIB // 2


@pytest.mark.parametrize("folder", ["sys/fs/cgroup/memory/docker/1", "sys/fs/cgroup/memory"])
def test_version_1_groups_count_from_within_a_container_too(tmp_path: Path, folder: str) -> None:
    groups = {
        "proc/self/cgroup": "5:cpu:/docker/1\n4:memory,hugetlb:/docker/1\n0::/\n",
        f"{folder}/memory.limit_in_bytes": f"{2 * GIB}\n",
        f"{folder}/memory.usage_in_bytes": f"{3 * GIB}\n",
        f"{folder}/memory.stat": f"inactive_file 1\ntotal_inactive_file {2 * GIB}\n",
    }
    write(tmp_path, {**MEMINFO, **groups})
    assert available_memory(tmp_path) == GIB


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_this_machine_has_some() -> None:
    available = available_memory()
    assert available is not None
    assert 0 < available < 2**50
