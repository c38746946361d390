"""The rooms of the house: imports go down and never up.

cli, dashboard -> training -> agents, envs -> games -> emulators. Agents and envs don't know each other.
"""

from __future__ import annotations

import ast
from pathlib import Path

import quarterup

PACKAGE = Path(quarterup.__file__).parent
MAY_IMPORT = {
    "emulators": set(),
    "games": {"emulators"},
    "envs": {"games", "emulators"},
    "agents": set(),
    "training": {"agents", "envs", "games", "emulators"},
    "dashboard": {"training", "agents", "envs", "games", "emulators"},
    "cli": {"dashboard", "training", "agents", "envs", "games", "emulators"},
}


def imported_rooms(source: str) -> set[str]:
    """The rooms that a module imports from, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute, so that this test can read them"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    parts = [name.split(".") for name in names]
    return {part[1] for part in parts if part[0] == "quarterup" and len(part) > 1 and part[1] in MAY_IMPORT}


def test_every_room_is_known() -> None:
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert rooms <= set(MAY_IMPORT)


def test_imports_go_down_and_never_up() -> None:
    wrong = []
    files = [path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE]
    assert len(files) > 20
    for path in files:
        room = path.relative_to(PACKAGE).parts[0]
        up = imported_rooms(path.read_text()) - MAY_IMPORT[room] - {room}
        wrong += [f"{path.relative_to(PACKAGE)} imports {name}" for name in sorted(up)]
    assert not wrong


def test_the_check_sees_an_import_that_goes_up() -> None:
    assert imported_rooms("def f():\n    from quarterup.training.settings import EnvSettings") == {"training"}
    assert imported_rooms("from quarterup import envs\nimport quarterup.agents.agent") == {"envs", "agents"}
