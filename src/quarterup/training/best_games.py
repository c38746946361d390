"""The best games of a training, in its run folder's videos/: as traces, and a little later as videos.

    best-SCORE-stepENV_STEP.trace, .mp4    games that beat the record, the best few of them
    game-SCORE-stepENV_STEP.trace, .mp4    games that somebody asked for: these are kept

The trainer hands over a trace, which costs it about a millisecond. The videos are made by another process, which
gives way to everything else, does one at a time, and rests much longer than it works. Nothing that goes wrong here
ends a training.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from quarterup.emulators.child import tail_of
from quarterup.envs.trace import SUFFIX, Trace, TraceError, read_trace, trace_to_bytes
from quarterup.training.files import written_beside
from quarterup.training.render_worker import AT_ONCE, WHEN_IDLE

BEST, ASKED_FOR = "best", "game"
"""How the files' names begin."""
WRITE_EVERY_S = 5.0
"""Early in a training every other game is a record. Of those within this time only the last is kept."""
REST = 29.0
"""How many times as long as the last video took the next one waits: a thirtieth of the time at most is worked."""
LOOK_AGAIN_S = 0.05
VIDEO, TROUBLE = "video", "trouble"

News = list[tuple[str, str]]
"""What happened since the last look: VIDEO and its file, or TROUBLE and what it was."""


@dataclass(frozen=True)
class Kept:
    """A game whose trace is there."""

    path: Path
    """Of the trace."""
    score: float

    @property
    def video(self) -> Path:
        return self.path.with_suffix(".mp4")


class BestGames:
    """The keeper of a training's best games. Call `work` now and then, `finish` at the end, `close` in any case."""

    def __init__(self, folder: Path, keep: int, roms: Sequence[Path]) -> None:
        """The best `keep` games stay in `folder`; with 0 only those are recorded that somebody asks for."""
        self._folder = folder
        self._keep = keep
        self._roms = roms
        self._asked = False
        self._waiting: dict[str, tuple[int, Trace]] = {}
        self._next_write = self._next_rendering = 0.0
        self._renderer: Renderer | None = None
        self._failed: set[Path] = set()
        self._asked_for: list[Kept] = []
        self._best: list[Kept] = []
        """Highest score first."""
        for unfinished in folder.glob(f"{BEST}-*.mp4.part"):  # of a training that was killed
            unfinished.unlink(missing_ok=True)
        for path in folder.glob(f"{BEST}-*{SUFFIX}") if keep else ():
            with contextlib.suppress(TraceError):
                self._best.append(Kept(path, read_trace(path).score))
        self._sort()

    # ----------------------------------------------------------------------------------------------- for the trainer

    def record_next(self) -> None:
        """Make a video of the game that ends next."""
        self._asked = True

    def game_over(
        self, score: float, record: float | None, env_step: int, take_trace: Callable[[], Trace | None]
    ) -> None:
        """A game ended with `score`, where the best so far was `record`. Its trace is taken only if it is wanted."""
        is_best = self._keep > 0 and (record is None or score > record)
        if not (is_best or self._asked):
            return
        trace = take_trace()
        if trace is None:
            return  # of an environment that leaves none
        if is_best:
            self._waiting[BEST] = (env_step, trace)
        if self._asked:
            self._waiting[ASKED_FOR] = (env_step, trace)
        self._asked = False

    def work(self) -> News:
        """Write what is to be written, and see to the videos. Returns at once."""
        news: News = []
        now = time.monotonic()
        if self._waiting and now >= self._next_write:
            self._next_write = now + WRITE_EVERY_S
            self._write(news)
        if self._renderer is not None and self._renderer.ended():
            self._take_video(news)
        game = self._next_game(now)
        if self._renderer is None and game is not None:
            self._render(game, WHEN_IDLE, news)
        return news

    def is_behind(self) -> bool:
        """Whether the best game has no video yet."""
        return bool(self._waiting) or (bool(self._best) and not self._best[0].video.exists())

    def finish(self, give_up: Callable[[], bool] = lambda: False) -> News:
        """Wait until the best game has its video, or until `give_up` says so."""
        news: News = []
        self._write(news)
        if not self._best:
            return news
        best = self._best[0]
        if self._renderer is not None and (self._renderer.game != best or self._renderer.pace == WHEN_IDLE):
            self._stop_rendering()  # On a busy machine it would not come to an end.
        if self._renderer is None and not best.video.exists():
            self._render(best, AT_ONCE, news)
        while self._renderer is not None and not give_up():
            if self._renderer.ended():
                self._take_video(news)
            else:
                time.sleep(LOOK_AGAIN_S)
        return news

    def close(self) -> None:
        """End the process, and write what waits."""
        self._stop_rendering()
        self._write([])

    # ---------------------------------------------------------------------------------------------------- the traces

    def _write(self, news: News) -> None:
        for kind, (env_step, trace) in self._waiting.items():
            path = self._folder / f"{kind}-{trace.score:.0f}-step{env_step}{SUFFIX}"
            try:
                with written_beside(path) as unfinished:  # Not waiting for the disk: a machine's end may lose a trace.
                    unfinished.write_bytes(trace_to_bytes(trace))
            except OSError as error:
                news.append((TROUBLE, f"The game of {trace.score:g} points could not be kept: {error.strerror}."))
                continue
            (self._best if kind == BEST else self._asked_for).append(Kept(path, trace.score))
        self._waiting.clear()
        self._sort()
        while len(self._best) > self._keep:
            self._forget(self._best.pop())

    def _sort(self) -> None:
        self._best.sort(key=lambda game: game.score, reverse=True)

    def _forget(self, game: Kept) -> None:
        if self._renderer is not None and self._renderer.game == game:
            self._stop_rendering()
        for path in (game.path, game.video):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    # ---------------------------------------------------------------------------------------------------- the videos

    def _next_game(self, now: float) -> Kept | None:
        """Of which a video is to be made now: asked for ones at once, the others after a rest, the best first."""
        if self._renderer is not None:
            return None
        if self._asked_for:
            return self._asked_for.pop(0)
        if now < self._next_rendering:
            return None
        without = (game for game in self._best if game.path not in self._failed and not game.video.exists())
        return next(without, None)

    def _render(self, game: Kept, pace: str, news: News) -> None:
        try:
            self._renderer = Renderer(game, self._roms, pace)
        except OSError as error:
            self._fail(game, str(error), news)

    def _take_video(self, news: News) -> None:
        assert self._renderer is not None
        renderer, self._renderer = self._renderer, None
        self._next_rendering = time.monotonic() + REST * renderer.seconds()
        if problem := renderer.problem():
            self._fail(renderer.game, problem, news)
        else:
            news.append((VIDEO, str(renderer.game.video)))

    def _fail(self, game: Kept, problem: str, news: News) -> None:
        self._failed.add(game.path)
        news.append((TROUBLE, f"There is no video of {game.path.name}: {problem} Try: quarterup record {game.path}"))

    def _stop_rendering(self) -> None:
        if self._renderer is not None:
            self._renderer.stop()
            self._renderer = None


class Renderer:
    """The process that makes one video: see `render_worker`. It ends when this one does, however that comes about."""

    def __init__(self, game: Kept, roms: Sequence[Path], pace: str) -> None:
        self.game = game
        self.pace = pace
        self._began = time.monotonic()
        self._log = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, "-m", "quarterup.training.render_worker", pace, game.path, game.video, *roms],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._log,
            start_new_session=os.name == "posix",  # Ctrl-C is for the trainer.
        )
        self._end = weakref.finalize(self, _end, self._process, game.video)

    def ended(self) -> bool:
        return self._process.poll() is not None

    def seconds(self) -> float:
        return time.monotonic() - self._began

    def problem(self) -> str:
        """Why there is no video, once ended; empty if there is one."""
        status = self._process.returncode
        said = tail_of(self._log).strip().splitlines()
        self.stop()
        if status == 0:
            return ""
        return said[-1] if said else f"its process ended with status {status}."

    def stop(self) -> None:
        self._end()
        self._log.close()


def _end(process: subprocess.Popen[bytes], video: Path) -> None:
    assert process.stdin is not None
    with contextlib.suppress(OSError):
        process.stdin.close()
    process.kill()
    process.wait()
    with contextlib.suppress(OSError):
        video.with_name(video.name + ".part").unlink(missing_ok=True)
