"""Training through the rounding of the export, and export by error feedback: what they keep of a
tuning that rounding to the nearest undoes."""

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model

from stages.pipeline.errors import ModelError
from stages.training.qat import rounded_to_mxfp4, train_as_it_ships
from stages.weights.quantising.activations import Activations
from stages.weights.quantising.feedback import quantize_with_feedback
from stages.weights.tensors.model import Model
from stages.weights.tensors.mxfp4 import dequantize, nearest, quantize
from tests.families import model_of

EXPERTS = ["mlp.experts.gate_up_proj", "mlp.experts.down_proj"]
IDS = torch.tensor([[1, 5, 9, 30, 22, 7, 41, 3]])


def tuned_model(family: str = "gpt_oss", **lora: Any) -> Any:
    model = model_of(family, vocab_size=64)
    settings: dict[str, Any] = {"r": 4, "lora_alpha": 8, "target_modules": [], "target_parameters": EXPERTS}  # fmt: skip
    torch.manual_seed(1)
    return get_peft_model(model, LoraConfig(**(settings | lora), init_lora_weights=False))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_what_training_computes_with_is_what_the_codec_writes(dtype):
    generator = torch.Generator().manual_seed(0)
    weight = (torch.randn(3, 96, 40, generator=generator) * 0.02).to(dtype)
    weight[0, :32] = 0
    weight[1, 3] *= 100
    weight[2, 32:64] *= 1e-37  # under the least scale
    exported = dequantize(*quantize(weight.transpose(-1, -2), "even")).transpose(-1, -2)
    assert torch.equal(rounded_to_mxfp4(weight), exported.to(dtype))


def test_the_nearest_element_at_every_tie_and_beside_it():
    values = [0.0, 0.25, 0.26, 0.75, 1.25, 1.75, 2.5, 2.51, 3.5, 5.0, 5.01, 6.0, 7.9]
    rounded = [0.0, 0.0, 0.5, 1.0, 1.0, 2.0, 2.0, 3.0, 4.0, 4.0, 6.0, 6.0, 6.0]
    assert nearest(torch.tensor(values)).tolist() == rounded
    negative = nearest(-torch.tensor(values))
    assert negative.tolist() == [-value for value in rounded] and torch.signbit(negative).all()


@pytest.mark.parametrize("adapted", [EXPERTS, EXPERTS[1:]])
def test_the_model_in_training_is_the_one_that_will_ship(adapted):
    """Its logits are those of a plain model that holds the rounded sums; experts that are not
    adapted are rounded, too."""
    trained = tuned_model(target_parameters=adapted)
    reference: Any = tuned_model(target_parameters=adapted).merge_and_unload()
    for name, parameter in reference.named_parameters():
        if name.endswith(tuple(EXPERTS)):
            parameter.data = rounded_to_mxfp4(parameter.data)
    train_as_it_ships(trained)
    with torch.no_grad():
        ours, theirs = trained(IDS).logits, reference(IDS).logits
        plain = tuned_model(target_parameters=adapted)(IDS).logits
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
    assert (plain - theirs).abs().max() > 100 * (ours - theirs).abs().max()
    assert torch.equal(trained(IDS).logits, ours), "a second pass adds no second rounding"


def test_the_gradient_passes_straight_through():
    """Each factor gets the gradient that it would get if the rounded numbers were its own sum."""
    trained = tuned_model()
    train_as_it_ships(trained)
    trained(IDS, labels=IDS).loss.backward()
    gradients = {name: p.grad for name, p in trained.named_parameters() if ".lora_" in name}
    assert len(gradients) == 8
    assert all(g is not None and g.abs().sum() > 0 for g in gradients.values())
    name = "base_model.model.model.layers.0.mlp.experts.lora_B.default.weight"
    factor = dict(trained.named_parameters())[name]
    before = trained(IDS, labels=IDS).loss.item()
    gradient: Any = gradients[name]
    with torch.no_grad():
        factor -= gradient / gradient.norm()
    assert trained(IDS, labels=IDS).loss.item() < before


def test_a_model_without_fused_experts_is_refused():
    with pytest.raises(ModelError, match=r"is llama.*train\.qat to false"):
        train_as_it_ships(tuned_model("llama", target_modules=["q_proj"], target_parameters=None))


def correlated(tokens: int, size: int, seed: int = 0) -> torch.Tensor:
    """Inputs as a network has them: most of their energy in few directions."""
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn(size, size, generator=generator) / size**0.5
    spectrum = torch.linspace(0, -12, size).exp()
    return torch.randn(tokens, size, generator=generator) * spectrum @ mixing


def cost(inputs: torch.Tensor, miss: torch.Tensor) -> float:
    """The squared error of what the weight gives."""
    return float((inputs @ miss.T).square().sum())


def test_feedback_errs_less_where_it_counts_than_any_rule():
    weight = torch.randn(48, 128, generator=torch.Generator().manual_seed(1)) * 0.02
    inputs, fresh = correlated(1000, 128), correlated(1000, 128, seed=0)[500:]
    with_feedback = dequantize(*quantize_with_feedback(weight, inputs, None))
    for rule in ("even", "floor", "ceil6", "search"):
        plain = dequantize(*quantize(weight, rule))
        assert cost(fresh, with_feedback - weight) < 0.5 * cost(fresh, plain - weight), rule


def test_feedback_keeps_a_tuning_that_rounding_undoes():
    """Over weights that MXFP4 holds already, a change of 3 % of their size: most weights stay
    within half a step, so rounding gives the base back; feedback gives what the change did."""
    generator = torch.Generator().manual_seed(2)
    blocks, scales = quantize(torch.randn(48, 128, generator=generator) * 0.02, "even")
    base = dequantize(blocks, scales)
    low = torch.randn(48, 2, generator=generator) @ torch.randn(2, 128, generator=generator)
    tuned = base + 0.03 * low * base.norm() / low.norm()
    inputs = correlated(1000, 128)

    def kept(exported: torch.Tensor) -> float:
        wanted = inputs @ (tuned - base).T
        return float((inputs @ (exported - base).T * wanted).sum() / wanted.square().sum())

    plain = dequantize(*quantize(tuned, "search", scales))
    assert abs(kept(plain)) < 0.2
    assert kept(dequantize(*quantize_with_feedback(tuned, inputs, scales))) > 0.8


def test_no_row_is_further_off_than_under_the_plain_search():
    """Also where inputs are as good as noise, and feedback has nothing to feed back."""
    generator = torch.Generator().manual_seed(4)
    base = dequantize(*quantize(torch.randn(64, 128, generator=generator) * 0.02, "even"))
    tuned = base + torch.randn(64, 128, generator=generator) * 0.0002
    inputs = torch.randn(300, 128, generator=generator)
    plain = dequantize(*quantize(tuned, "search"))
    found = dequantize(*quantize_with_feedback(tuned, inputs, None))
    costs = [(inputs @ (each - tuned).T).square().sum(0) for each in (found, plain)]
    assert (costs[0] <= costs[1] * (1 + 1e-5)).all()


def test_what_can_be_held_exactly_is_and_without_inputs_it_is_the_search():
    blocks, scales = quantize(
        torch.randn(16, 64, generator=torch.Generator().manual_seed(3)), "even"
    )
    base = dequantize(blocks, scales)
    again = quantize_with_feedback(base, correlated(100, 64), scales)
    assert torch.equal(dequantize(*again), base) and torch.equal(again[1], scales)
    weight = base * 1.07
    for nothing in (torch.empty(0, 64), torch.zeros(5, 64)):
        found = quantize_with_feedback(weight, nothing, None)
        assert all(
            torch.equal(a, b) for a, b in zip(found, quantize(weight, "search"), strict=True)
        )
    with pytest.raises(ValueError, match="NaN or infinite"):
        quantize_with_feedback(weight * torch.inf, correlated(10, 64), None)


def test_the_recorded_inputs_are_those_that_the_experts_multiply(tmp_path):
    """From them and the weights, each layer's output is made again, token by token."""
    model = model_of("gpt_oss", vocab_size=64).to(torch.bfloat16)
    model.save_pretrained(str(tmp_path))
    rows = [[1, 5, 9, 30], [22, 7, 41, 3, 8, 8]]
    activations = Activations(tmp_path, rows)
    given: dict[str, list[torch.Tensor]] = {}
    loader: Any = type(model)
    again = loader.from_pretrained(str(tmp_path), dtype=torch.bfloat16, attn_implementation="eager")
    for name, module in again.named_modules():
        if name.endswith(".mlp.experts"):
            module.register_forward_hook(lambda *a, n=name: given.setdefault(n, []).append(a[2]))
    with torch.inference_mode():
        for ids in rows:
            again(input_ids=torch.tensor([ids]), use_cache=False)
    with Model(tmp_path) as base:
        for name, parts in given.items():
            wanted = torch.cat([part.reshape(-1, part.shape[-1]) for part in parts]).float()
            made = torch.zeros_like(wanted)
            _, chosen, shares = activations._found[name]
            for expert in range(4):
                token, place = torch.where(chosen == expert)
                share = shares[token, place].float().unsqueeze(1)
                before = activations.of(f"{name}.gate_up_proj", expert, base, {})
                assert torch.equal(before, activations._found[name][0][token].float() * share)
                inputs = activations.of(f"{name}.down_proj", expert, base, {})
                bias = base.rows(f"{name}.down_proj_bias", expert, expert + 1)[0].float()
                share = shares[token, place].float().unsqueeze(1)
                weight = base.matrix(f"{name}.down_proj", expert).float()
                made[token] += inputs @ weight.T + share * bias
            assert (made - wanted).norm() < 0.02 * wanted.norm()


def test_the_settings_agree_or_nothing_starts(tmp_path):
    from stages.params.whole import read_config
    from stages.pipeline.errors import ParamsError
    from tests.micro import ROOT, edit_yaml

    params = tmp_path / "params.yaml"
    params.write_bytes((ROOT / "params.yaml").read_bytes())

    def edit(tree: dict[str, Any]) -> None:
        tree["train"]["qat"] = True
        tree["export"]["mxfp4"]["rule"] = "search"

    edit_yaml(params, edit)
    with pytest.raises(ParamsError, match=r"train\.qat rounds by the rule even.*is search"):
        read_config(Path(params))
