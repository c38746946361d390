"""`quarterup <verb>`: finds the verb's module, reads its settings from the command line, and runs it.

A verb is one file, `cli/<verb>.py`, that has two things:

- `Settings`: a frozen dataclass that tyro turns into flags. Its docstring is the verb's help text, the
  docstring under each field the flag's. A positional argument is a `tyro.conf.Positional[...]` field. Verbs
  that can print JSON have a field `json: bool = False`.
- `run(settings) -> int`: does the work and returns the exit code.

A verb whose defaults depend on its arguments also has `defaults(arguments) -> Settings`.

With `--json` the last line on stdout is one JSON object, and what is for people goes to stderr. What a person
can put right is raised as one of quarterup's own exceptions; it becomes one message and exit code 2.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

import quarterup

VERBS = {
    "demo": "train an agent on Space Invaders in a few minutes, and see what came of it",
    "train": "train an agent on a game, or go on with a run",
    "dashboard": "watch runs in the browser, and compare them",
    "set": "change exploration, step size and other schedules of a run while it goes on",
    "eval": "play episodes with an agent, at random, or with the rule-based player, and report the scores",
    "play": "watch a policy play, or play yourself, in a window or in the browser",
    "demos": "the games that people played, for training to learn from",
    "record": "the best game of a run as a video, a GIF, or MAME's own recording of inputs",
    "games": "the games, and which ROM each would run",
    "inputs": "what can be pressed, turned and switched on a game's machine",
    "doctor": "what is installed, what is missing, and what to do about it",
    "bench": "measure the speed of the emulator, the environment, the replay, and the learner",
    "plot": "draw the curves of a run",
    "compare": "compare agents over several runs, with intervals",
    "export": "hand a run's metrics to other programs: CSV, JSON lines, Parquet, TensorBoard, Weights & Biases",
}
"""Each verb is the module `quarterup.cli.<verb>`; modules are imported only when their verb is asked for."""

EXIT_ERROR = 2
EXIT_INTERRUPTED = 130
"""128 + SIGINT, as shells report it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_usage())
        return 0
    verb, *rest = arguments
    if verb in ("-V", "--version"):
        print(f"quarterup {quarterup.__version__}")
        return 0
    if verb not in VERBS:
        return _fail(f"There is no command {verb!r}.{_nearest(verb)} `quarterup --help` lists them all.", rest)
    try:
        return _run(verb, rest)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone, as `head` does. Python would complain when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if not _speaks_to_the_person(error):
            raise
        return _fail(str(error), rest)


def _run(verb: str, arguments: list[str]) -> int:
    import tyro

    module: Any = importlib.import_module(f"quarterup.cli.{verb}")
    default = module.defaults(arguments) if hasattr(module, "defaults") else None
    settings = tyro.cli(
        module.Settings,
        args=arguments,
        default=default,
        prog=f"quarterup {verb}",
        config=(tyro.conf.FlagCreatePairsOff,),
    )
    return int(module.run(settings))


def _usage() -> str:
    width = max(map(len, VERBS))
    verbs = "\n".join(f"  {verb:<{width}}  {summary}" for verb, summary in VERBS.items())
    return (
        "usage: quarterup <command> [arguments]\n\n"
        "Trains agents on real arcade games, inside stock emulators.\n\n"
        f"commands:\n{verbs}\n\n"
        "`quarterup <command> --help` explains each one. `quarterup --version` prints the version."
    )


def _nearest(verb: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(verb, VERBS, n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def _speaks_to_the_person(error: Exception) -> bool:
    """Exceptions that quarterup defines say what to do; any other is a bug and shows its traceback."""
    return type(error).__module__.split(".")[0] == "quarterup"


def _fail(message: str, arguments: Sequence[str]) -> int:
    print(f"error: {message}", file=sys.stderr)
    if "--json" in arguments:
        print(json.dumps({"error": message}))
    return EXIT_ERROR


if __name__ == "__main__":
    sys.exit(main())
