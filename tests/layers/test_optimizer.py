"""One fused step does what thinc's optimizer does array by array, or what is documented instead."""

import numpy as np
import pytest
import torch
from thinc.api import SGD, Adam, RAdam
from torch import nn

from spacy_rnn.layers.optimizer import apply_gradients

SHAPES = {"matrix": (7, 5), "bias": (5,), "other": (3, 2)}
OWNER = 17


def make_parameters():
    generator = torch.Generator().manual_seed(0)
    return {n: nn.Parameter(torch.randn(s, generator=generator)) for n, s in SHAPES.items()}


def make_gradients(steps, scale=1.0):
    generator = torch.Generator().manual_seed(1)
    return [
        {n: torch.randn(s, generator=generator) * scale for n, s in SHAPES.items()}
        for _ in range(steps)
    ]


def run_ours(optimizer, gradients):
    parameters = make_parameters()
    for step in gradients:
        for name, parameter in parameters.items():
            parameter.grad = step[name].clone()
        apply_gradients(optimizer, OWNER, parameters, "test")
        optimizer.step_schedules()
    return parameters


def run_thinc(optimizer, gradients):
    arrays = {name: p.detach().numpy().copy() for name, p in make_parameters().items()}
    for step in gradients:
        for name in arrays:
            key, gradient = (OWNER, name), step[name].numpy().copy()
            arrays[name], _ = optimizer(key, arrays[name], gradient)
        optimizer.step_schedules()
    return arrays


def assert_equal(parameters, arrays, rtol=1e-5, atol=1e-6):
    assert parameters.keys() == arrays.keys()
    for name, parameter in parameters.items():
        np.testing.assert_allclose(parameter.detach().numpy(), arrays[name], rtol, atol)


SETTINGS = {
    "adam": lambda: Adam(0.01, grad_clip=0.0),
    "adam with other settings": lambda: Adam(0.1, beta1=0.5, beta2=0.9, eps=1e-9, grad_clip=0.0),
    "sgd": lambda: SGD(0.3, grad_clip=0.0),
    "adam without averages": lambda: Adam(0.01, grad_clip=0.0, use_averages=False),
    "clip above the norm": lambda: Adam(0.01, grad_clip=1e6),
    "schedules": lambda: Adam([0.1, 0.02, 0.4, 0.003], beta1=[0.9, 0.8, 0.7], grad_clip=0.0),
}


@pytest.mark.parametrize("steps", [1, 6])
@pytest.mark.parametrize("make", SETTINGS.values(), ids=SETTINGS)
def test_weights_moments_and_averages_equal_thincs(make, steps):
    ours, theirs = make(), make()
    gradients = make_gradients(steps)
    assert_equal(run_ours(ours, gradients), run_thinc(theirs, gradients))
    for kept, expected in ((ours.mom1, theirs.mom1), (ours.mom2, theirs.mom2)):
        assert kept.keys() == expected.keys()
        for key, array in expected.items():
            np.testing.assert_allclose(kept[key].ravel(), array.ravel(), 1e-5, 1e-6)
    assert ours.nr_update == theirs.nr_update
    assert (ours.averages is None) == (theirs.averages is None)
    if theirs.averages is not None:
        assert ours.averages.keys() == theirs.averages.keys()
        for key, array in theirs.averages.items():
            assert isinstance(ours.averages[key], np.ndarray)
            np.testing.assert_allclose(ours.averages[key], array, 1e-5, 1e-6)


def test_averages_follow_thincs_decay_for_many_steps():
    steps = make_gradients(60)
    ours, theirs = SGD(0.1, grad_clip=0.0), SGD(0.1, grad_clip=0.0)
    run_ours(ours, steps)
    run_thinc(theirs, steps)
    for key, array in theirs.averages.items():
        np.testing.assert_allclose(ours.averages[key], array, 1e-4, 1e-5)


def adamw(weights, gradients, rate, decay, b1=0.9, b2=0.999, eps=1e-8):
    """Loshchilov & Hutter's algorithm 2, step by step."""
    m = v = np.zeros_like(weights)
    for t, gradient in enumerate(gradients, start=1):
        m, v = b1 * m + (1 - b1) * gradient, b2 * v + (1 - b2) * gradient**2
        fitted = (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps)
        weights = weights - rate * (fitted + decay * weights)
    return weights


def test_decoupled_decay_is_that_of_adamw_and_spares_biases():
    gradients = make_gradients(5)
    parameters = run_ours(Adam(0.05, L2=0.3, grad_clip=0.0), gradients)
    for name, start in make_parameters().items():
        steps = [step[name].double().numpy() for step in gradients]
        decay = 0.3 if start.dim() > 1 else 0.0
        expected = adamw(start.detach().double().numpy(), steps, 0.05, decay)
        assert_equal({name: parameters[name]}, {name: expected}, atol=1e-5)


def test_epsilon_stands_where_kingma_and_ba_put_it():
    """Beside the corrected second moment; thinc adds it to the uncorrected one."""
    gradients = make_gradients(3)
    parameters = run_ours(Adam(0.05, eps=0.1, grad_clip=0.0), gradients)
    for name, start in make_parameters().items():
        steps = [step[name].double().numpy() for step in gradients]
        expected = adamw(start.detach().double().numpy(), steps, 0.05, 0.0, eps=0.1)
        assert_equal({name: parameters[name]}, {name: expected})


def test_decoupled_decay_differs_from_thincs_by_a_second_order_term():
    gradients = make_gradients(1)
    rate, decay = 0.01, 0.1
    ours = run_ours(Adam(rate, L2=decay, grad_clip=0.0), gradients)
    theirs = run_thinc(Adam(rate, L2=decay, grad_clip=0.0), gradients)
    for name in ("matrix", "other"):
        # thinc decays the weights after the step, AdamW before it; a step of Adam is about `rate`
        np.testing.assert_allclose(ours[name].detach(), theirs[name], atol=2 * rate * rate * decay)


def test_decay_of_plain_gradient_descent_spares_biases():
    gradients = make_gradients(4)
    parameters = run_ours(SGD(0.1, L2=0.2, grad_clip=0.0), gradients)
    for name, start in make_parameters().items():
        weights = start.detach().double()
        for step in gradients:
            decay = 0.2 if weights.dim() > 1 else 0.0
            weights = weights - 0.1 * (step[name].double() + decay * weights)
        assert_equal({name: parameters[name]}, {name: weights.numpy()})


@pytest.mark.parametrize("make", [Adam, SGD])
def test_l2_in_the_gradient_equals_thincs_for_matrices(make):
    options = {"L2": 0.2, "L2_is_weight_decay": False, "grad_clip": 0.0}
    gradients = make_gradients(4)
    ours, theirs = (
        run_ours(make(0.05, **options), gradients),
        run_thinc(make(0.05, **options), gradients),
    )
    without = run_thinc(make(0.05, grad_clip=0.0), gradients)
    for name in ("matrix", "other"):
        assert_equal({name: ours[name]}, {name: theirs[name]})
        assert not np.allclose(theirs[name], without[name], atol=1e-3)
    assert_equal({"bias": ours["bias"]}, {"bias": without["bias"]})


def test_clipping_scales_all_gradients_by_their_joint_norm():
    gradients = make_gradients(1, scale=10.0)
    norm = sum(float((g.double() ** 2).sum()) for g in gradients[0].values()) ** 0.5
    parameters = run_ours(SGD(1.0, grad_clip=2.5), gradients)
    for name, start in make_parameters().items():
        expected = start.detach().double() - gradients[0][name].double() * 2.5 / norm
        assert_equal({name: parameters[name]}, {name: expected.numpy()})


def test_gradient_of_one_array_is_clipped_as_by_thinc():
    gradients = [{"matrix": step["matrix"] * 10} for step in make_gradients(3)]
    parameters = {"matrix": make_parameters()["matrix"]}
    array = parameters["matrix"].detach().numpy().copy()
    ours, theirs = Adam(0.1, grad_clip=0.5), Adam(0.1, grad_clip=0.5)
    for step in gradients:
        parameters["matrix"].grad = step["matrix"].clone()
        apply_gradients(ours, OWNER, parameters, "test")
        array, _ = theirs((OWNER, "matrix"), array, step["matrix"].numpy().copy())
    # where a gradient is tiny, the place of epsilon shows (see below)
    assert_equal(parameters, {"matrix": array}, atol=5e-5)


def test_small_gradients_are_not_clipped():
    gradients = make_gradients(1, scale=1e-3)
    parameters = run_ours(SGD(1.0, grad_clip=1.0), gradients)
    for name, start in make_parameters().items():
        assert torch.equal(parameters[name].detach(), start.detach() - gradients[0][name])


def test_every_setting_is_read_anew_at_every_step():
    optimizer = SGD(0.5, grad_clip=0.0, use_averages=False)
    parameters = {"matrix": nn.Parameter(torch.zeros(2, 2))}
    for rate in (0.5, 0.25, 2.0):
        optimizer.learn_rate = rate
        before = parameters["matrix"].detach().clone()
        parameters["matrix"].grad = torch.ones(2, 2)
        apply_gradients(optimizer, OWNER, parameters, "test")
        assert torch.equal(before - parameters["matrix"].detach(), torch.full((2, 2), rate))


def test_weights_change_in_place_and_gradients_are_cleared():
    parameters = make_parameters()
    before = {name: (p.data_ptr(), p.detach().clone()) for name, p in parameters.items()}
    optimizer = Adam(0.1)
    for step in make_gradients(3):
        for name, parameter in parameters.items():
            parameter.grad = step[name]
        apply_gradients(optimizer, OWNER, parameters, "test")
        assert all(parameter.grad is None for parameter in parameters.values())
    for name, parameter in parameters.items():
        assert parameter.data_ptr() == before[name][0]
        assert not torch.equal(parameter, before[name][1])


def test_weights_without_a_gradient_are_left_alone():
    parameters = make_parameters()
    before = parameters["other"].detach().clone()
    optimizer = Adam(0.1, L2=0.5)
    for name in ("matrix", "bias"):
        parameters[name].grad = torch.ones(SHAPES[name])
    apply_gradients(optimizer, OWNER, parameters, "test")
    assert torch.equal(parameters["other"], before)
    assert (OWNER, "other") not in optimizer.averages
    assert optimizer.nr_update[(OWNER, "other")] == 0
    apply_gradients(optimizer, OWNER, {}, "test")


def test_owners_do_not_share_moments():
    optimizer = Adam(0.1)
    both = [make_parameters(), make_parameters()]
    for owner, parameters in enumerate(both):
        for name, parameter in parameters.items():
            parameter.grad = make_gradients(1)[0][name]
        apply_gradients(optimizer, owner, parameters, "test")
    assert all(torch.equal(both[0][name], both[1][name]) for name in SHAPES)
    assert {owner for owner, _ in optimizer.mom1} == {0, 1}


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("grad_clip", [0.0, 1.0])
def test_gradient_that_is_not_finite_changes_nothing_and_is_named(bad, grad_clip):
    optimizer = Adam(0.1, grad_clip=grad_clip)
    parameters = run_ours(optimizer, make_gradients(1))
    before = {name: p.detach().clone() for name, p in parameters.items()}
    moments = {key: array.copy() for key, array in optimizer.mom1.items()}
    for name, parameter in parameters.items():
        parameter.grad = torch.ones(SHAPES[name])
    parameters["matrix"].grad[2, 3] = bad
    with pytest.raises(ValueError, match=r"R014.*my model.*\(in: matrix\)"):
        apply_gradients(optimizer, OWNER, parameters, "my model")
    assert all(torch.equal(parameters[name], before[name]) for name in SHAPES)
    assert all(np.array_equal(optimizer.mom1[key], moments[key]) for key in moments)
    assert set(optimizer.nr_update.values()) == {1}
    # the next step starts clean
    assert all(parameter.grad is None for parameter in parameters.values())


def test_gradients_whose_norm_overflows_are_named():
    parameters = make_parameters()
    for name, parameter in parameters.items():
        parameter.grad = torch.full(SHAPES[name], 3e38)
    with pytest.raises(ValueError, match=r"R014.*matrix, bias, other"):
        apply_gradients(Adam(0.1), OWNER, parameters, "test")


def test_radam_is_refused():
    parameters = make_parameters()
    parameters["bias"].grad = torch.ones(SHAPES["bias"])
    with pytest.raises(ValueError, match="R013"):
        apply_gradients(RAdam(0.1), OWNER, parameters, "test")
    assert torch.equal(parameters["bias"], make_parameters()["bias"])
