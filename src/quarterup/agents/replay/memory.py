"""How much memory this process can still take, as the system and its control groups say."""

from __future__ import annotations

from pathlib import Path

RECLAIMABLE = "inactive_file"
"""Line of a group's `memory.stat`: files kept in memory that are dropped when something else needs the room."""


def available_memory(root: Path = Path("/")) -> int | None:
    """Bytes that can be taken without pushing other things out; None where the system doesn't tell (not Linux).

    The smallest of what `/proc/meminfo` has available and of what is left of the limit of each control group that
    this process is in, as containers and batch systems set them (version 1 or 2).
    """
    rooms = [_system(root / "proc/meminfo"), *map(_left_in, _group_folders(root))]
    known = [room for room in rooms if room is not None]
    return min(known) if known else None


def _system(meminfo: Path) -> int | None:
    try:
        for line in meminfo.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return None


def _group_folders(root: Path) -> list[Path]:
    """The folders of the process's own memory group and of all above it."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    folders = []
    for line in lines:
        _, controllers, name = line.split(":", 2)
        if controllers == "":
            mount = root / "sys/fs/cgroup"
        elif "memory" in controllers.split(","):
            mount = root / "sys/fs/cgroup/memory"
        else:
            continue
        group = mount / name.lstrip("/")
        # Seen from within a container the group's own folder is often the mount itself.
        folders += [folder for folder in (group, *group.parents) if folder.is_relative_to(mount)]
    return folders


def _left_in(folder: Path) -> int | None:
    for limit, usage in (("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes")):
        try:
            left = int((folder / limit).read_text()) - int((folder / usage).read_text())
        except (OSError, ValueError):  # No such group here, or its limit is the word "max".
            continue
        return max(0, left + _reclaimable(folder / "memory.stat"))
    return None


def _reclaimable(stat: Path) -> int:
    try:
        values = dict(line.split() for line in stat.read_text().splitlines())
        return int(values.get(f"total_{RECLAIMABLE}", values.get(RECLAIMABLE, 0)))
    except (OSError, ValueError):
        return 0
