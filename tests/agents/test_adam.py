"""Adam and clipping in few calls, against torch's own."""

from __future__ import annotations

import copy

import pytest
import torch

from quarterup.agents.adam import adam_step, clipped, gradient_norm, gradients_of

SHAPES = ((3, 4), (5,), (2, 3, 1, 1))


@pytest.mark.parametrize("largest_norm", [1e-3, 1e3])
@pytest.mark.parametrize("begun", [False, True])
def test_steps_are_those_of_torch(largest_norm: float, begun: bool) -> None:
    torch.manual_seed(0)
    theirs = [torch.nn.Parameter(torch.randn(shape)) for shape in SHAPES]
    ours = [torch.nn.Parameter(parameter.detach().clone()) for parameter in theirs]
    their_adam, our_adam = (torch.optim.Adam(each, lr=0.01, eps=1e-4, fused=True) for each in (theirs, ours))
    for update in range(4):
        gradients = tuple(torch.randn(shape) for shape in SHAPES)
        for parameters in (theirs, ours):
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter.grad = gradient.clone()
        norm = gradient_norm(gradients)
        expected = torch.nn.utils.clip_grad_norm_(theirs, largest_norm)
        torch.testing.assert_close(norm, expected)
        their_adam.step()
        if begun and update == 0:  # A state that torch itself, or a checkpoint, has begun.
            torch.nn.utils.clip_grad_norm_(ours, largest_norm)
            our_adam.step()
        else:
            adam_step(our_adam, ours, clipped(gradients, norm.item(), largest_norm))
        for our, their in zip(ours, theirs, strict=True):
            torch.testing.assert_close(our, their)
            assert our_adam.state[our]["step"] == their_adam.state[their]["step"] == update + 1


def test_small_gradients_are_left_as_they_are() -> None:
    gradients = torch.ones(2), torch.ones(3)
    assert clipped(gradients, 2.236, 3.0) is gradients
    halved = clipped(gradients, 2.0, 1.0)
    torch.testing.assert_close(torch.cat(halved), torch.full((5,), 0.5))
    assert gradients[0].tolist() == [1, 1]


def test_steps_are_those_of_torch_too_where_convolutions_compute_channels_last() -> None:
    torch.manual_seed(0)
    theirs = torch.nn.Conv2d(3, 4, 3)
    ours = copy.deepcopy(theirs)
    parameters = list(ours.parameters())
    their_adam, our_adam = (torch.optim.Adam(each.parameters(), lr=0.01, fused=True) for each in (theirs, ours))
    pictures = torch.randn(2, 3, 8, 8).to(memory_format=torch.channels_last)
    for _ in range(3):
        their_adam.zero_grad()
        torch.autograd.backward(theirs(pictures).square().sum())
        their_adam.step()
        adam_step(our_adam, parameters, gradients_of(ours(pictures).square().sum(), parameters))
        torch.testing.assert_close(ours.weight, theirs.weight)


@pytest.mark.skipif(not torch.set_flush_denormal(False), reason="This processor always keeps denormal numbers.")
def test_moments_too_small_to_be_normal_become_zero() -> None:
    parameter = torch.nn.Parameter(torch.ones(64))
    adam = torch.optim.Adam([parameter], fused=True)
    adam_step(adam, [parameter], (torch.full((64,), 1e-20),))
    for _ in range(900):
        adam_step(adam, [parameter], (torch.zeros(64),))
    assert adam.state[parameter]["exp_avg"].count_nonzero() == 0
    assert torch.full((1,), 1e-30).mul(1e-10).count_nonzero() == 1  # Elsewhere they are as they were.
