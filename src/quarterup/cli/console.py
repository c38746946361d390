"""Where commands print their tables."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

WIDTH_OF_A_FILE = 160
"""Where there is no terminal that could say how wide it is."""


def make_console(*, json: bool) -> Console:
    """For people: stdout, or stderr where stdout's last line is for programs."""
    console = Console(stderr=json, highlight=False)
    if not console.is_terminal:
        console.width = WIDTH_OF_A_FILE
    return console


def make_table(title: str | None, *columns: str) -> Table:
    """A plain table; a column whose name ends in `>` is set to the right."""
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    for column in columns:
        right = column.endswith(">")
        table.add_column(column.removesuffix(">"), justify="right" if right else "left", overflow="fold")
    return table
