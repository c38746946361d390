from __future__ import annotations

import io

import torch

from quarterup.agents.agent import AgentState
from quarterup.training.learner import Snapshot
from quarterup.training.messages import Message, read_message, snapshot_message, snapshot_of, write_message

TENSORS = {"weights": torch.arange(6.0).view(2, 3), "step": torch.tensor(3.0)}


def written(*messages: Message) -> bytes:
    stream = io.BytesIO()
    for message in messages:
        write_message(stream, message)
    return stream.getvalue()


def test_messages_come_through_one_after_the_other() -> None:
    stream = io.BytesIO(written(Message("one", {"n": [1, 2.5, None]}), Message("two", {}, TENSORS)))
    first, second = read_message(stream), read_message(stream)
    assert first == Message("one", {"n": [1, 2.5, None]})
    assert second is not None
    assert second.name == "two"
    assert all(torch.equal(second.tensors[name], tensor) for name, tensor in TENSORS.items())
    assert read_message(stream) is None


def test_half_a_message_is_none() -> None:
    whole = written(Message("two", {"n": 1}, TENSORS))
    assert all(read_message(io.BytesIO(whole[:size])) is None for size in range(len(whole)))


def test_a_snapshot_comes_through() -> None:
    snapshot = Snapshot(AgentState(TENSORS, {"rng": {"state": 2**100}}), 12, 0.75)
    message = read_message(io.BytesIO(written(snapshot_message("load", snapshot))))
    assert message is not None
    found = snapshot_of(message)
    assert (found.updates, found.due, found.agent.values) == (12, 0.75, {"rng": {"state": 2**100}})
    assert torch.equal(found.agent.tensors["weights"], TENSORS["weights"])
