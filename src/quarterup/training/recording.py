"""From the trace of a game to a file: a video, a GIF, or MAME's own recording of inputs."""

from __future__ import annotations

import shlex
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from quarterup.emulators.emulator import MachineFacts
from quarterup.emulators.launch import find_rom, mame_machine
from quarterup.emulators.mame_program import find_mame
from quarterup.envs.trace import Trace
from quarterup.games.game import Game
from quarterup.games.registry import find_game
from quarterup.training.gif import GifWriter
from quarterup.training.overlay import with_overlay
from quarterup.training.playback import Playback
from quarterup.training.video import SCALE, VideoWriter

Format = Literal["mp4", "gif"]
USUAL_SAMPLE_RATE_HZ = 48_000
"""MAME's own default. With another one, sound chips that tell their processor when they are done do so at other
times."""


def record_video(
    trace: Trace,
    path: Path,
    *,
    format: Format = "mp4",
    scale: int = SCALE,
    overlay: bool = False,
    roms: Sequence[Path] = (),
    max_frames: int | None = None,
    threads: int = 0,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> bool:
    """Play the game again and write it to `path`. Returns whether all of it is there: a GIF may not hold it.

    `max_frames` cuts it short; then it is not checked how the game comes out. `progress` is told how many frames are
    done, and of how many. Raises PlaybackError if the game came out otherwise than it was.
    """
    with Playback(trace, roms=roms) as playback:
        facts = playback.facts
        shape = pixel_aspect(facts)
        with (
            GifWriter(path, facts.refresh_hz, scale, shape)
            if format == "gif"
            else VideoWriter(path, facts.refresh_hz, scale, shape, threads)
        ) as video:
            total = min(playback.frames, max_frames or playback.frames)
            for frame in playback.play():
                assert frame.screen is not None
                video.add(with_overlay(frame) if overlay else frame.screen)
                progress(video.frames, total)
                if video.frames == max_frames:
                    break
    return not video.cut


def pixel_aspect(facts: MachineFacts) -> float:
    """Width to height of a pixel. Where MAME does not tell, the screen is 4:3, or 3:4 when it stands upright."""
    width, height = facts.screen_width, facts.screen_height
    display = facts.display_aspect or (4 / 3 if width >= height else 3 / 4)
    return display * height / width


def record_inp(
    trace: Trace,
    path: Path,
    *,
    roms: Sequence[Path] = (),
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> str:
    """Play the game again while MAME records its inputs to `path`, from power-on. Returns the command that shows it.

    The file is MAME's own: a MAME of the same version plays it back without quarterup.
    """
    path = path.absolute()
    with tempfile.TemporaryDirectory(prefix=".inp-", dir=path.parent) as folder:
        options = ["-input_directory", folder, "-record", path.name]
        with Playback(
            trace, roms=roms, pictures=False, sample_rate=USUAL_SAMPLE_RATE_HZ, arguments=options
        ) as playback:
            for done, _ in enumerate(playback.play(), 1):
                progress(done, playback.frames)
            playback.switch_off()
        shutil.move(Path(folder) / path.name, path)
        return playback_command(find_game(trace.game), path, roms)


def playback_command(game: Game[Any], inp: Path, roms: Sequence[Path] = ()) -> str:
    """How to see the game of `inp` in a MAME without quarterup, as a line for a shell.

    Its settings are MAME's own defaults, whatever the player's are: switches, keys and what machines remember would
    make another game of it.
    """
    own = str(inp.with_suffix(""))  # A folder that need not exist: MAME finds no settings and no memory there.
    mame = find_mame()
    search = find_rom(game.system, game.machine, roms).search
    rom_path = ";".join(str(folder) for folder in search if folder.is_dir())
    words = [mame, *mame_machine(game.system, game.machine, roms), "-noreadconfig", "-rompath", rom_path]
    words += ["-samplerate", str(USUAL_SAMPLE_RATE_HZ), "-joystick_contradictory", "-skip_gameinfo"]
    words += ["-cfg_directory", f"{own}-mame", "-nvram_directory", f"{own}-mame", "-nonvram_save"]
    words += ["-input_directory", str(inp.parent), "-playback", inp.name]
    return shlex.join(words)
