"""What a person sees of a training: a live table in a terminal, plain lines every few seconds elsewhere."""

from __future__ import annotations

import time
from itertools import zip_longest

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from quarterup.training.controls import CONTROLS, control_of_key
from quarterup.training.progress import Display, Phase, Progress, Silence
from quarterup.training.steering import speed_in_words
from quarterup.training.terminal_keys import TerminalKeys

MAX_WIDTH = 100
LINE_EVERY_S = 10.0
VERBOSE_EVERY_S = 1.0
UNKNOWN = "-"
HELP_KEY, CLEAR_KEY = "h", "c"
"""Those that the table takes for itself."""
PHASE_STYLES = {
    Phase.STARTING: "yellow",
    Phase.WARMING_UP: "yellow",
    Phase.LEARNING: "green",
    Phase.EVALUATING: "cyan",
}


def make_display(title: str, console: Console, *, noisy: bool) -> Display:
    """A live table if `console` is a terminal, else lines. `noisy`: the network itself explores."""
    return LiveTable(title, console, noisy) if console.is_terminal else PlainLines(title, console, noisy)


class LiveTable:
    """A table that is drawn anew in place, and takes keys. Notes scroll by above it."""

    def __init__(self, title: str, console: Console, noisy: bool) -> None:
        self._title = title
        self._noisy = noisy
        self._console = console
        self._progress = Progress(Phase.STARTING)
        self._keys = TerminalKeys()
        self._shows_help = False
        self._next_line = 0.0
        self._live = Live(self._render(), console=console, auto_refresh=False, redirect_stdout=False)
        self._live.start(refresh=True)

    def update(self, progress: Progress) -> None:
        self._progress = progress
        if progress.steering.verbosity > 1 and time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + VERBOSE_EVERY_S
            self._live.console.print(Text(_line(progress), style="dim"))
        self._live.update(self._render(), refresh=True)

    def note(self, text: str) -> None:
        self._live.console.print(Text(text, style="yellow"))

    def pressed(self) -> list[str]:
        chosen = []
        for key in self._keys.read():
            if key == HELP_KEY:
                self._shows_help = not self._shows_help
                self.update(self._progress)
            elif key == CLEAR_KEY:
                self._live.console.clear()
                self.update(self._progress)
            elif control := control_of_key(key):
                chosen.append(control.name)
        return chosen

    def close(self) -> None:
        self._live.stop()
        self._keys.restore()

    def _render(self) -> RenderableType:
        progress = self._progress
        parts: list[RenderableType] = [_headline(progress), Text(), _numbers(progress, self._noisy)]
        if choices := _choices(progress):
            parts += [Text(), Text(choices, style="bold yellow")]
        if self._shows_help:
            parts += [Text(), _keys()]
        if progress.trouble:
            parts += [Text(), Text(progress.trouble, style="bold red")]
        return Panel(
            Group(*parts),
            title=Text(self._title, style="bold"),
            title_align="left",
            subtitle=Text(_what_is_safe(progress), style="dim"),
            subtitle_align="right",
            border_style="dim",
            width=min(MAX_WIDTH, self._console.width),
            padding=(0, 1),
        )


class PlainLines(Silence):
    """One line every few seconds, for logs and pipes."""

    def __init__(self, title: str, console: Console, noisy: bool) -> None:
        self._console = console
        self._noisy = noisy
        self._next_line = 0.0
        self._phase = Phase.STARTING
        self.note(title)

    def update(self, progress: Progress) -> None:
        now = time.monotonic()
        if now < self._next_line and progress.phase is self._phase:
            return
        self._next_line = now + (VERBOSE_EVERY_S if progress.steering.verbosity > 1 else LINE_EVERY_S)
        self._phase = progress.phase
        if progress.phase is Phase.EVALUATING:
            self.note(f"evaluating: {_evaluated(progress)}")
            return
        self.note(_line(progress))

    def note(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


def _line(progress: Progress) -> str:
    """All that matters in one line."""
    return (
        f"{progress.phase.value}: step {progress.env_steps:,} of {progress.total_env_steps:,}"
        f", {progress.rates.frames_per_s:,.0f} frames/s, {progress.rates.updates_per_s:,.1f} updates/s"
        f", {progress.episodes:,} episodes, mean score {_number(progress.mean_score)}"
        f", best {_number(progress.best_score)}, loss {_metric(progress, 'loss')}, {_left(progress)}"
    )


def _choices(progress: Progress) -> str:
    """What people have chosen, where it is not the usual."""
    steering = progress.steering
    chosen = {
        "paused: space goes on": steering.paused,
        "not learning": not steering.learning,
        "not exploring": not steering.exploring,
        speed_in_words(steering.speed): steering.speed is not None,
    }
    return " · ".join(text for text, is_so in chosen.items() if is_so)


def _keys() -> RenderableType:
    entries = [(control.key, control.help, control.function_key) for control in CONTROLS]
    entries += [(CLEAR_KEY, "clear what scrolled by", None), (HELP_KEY, "hide this", None)]
    half = -(-len(entries) // 2)
    grid = Table.grid(padding=(0, 1), expand=True)
    for _ in range(2):
        grid.add_column(justify="right", no_wrap=True)
        grid.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    for left, right in zip_longest(entries[:half], entries[half:], fillvalue=("", "", None)):
        grid.add_row(*_key_and_help(*left), *_key_and_help(*right))
    return grid


def _key_and_help(key: str, text: str, function_key: int | None) -> tuple[Text, Text]:
    also = f"  F{function_key}" if function_key else ""
    return Text(key, style="bold cyan"), Text.assemble(text, (also, "dim"))


def _what_is_safe(progress: Progress) -> str:
    if progress.phase is Phase.EVALUATING:
        return "the training is finished and saved"
    saved = progress.saved_env_step
    return f"{HELP_KEY} keys · Ctrl-C saves and stops" + (f" · saved at step {saved:,}" if saved is not None else "")


def _headline(progress: Progress) -> RenderableType:
    if progress.phase is Phase.EVALUATING:
        done, total, right = progress.evaluated, progress.to_evaluate, _evaluated(progress)
    else:
        done, total, right = progress.env_steps, progress.total_env_steps, _left(progress)
    share = done / total if total else 0.0
    row = Table.grid(padding=(0, 2), expand=True)
    row.add_column(no_wrap=True)
    row.add_column(ratio=1)
    row.add_column(no_wrap=True, justify="right")
    row.add_row(
        Text(progress.phase.value, style=f"bold {PHASE_STYLES[progress.phase]}"),
        ProgressBar(total=1.0, completed=share, complete_style="green", finished_style="green"),
        f"{share:.0%}  {right}",
    )
    return row


def _numbers(progress: Progress, noisy: bool) -> RenderableType:
    rates = progress.rates
    left = [
        ("env steps", f"{progress.env_steps:,} of {progress.total_env_steps:,}"),
        ("frames", f"{progress.frames:,}"),
        ("frames/s", f"{rates.frames_per_s:,.0f}"),
        ("updates/s", f"{rates.updates_per_s:,.1f}"),
        ("updates", f"{progress.updates:,}"),
        ("replay", UNKNOWN if progress.replay_fill is None else f"{progress.replay_fill:.0%} full"),
        ("emulators", _emulators(progress)),
    ]
    right = [
        ("episodes", f"{progress.episodes:,}"),
        ("mean score", f"{_number(progress.mean_score)} (last 100)"),
        ("best mean", _number(progress.best_mean_score)),
        ("best game", _number(progress.best_score)),
        ("exploring", _exploration(progress, noisy)),
        ("loss", _metric(progress, "loss")),
        ("mean Q", _metric(progress, "q")),
    ]
    grid = Table.grid(padding=(0, 2), expand=True)
    for ratio in (None, 1, None, 1):
        grid.add_column(ratio=ratio, no_wrap=True, overflow="ellipsis")
    for (name, value), (other_name, other_value) in zip(left, right, strict=True):
        grid.add_row(Text(name, style="dim"), value, Text(other_name, style="dim"), other_value)
    return Group(grid, Text(), _time_shares(progress))


def _time_shares(progress: Progress) -> RenderableType:
    rates = progress.rates
    shares = [
        ("act", rates.act, "cyan"),
        ("emulators", rates.emulators, "magenta"),
        ("wait for learner" if progress.learns_beside else "learn", rates.held, "green"),
        ("other", rates.other, "white"),
    ]
    if progress.learns_beside:
        shares.append(("learner at work", rates.learn, "green"))
    text = Text("time  ", style="dim")
    for name, share, style in shares:
        text.append(f" {share:4.0%} ", style=f"bold {style}")
        text.append(f"{name} ", style="not dim")
    return text


def _exploration(progress: Progress, noisy: bool) -> str:
    parts = []
    if noisy:
        parts.append("noise")
    epsilon = progress.metrics.get("epsilon")
    if epsilon is not None and (epsilon > 0 or not noisy):
        parts.append(f"ε {epsilon:.3f}")
    if progress.phase is Phase.WARMING_UP:
        parts = ["at random"]
    if progress.expert_ratio > 0:
        parts.append(f"{progress.expert_ratio:.0%} expert")
    return ", ".join(parts) or UNKNOWN


def _emulators(progress: Progress) -> str:
    replaced = progress.emulators_replaced
    return f"{progress.emulators} alive" + (f", {replaced} replaced" if replaced else "")


def _number(value: float | None) -> str:
    if value is None:
        return UNKNOWN
    return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:,.1f}"


def _metric(progress: Progress, name: str) -> str:
    value = progress.metrics.get(name)
    return UNKNOWN if value is None else f"{value:,.4g}"


def _evaluated(progress: Progress) -> str:
    return f"{progress.evaluated} of {progress.to_evaluate} games"


def _left(progress: Progress) -> str:
    seconds = progress.seconds_left
    if seconds is None:
        return "time left unknown"
    if seconds < 90:
        return f"{seconds:.0f} s left"
    minutes = round(seconds / 60)
    return f"{minutes} min left" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min left"
