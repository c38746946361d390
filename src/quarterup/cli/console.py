"""Where commands print their tables, and how they show that something goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

WIDTH_OF_A_FILE = 160
"""Where there is no terminal that could say how wide it is."""
LATE_S = 2.0
"""What is done within this needs no bar."""


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


@contextmanager
def late_progress(what: str, console: Console) -> Iterator[Callable[[int, int], None]]:
    """Gives a function that is told how much is done, and of how much. The bar comes only when it takes long."""
    began = time.monotonic()
    bar = Progress(console=console, transient=True)
    task = bar.add_task(what)

    def show(done: int, of: int) -> None:
        if not bar.live.is_started and time.monotonic() - began > LATE_S:
            bar.start()
        bar.update(task, completed=done, total=of)

    try:
        yield show
    finally:
        bar.stop()
