"""Trunks, heads and their composition."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from quarterup.agents.networks.heads import DuelingHead, PlainHead
from quarterup.agents.networks.q_network import QNetwork
from quarterup.agents.networks.trunks import make_trunk, to_unit_range


def make_network(shape: tuple[int, ...] = (6,), **others: Any) -> QNetwork:
    torch.manual_seed(0)
    defaults = {"hidden_sizes": (16,), "head_size": 8, "dueling": True, "noisy": True}
    return QNetwork(shape, 3, 5, **{**defaults, **others})


@pytest.mark.parametrize("dueling", [False, True])
@pytest.mark.parametrize("noisy", [False, True])
@pytest.mark.parametrize("shape", [(6,), (4, 84, 84), (1, 36, 50), (3, 210, 160)])
def test_outputs_have_a_row_for_each_action(shape: tuple[int, ...], dueling: bool, noisy: bool) -> None:
    network = make_network(shape, dueling=dueling, noisy=noisy)
    outputs = network(torch.zeros(2, *shape, dtype=torch.uint8))
    assert outputs.shape == (2, 3, 5)
    assert outputs.dtype == torch.float32


@pytest.mark.parametrize("shape", [(), (84, 84), (84, 84, 3), (4, 20, 84)])
def test_shapes_without_a_network_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="none for the shape"):
        make_trunk(shape, (16,))


def test_the_nature_trunk_has_the_published_number_of_features() -> None:
    trunk, features = make_trunk((4, 84, 84), ())
    assert features == 3136
    assert sum(p.numel() for p in trunk.parameters()) == 77_984


def test_bytes_are_scaled_and_floats_are_not() -> None:
    assert to_unit_range(torch.tensor([0, 51, 255], dtype=torch.uint8)).tolist() == pytest.approx([0, 0.2, 1])
    assert to_unit_range(torch.tensor([-3.0, 300.0], dtype=torch.float16)).tolist() == [-3, 300]


def test_dueling_outputs_have_the_value_as_their_mean_over_actions() -> None:
    head = DuelingHead(4, 8, 3, 5, noisy=False)
    features = torch.randn(2, 4)
    value = head.value(head.hidden(features).relu()[:, :8])
    torch.testing.assert_close(head(features).mean(dim=1), value)


def test_the_streams_of_a_dueling_head_share_no_hidden_unit() -> None:
    head = DuelingHead(4, 8, 3, 5, noisy=False)
    centred = head(torch.randn(2, 4))
    (centred - centred.mean(dim=1, keepdim=True)).square().sum().backward()
    assert torch.allclose(head.hidden.weight.grad[:8], torch.zeros(8, 4), atol=1e-6)
    assert head.hidden.weight.grad[8:].abs().max() > 1e-3


def test_a_plain_head_is_two_layers() -> None:
    head = PlainHead(4, 8, 3, 5, noisy=False)
    features = torch.randn(2, 4)
    torch.testing.assert_close(head(features).flatten(1), head.advantage(head.hidden(features).relu()))


def test_noise_changes_the_outputs_until_it_is_removed() -> None:
    network, generator = make_network(), torch.Generator().manual_seed(0)
    inputs = torch.randn(1, 6).expand(4, 6)
    quiet = network(inputs)
    network.resample_noise(1, generator)
    first = network(inputs)
    network.resample_noise(1, generator)
    assert not torch.allclose(first, network(inputs))
    assert torch.allclose(first[0], first[1])
    network.resample_noise(4, generator)
    own = network(inputs)
    assert not torch.allclose(own[0], own[1])
    network.remove_noise()
    torch.testing.assert_close(network(inputs), quiet)


def test_all_layers_of_the_head_get_noise_of_their_own() -> None:
    network = make_network()
    network.resample_noise(1, torch.Generator().manual_seed(0))
    drawn = [
        number
        for layer in network.head.children()
        for side in (layer.noise_in, layer.noise_out)
        for number in side.flatten().tolist()
    ]
    assert len(drawn) == (16 + 16) + (8 + 5) + (8 + 15)
    assert len(set(drawn)) == len(drawn)


def test_a_network_without_noise_does_not_touch_the_generator() -> None:
    generator = torch.Generator().manual_seed(0)
    before = generator.get_state()
    make_network(noisy=False).resample_noise(4, generator)
    assert torch.equal(before, generator.get_state())
