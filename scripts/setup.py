"""What `make setup` does: system packages, a virtual environment in .venv, and quarterup installed in it.

Run by whatever `python3` the machine has, so it uses the standard library only and runs on old versions too,
if only to say that they are too old. When everything is there it is done in a fraction of a second.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "quarterup-setup"
PYTHONS = ((3, 11), (3, 12), (3, 13))
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
"""PyPI's torch for Linux brings gigabytes of CUDA. This index has builds without."""


class Program(NamedTuple):
    """A program that is not a Python package, and what each package manager calls it."""

    purpose: str
    needed: bool
    """False: only some tests want it."""
    packages: dict[str, str]


PROGRAMS = {
    "mame": Program(
        "runs the arcade machines",
        True,
        {"apt": "mame", "brew": "mame", "dnf": "mame", "pacman": "mame", "winget": "MAMEdev.MAME"},
    ),
    "fceux": Program(
        "runs the NES",
        False,
        {"apt": "fceux", "brew": "fceux", "dnf": "fceux", "pacman": "fceux", "winget": "FCEUX.FCEUX"},
    ),
    "pasmo": Program("builds the stand-in for the arcade", False, {"apt": "pasmo", "brew": "pasmo"}),
    "ca65": Program(
        "builds the stand-ins for the NES", False, {"apt": "cc65", "brew": "cc65", "dnf": "cc65", "pacman": "cc65"}
    ),
    "Xvfb": Program(
        "a display for the tests of windows",
        False,
        {"apt": "xvfb", "dnf": "xorg-x11-server-Xvfb", "pacman": "xorg-server-xvfb"},
    ),
    "xwininfo": Program(
        "lets those tests see the windows",
        False,
        {"apt": "x11-utils", "dnf": "xwininfo", "pacman": "xorg-xwininfo"},
    ),
    "xdotool": Program("lets them press keys", False, {"apt": "xdotool", "dnf": "xdotool", "pacman": "xdotool"}),
    "chromium": Program(
        "a browser for the tests of the dashboard",
        False,
        {"apt": "chromium", "brew": "chromium", "dnf": "chromium", "pacman": "chromium"},
    ),
}
INSTALL = {
    "brew": "brew install",
    "dnf": "sudo dnf install",
    "pacman": "sudo pacman -S",
    "winget": "winget install",
    "apt": "sudo apt-get install",
}
EXTRA_PLACES = ("/usr/games", "/usr/local/bin", "/opt/homebrew/bin")
"""Debian puts games where root's PATH doesn't look."""


class SetupError(Exception):
    """What is missing, and what to do about it."""


def main() -> int:
    try:
        if is_done():
            return 0
        python = find_python()
        install_programs(missing_programs(), needs_venv_package(python), python)
        make_venv(python)
        install_packages()
        STAMP.write_text(fingerprint() + "\n")
    except SetupError as error:
        print(f"\nsetup: {error}", file=sys.stderr)
        return 1
    say("ready. `make demo` trains an agent, `make test` runs the tests.")
    return 0


# ---------------------------------------------------------------------------------------------- already there


def is_done() -> bool:
    """Whether the last setup was of exactly these files, and nothing it installed has gone."""
    try:
        stamped = STAMP.read_text().strip()
    except OSError:
        return False
    needed = [name for name, program in PROGRAMS.items() if program.needed]
    return stamped == fingerprint() and venv_python().exists() and all(map(find_program, needed))


def fingerprint() -> str:
    digest = hashlib.sha256(str(ROOT).encode())  # an editable install is bound to its folder
    for name in ("pyproject.toml", "constraints.txt", "scripts/setup.py"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


# ----------------------------------------------------------------------------------------------------- Python


def find_python() -> str:
    """A Python of a version that quarterup runs on: this one, or one on PATH."""
    if sys.version_info[:2] in PYTHONS:
        # Inside an activated environment, build on what it was built from.
        return getattr(sys, "_base_executable", None) or sys.executable
    for major, minor in reversed(PYTHONS):
        if found := shutil.which(f"python{major}.{minor}"):
            return found
    own = ".".join(map(str, sys.version_info[:3]))
    raise SetupError(
        f"quarterup needs Python 3.11, 3.12 or 3.13; this is {own}, and none of those is on PATH.\n"
        "Debian 12 and Ubuntu 24.04 bring one (`sudo apt-get install python3`); macOS: "
        "`brew install python@3.13`; anywhere: https://docs.astral.sh/uv (`uv python install 3.13`).\n"
        "Then: make setup PYTHON=python3.13"
    )


def needs_venv_package(python: str) -> bool:
    """Debian and Ubuntu ship Python without the part that makes virtual environments."""
    return subprocess.run([python, "-c", "import ensurepip, venv"], capture_output=True).returncode != 0


def venv_package_name(python: str) -> str:
    show = "import sys; print('python%d.%d-venv' % sys.version_info[:2])"
    return subprocess.run([python, "-c", show], capture_output=True, text=True).stdout.strip()


def make_venv(python: str) -> None:
    if venv_works():
        return
    say(f"making {VENV.relative_to(ROOT)} with {python}")
    run([python, "-m", "venv", "--clear", str(VENV)], "the virtual environment could not be made")


def venv_works() -> bool:
    if not venv_python().exists():
        return False
    check = "import sys, pip; print(*sys.version_info[:2])"
    result = subprocess.run([str(venv_python()), "-c", check], capture_output=True, text=True)
    return result.returncode == 0 and tuple(map(int, result.stdout.split())) in PYTHONS


def venv_python() -> Path:
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def install_packages() -> None:
    say("installing quarterup and what it needs (a few hundred megabytes the first time)")
    command = [str(venv_python()), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--constraint", str(ROOT / "constraints.txt"), "--editable", f"{ROOT}[dev]"]
    if platform.system() == "Linux" and can_reach(TORCH_CPU_INDEX + "/torch/"):
        command += ["--extra-index-url", TORCH_CPU_INDEX]
    run(command, "the Python packages could not be installed")


def can_reach(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except OSError:
        return False


# -------------------------------------------------------------------------------------------- system packages


def missing_programs() -> list[str]:
    return [name for name in PROGRAMS if not find_program(name)]


def find_program(name: str) -> str | None:
    if name == "mame" and os.environ.get("QUARTERUP_MAME"):
        return shutil.which(os.environ["QUARTERUP_MAME"])
    return shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), *EXTRA_PLACES)))


def install_programs(missing: list[str], venv_package: bool, python: str) -> None:
    """Install through apt where that is possible, else say what to install."""
    if not missing and not venv_package:
        return
    if shutil.which("apt-get"):
        packages = [PROGRAMS[name].packages["apt"] for name in missing]
        if venv_package:
            packages.append(venv_package_name(python))
        apt_install(packages)
        missing, venv_package = missing_programs(), needs_venv_package(python)
    if venv_package:
        raise SetupError(f"{python} lacks the modules venv and ensurepip: reinstall it with them")
    if missing:
        advice = how_to_install(missing)
        if any(PROGRAMS[name].needed for name in missing):
            raise SetupError(advice)
        say(f"going on without some programs that only tests need.\n{advice}")


def apt_install(packages: list[str]) -> None:
    as_root = root_prefix()
    shown = shlex.join(["sudo", "apt-get", "install", "--no-install-recommends", *packages])
    if as_root is None:
        raise SetupError(f"some system packages are missing. Run this, and then try again:\n  {shown}")
    say(f"installing {', '.join(packages)} through apt")
    environment = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive"]
    run([*environment, "apt-get", "update", "-qq"], "apt's package lists could not be fetched")
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    run([*environment, *install], f"apt could not install them. Run this, and see what it says:\n  {shown}\n")


def root_prefix() -> list[str] | None:
    """What to put before a command to run it as root; None where that is not possible."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo is None:
        return None
    if sys.stdin.isatty():
        return [sudo]  # may ask for the password
    without_password = subprocess.run([sudo, "-n", "true"], capture_output=True).returncode == 0
    return [sudo, "-n"] if without_password else None


def how_to_install(missing: list[str]) -> str:
    lines = ["missing:"]
    lines += [f"  {name}: {PROGRAMS[name].purpose}" for name in missing]
    lines.append("Install with whichever of these your system has:")
    for manager, install in INSTALL.items():
        packages = [PROGRAMS[name].packages.get(manager) for name in missing]
        if any(packages):
            lines.append(f"  {install} {' '.join(filter(None, packages))}")
    lines.append("A MAME in another place can be named in QUARTERUP_MAME.")
    return "\n".join(lines)


# ---------------------------------------------------------------------------------------------------- helpers


def run(command: list[str], failure: str) -> None:
    """Run a command whose output the person sees."""
    try:
        result = subprocess.run(command)
    except OSError as problem:
        raise SetupError(f"{failure}: {problem}") from problem
    if result.returncode:
        raise SetupError(f"{failure} (exit code {result.returncode} of: {shlex.join(command)})")


def say(text: str) -> None:
    print(f"setup: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
