"""log p(target) in blocks equals the formula on the whole matrix."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from spacy_rnn.network import linear_nll
from spacy_rnn.network.linear_nll import row_blocks, target_log_probs

ROWS, WORDS, WIDTH = 37, 50, 6


def make_inputs(scale=1.0):
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(ROWS, WIDTH, generator=generator) * scale
    weight = torch.randn(WORDS, WIDTH, generator=generator)
    bias = torch.randn(WORDS, generator=generator)
    targets = torch.randint(0, WORDS, (ROWS,), generator=generator)
    grad = torch.randn(ROWS, generator=generator)
    return [hidden, weight, bias], targets, grad


def run(inputs, targets, grad, dtype=torch.float32):
    leaves = [tensor.clone().requires_grad_() for tensor in inputs]
    result = target_log_probs(*leaves, targets, dtype)
    result.backward(grad)
    return result.detach(), [leaf.grad for leaf in leaves]


def run_plain(inputs, targets, grad):
    hidden, weight, bias = [tensor.double().requires_grad_() for tensor in inputs]
    logits = (hidden[:, None, :] * weight[None]).sum(2) + bias
    result = torch.stack(
        [row[t] - row.exp().sum().log() for row, t in zip(logits, targets, strict=True)]
    )
    result.backward(grad.double())
    return result.detach(), [hidden.grad, weight.grad, bias.grad]


@pytest.mark.parametrize("block", [1, WORDS, 10 * WORDS + 3, ROWS * WORDS, 10**9])
def test_values_and_gradients_equal_the_formula_whatever_the_block(monkeypatch, block):
    monkeypatch.setattr(linear_nll, "BLOCK_LOGITS", block)
    inputs, targets, grad = make_inputs()
    values, grads = run(inputs, targets, grad)
    expected, expected_grads = run_plain(inputs, targets, grad)
    assert values.dtype == torch.float32
    torch.testing.assert_close(values.double(), expected, atol=1e-5, rtol=1e-5)
    for ours, theirs in zip(grads, expected_grads, strict=True):
        torch.testing.assert_close(ours.double(), theirs, atol=1e-5, rtol=1e-5)


def test_gradient_equals_finite_differences():
    inputs, targets, grad = make_inputs()
    _, grads = run(inputs, targets, grad)
    exact = [tensor.double() for tensor in inputs]
    eps = 1e-6

    def total():
        logits = exact[0] @ exact[1].T + exact[2]
        return (torch.log_softmax(logits, 1)[torch.arange(ROWS), targets] * grad).sum()

    for tensor, ours in zip(exact, grads, strict=True):
        flat = tensor.view(-1)
        for place in range(0, len(flat), 11):
            before = flat[place].item()
            flat[place] = before + eps
            above = total()
            flat[place] = before - eps
            slope = (above - total()) / (2 * eps)
            flat[place] = before
            assert abs(slope - ours.reshape(-1)[place]) < 1e-4


def test_huge_logits_neither_overflow_nor_lose_the_gradient():
    inputs, targets, grad = make_inputs(scale=1e4)
    values, grads = run(inputs, targets, grad)
    hidden, weight, bias = [tensor.double().requires_grad_() for tensor in inputs]
    expected = torch.log_softmax(hidden @ weight.T + bias, 1)[torch.arange(ROWS), targets]
    torch.testing.assert_close(values.double(), expected.detach(), atol=0.05, rtol=1e-4)
    assert all(tensor.isfinite().all() for tensor in grads)


def test_no_rows_give_no_values_and_zero_gradients():
    inputs, targets, grad = make_inputs()
    values, grads = run([inputs[0][:0], *inputs[1:]], targets[:0], grad[:0])
    assert values.shape == (0,)
    assert grads[0].shape == (0, WIDTH)
    assert not grads[1].any()
    assert not grads[2].any()


def test_second_backward_pass_is_right_or_refused(monkeypatch):
    """The logits of the first one are overwritten, which must not go unnoticed."""
    inputs, targets, grad = make_inputs()
    _, (expected, *_) = run(inputs, targets, grad)
    for block in (WORDS, 10**9):
        monkeypatch.setattr(linear_nll, "BLOCK_LOGITS", block)
        hidden = inputs[0].clone().requires_grad_()
        result = target_log_probs(hidden, *inputs[1:], targets, torch.float32)
        result.backward(grad, retain_graph=True)
        hidden.grad = None
        try:
            result.backward(grad)
        except RuntimeError:
            continue
        torch.testing.assert_close(hidden.grad, expected)


class LargestTensor(TorchDispatchMode):
    """Notes the size of the largest tensor that any operation makes."""

    numbers = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, tuple | list) else [result]:
            if isinstance(tensor, torch.Tensor):
                self.numbers = max(self.numbers, tensor.numel())
        return result


def test_no_step_makes_more_logits_than_a_block(monkeypatch):
    inputs, targets, grad = make_inputs()
    with LargestTensor() as whole:
        run(inputs, targets, grad)
    assert whole.numbers == ROWS * WORDS
    monkeypatch.setattr(linear_nll, "BLOCK_LOGITS", WORDS)
    with LargestTensor() as blocks:
        run(inputs, targets, grad)
    assert blocks.numbers == 8 * WORDS


@pytest.mark.parametrize("learns", [False, True])
def test_prediction_has_smaller_blocks_than_training_whatever_the_weights_are(monkeypatch, learns):
    inputs, targets, _ = make_inputs()
    monkeypatch.setattr(linear_nll, "BLOCK_LOGITS", WORDS)
    inputs = [value.requires_grad_() for value in inputs]
    with LargestTensor() as largest, torch.set_grad_enabled(learns):
        target_log_probs(*inputs, targets, torch.float32)
    logits = (8 if learns else 1) * WORDS
    assert largest.numbers == max(logits, inputs[1].numel())


@given(st.integers(0, 300), st.integers(0, 400), st.integers(1, 1000))
@settings(deadline=None)
def test_blocks_cover_the_rows_in_order_and_stay_bounded(rows, columns, bound):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(linear_nll, "BLOCK_LOGITS", bound)
        blocks = row_blocks(rows, columns)
    assert [row for block in blocks for row in range(rows)[block]] == list(range(rows))
    sizes = [block.stop - block.start for block in blocks]
    assert all(size == 1 or size * columns <= bound for size in sizes)


def test_bfloat16_stays_close_and_keeps_float32_outside():
    inputs, targets, grad = make_inputs()
    expected, expected_grads = run(inputs, targets, grad)
    values, grads = run(inputs, targets, grad, torch.bfloat16)
    assert values.dtype == torch.float32
    assert all(tensor.dtype == torch.float32 for tensor in grads)
    # 8 bits of precision: a logit is off by at most 1/256 of its size, and so is a gradient
    largest = (inputs[0] @ inputs[1].T).abs().max()
    assert (values - expected).abs().max() < largest / 128
    assert not torch.equal(values, expected)
    for ours, theirs in zip(grads, expected_grads, strict=True):
        assert (ours - theirs).norm() < theirs.norm() / 50


class Products(TorchDispatchMode):
    """Notes the shapes of all products."""

    def __init__(self):
        super().__init__()
        self.shapes = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func._overloadpacket == torch.ops.aten.mm:
            self.shapes.add(tuple(tuple(tensor.shape) for tensor in args))
        return func(*args, **(kwargs or {}))


def test_products_in_a_lower_format_have_few_shapes_and_the_same_result():
    generator = torch.Generator().manual_seed(0)
    weight, bias = torch.randn(WORDS, WIDTH, generator=generator), torch.zeros(WORDS)
    shut = torch.arange(480) % 2 == 0
    hidden = torch.randn(480, WIDTH, generator=generator)
    targets = torch.randint(1, WORDS, (480,), generator=generator)
    whole = [tensor.clone().requires_grad_() for tensor in (hidden, weight, bias)]
    expected = target_log_probs(*whole, targets, torch.bfloat16, shut)
    with Products() as products:
        for size in range(449, 480):
            leaves = [tensor.clone().requires_grad_() for tensor in (hidden[:size], weight, bias)]
            found = target_log_probs(*leaves, targets[:size], torch.bfloat16, shut[:size])
            found.sum().backward()
            torch.testing.assert_close(found, expected[:size], atol=1e-5, rtol=1e-5)
    assert len(products.shapes) == 3  # the logits, and both gradients
    expected[:479].sum().backward()
    for one, other in zip(leaves, whole, strict=True):
        theirs = other.grad[:479] if one is leaves[0] else other.grad
        torch.testing.assert_close(one.grad, theirs, atol=1e-2, rtol=1e-2)
