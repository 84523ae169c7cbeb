"""Logits at some positions are those of the whole pass, with its gradients, and of no more."""

import pytest
import torch
from peft import LoraConfig, get_peft_model

from stages.answering.positions import only_positions
from tests.families import model_of

IDS = torch.arange(1, 25).reshape(2, 12)
FAMILIES = ("gpt_oss", "llama", "qwen2", "gemma", "gemma3_text")


@pytest.mark.parametrize("tuned", [False, True], ids=["base", "adapter"])
@pytest.mark.parametrize("family", FAMILIES)
def test_they_are_those_of_the_whole_pass(family, tuned):
    torch.manual_seed(0)
    model = model_of(family).eval()
    if tuned:
        model = get_peft_model(
            model, LoraConfig(target_modules=["q_proj"], init_lora_weights=False)
        )
    wanted = torch.zeros(IDS.shape, dtype=torch.bool)
    wanted[0, 3:6] = wanted[1, 11] = True
    whole = model(input_ids=IDS).logits
    with only_positions(model, wanted):
        some = model(input_ids=IDS).logits
    assert torch.allclose(some[0], whole[wanted], atol=1e-5) and some.shape[:2] == (1, 4)
    parameters = [p for p in model.parameters() if p.requires_grad]
    expected = torch.autograd.grad(whole[wanted].logsumexp(-1).sum(), parameters, allow_unused=True)
    found = torch.autograd.grad(some.logsumexp(-1).sum(), parameters, allow_unused=True)
    for one, other in zip(expected, found, strict=True):
        assert one is other is None or torch.allclose(one, other, atol=1e-4)
    assert torch.equal(model(input_ids=IDS).logits, whole), "the hook is gone"


def test_none_wanted_is_no_logit():
    model = model_of("gpt_oss").eval()
    with only_positions(model, torch.zeros(IDS.shape, dtype=torch.bool)):
        assert model(input_ids=IDS).logits.shape[:2] == (1, 0)
