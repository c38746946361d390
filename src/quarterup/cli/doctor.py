"""`quarterup doctor`: what is installed, what is missing, and what to do about it."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import platform
import re
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.markup import escape

from quarterup.cli.console import make_console, make_table
from quarterup.emulators.atari import AtariEmulator
from quarterup.emulators.emulator import EmulatorError
from quarterup.emulators.fceux_program import find_fceux
from quarterup.emulators.launch import find_rom, launch, searched_folders
from quarterup.emulators.mame_program import find_display, find_mame
from quarterup.emulators.processors import usable_processors
from quarterup.emulators.retro_core import has_retro
from quarterup.emulators.systems import TITLES, System
from quarterup.games import all_games
from quarterup.games.atari import ROMS

PYTHONS = ((3, 11), (3, 14))
"""From the first, up to before the second."""
GIBIBYTE = 1 << 30
DISK_NEEDED_BYTES = GIBIBYTE // 2
"""A run with its replay and videos takes less."""
CORES_NEEDED = 2


@dataclass(frozen=True)
class Settings:
    """Look at everything that quarterup needs. The exit code is 1 if something needed is missing."""

    roms: tuple[Path, ...] = ()
    """Folders to look for ROM sets in, before all others."""
    json: bool = False
    """Print the findings as one JSON object on the last line."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str
    state: str
    """`ok`, `missing` (needed), or `without` (not needed, but something will not work)."""
    found: str
    advice: str = ""


def run(settings: Settings) -> int:
    checks: tuple[Callable[[], list[Finding]], ...] = (
        _python,
        _packages,
        _torch,
        lambda: _mame(settings),
        lambda: _fceux(settings),
        _retro,
        _ale,
        lambda: _roms(settings),
        _display,
        _disk,
        _cores,
    )
    findings = [finding for check in checks for finding in check()]
    console = make_console(json=settings.json)
    table = make_table(None, "", "what", "found")
    styles = {"ok": "green", "missing": "bold red", "without": "yellow"}
    for finding in findings:
        table.add_row(f"[{styles[finding.state]}]{finding.state}[/]", finding.name, escape(finding.found))
        if finding.advice:
            table.add_row("", "", f"[{styles[finding.state]}]{escape(finding.advice)}[/]")
    console.print(table)
    missing = [finding.name for finding in findings if finding.state == "missing"]
    console.print(f"Missing: {', '.join(missing)}." if missing else "Everything needed is there.")
    if settings.json:
        print(json.dumps({"ok": not missing, "findings": [asdict(finding) for finding in findings]}))
    return 1 if missing else 0


def _python() -> list[Finding]:
    good = PYTHONS[0] <= sys.version_info[:2] < PYTHONS[1]
    found = f"{platform.python_version()} at {sys.executable}"
    advice = "" if good else "quarterup needs Python 3.11, 3.12 or 3.13."
    return [Finding("Python", "ok" if good else "missing", found, advice)]


def _packages() -> list[Finding]:
    found, missing = [], []
    for requirement in importlib.metadata.requires("quarterup") or []:
        if ";" in requirement:
            continue  # of an extra
        name = re.split(r"[\s<>=!~\[]", requirement)[0]
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        return [Finding("packages", "missing", "no " + ", ".join(missing), "Run `make setup`.")]
    return [Finding("packages", "ok", ", ".join(found))]


def _torch() -> list[Finding]:
    try:
        import torch
    except Exception as problem:  # a broken installation fails in many ways, and this is where people look for why
        return [Finding("torch", "missing", f"cannot be imported: {problem}", "Run `make setup`.")]
    devices = ["CPU"]
    devices += [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        devices.append("Apple GPU (mps)")
    return [Finding("torch", "ok", f"{torch.__version__} on {', '.join(devices)}")]


def _mame(settings: Settings) -> list[Finding]:
    try:
        program = find_mame()
    except EmulatorError as problem:
        return [Finding("MAME", "missing", "no", str(problem))]
    return [_started("MAME", "missing", program, "arcade", settings)]


def _fceux(settings: Settings) -> list[Finding]:
    try:
        program = find_fceux()
    except EmulatorError as problem:
        return [Finding("FCEUX", "without", "no", f"Only for NES games. {problem}")]
    return [_started("FCEUX", "without", program, "nes", settings)]


def _started(title: str, otherwise: str, program: str, system: System, settings: Settings) -> Finding:
    """Whether a game really starts in it."""
    machine = next(game.machine for game in all_games() if game.system == system)
    began = time.monotonic()
    try:
        emulator = launch(system, machine, emulator=TITLES[title], roms=settings.roms)
        with contextlib.closing(emulator):
            emulator.step((), 60)
    except EmulatorError as problem:
        return Finding(title, otherwise, f"{program}, but {machine} does not start in it", str(problem))
    took = time.monotonic() - began
    return Finding(title, "ok", f"{emulator.facts.emulator} at {program}; {machine} starts in {took:.1f} s")


def _retro() -> list[Finding]:
    if has_retro():
        return [Finding("stable-retro", "ok", importlib.metadata.version("stable-retro"))]
    return [Finding("stable-retro", "without", "no", "Only for faster NES games: `pip install stable-retro`.")]


def _ale() -> list[Finding]:
    """Whether an Atari game really starts."""
    try:
        with AtariEmulator(ROMS[0]) as emulator:
            return [Finding("ale-py", "ok", f"{emulator.facts.emulator}, {len(ROMS)} Atari games")]
    except EmulatorError as problem:
        return [Finding("ale-py", "without", "no", f"Only for Atari games: {problem}")]


def _roms(settings: Settings) -> list[Finding]:
    folders = searched_folders(settings.roms)
    findings = []
    for folder in folders:
        try:
            sets = sorted({path.stem for path in folder.iterdir()}) if folder.is_dir() else None
        except OSError as problem:
            findings.append(Finding("ROM folder", "without", f"{folder} cannot be read: {problem.strerror}"))
            continue
        shown = "does not exist" if sets is None else f"{len(sets)} sets" if sets else "empty"
        findings.append(Finding("ROM folder", "ok", f"{folder}: {shown}"))
    for game in all_games():
        rom_set = find_rom(game.system, game.machine, settings.roms)
        if rom_set.path is None:
            advice = f"Put the ROM {game.machine} into {folders[0]}, or name its folder with --roms."
            findings.append(Finding(f"ROM of {game.id}", "without", "none", advice))
        else:
            kind = "stand-in" if rom_set.stand_in else "your own"
            findings.append(Finding(f"ROM of {game.id}", "ok", f"{kind}, {rom_set.path}"))
    return findings


def _display() -> list[Finding]:
    if display := find_display():
        return [Finding("display", "ok", display)]
    advice = "Only `quarterup play` needs one. Training, evaluation and videos do not."
    return [Finding("display", "without", "no", advice)]


def _disk() -> list[Finding]:
    free = shutil.disk_usage(Path.cwd()).free
    found = f"{free / GIBIBYTE:.1f} GiB free in {Path.cwd()}"
    if free >= DISK_NEEDED_BYTES:
        return [Finding("disk", "ok", found)]
    return [Finding("disk", "without", found, "A run takes up to half a GiB. Make room, or use --run elsewhere.")]


def _cores() -> list[Finding]:
    cores = len(usable_processors())
    found = f"{cores} for this process"
    if cores >= CORES_NEEDED:
        return [Finding("CPU cores", "ok", found)]
    return [Finding("CPU cores", "without", found, "Training is about half as fast as on two.")]
