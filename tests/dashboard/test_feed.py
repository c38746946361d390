"""What pages are sent of what a trainer shows."""

from __future__ import annotations

import base64
import json

import pytest

from quarterup.dashboard.feed import ALL, Viewer, with_pictures
from quarterup.training.png import png

PICTURE, VIEW = bytes(range(12)), bytes(range(8))


def shown(values: dict[str, object], *pictures: bytes) -> bytes:
    numbers = json.dumps(values).encode()
    return len(numbers).to_bytes(4, "little") + numbers + b"".join(pictures)


def test_the_mind_is_a_message_of_its_own_and_knows_its_game() -> None:
    game = {"env": 1, "action": 3, "time": 5.0, "score": 70, "lives": 2, "picture": [2, 2, 3]}
    content = shown({**game, "mind": {"beliefs": {"values": [1]}, "view": [2, 2, 2]}}, PICTURE, VIEW)
    played, thought = map(json.loads, with_pictures(content))  # type: ignore[arg-type]
    assert base64.b64decode(played.pop("picture")) == png(PICTURE, 2, 2, 3)
    assert played == {name: value for name, value in game.items() if name != "picture"}
    assert base64.b64decode(thought["view"].pop("png")) == png(VIEW, 2, 4, 1)
    assert thought == {
        "env": 1, "action": 3, "time": 5.0, "score": 70, "lives": 2,
        "beliefs": {"values": [1]}, "view": {"width": 2, "height": 4, "layers": 2},
    }  # fmt: skip


def test_between_minds_a_picture_comes_alone() -> None:
    played, thought = with_pictures(shown({"env": 0, "picture": [2, 2, 3]}, PICTURE))
    assert thought is None
    assert b"png" not in played
    assert len(json.loads(played)["picture"]) > 50


@pytest.mark.parametrize(
    ("env", "wanted"),
    [(0, {"game 0", "mind 0"}), (1, {"game 1", "mind 1"}), (ALL, {"game 0", "game 1", "mind 0"})],
)
def test_a_page_is_sent_what_it_shows(env: int, wanted: set[str]) -> None:
    kinds = {"about", "progress", "game 0", "game 1", "mind 0", "mind 1"}
    assert {kind for kind in kinds if Viewer(env, 10.0).wants(kind)} == wanted | {"about", "progress"}
