"""Greedy decoding alone. A model's generation_config.json may ask for more: Qwen2.5 brings a
penalty on words that were said before, which makes another token the likeliest; others bring beams.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel


@contextmanager
def without_own_settings(model: "PreTrainedModel | PeftModel") -> Iterator[None]:
    """Meanwhile the model has no settings of its own: `generate` takes from them whatever it is not
    told, and for some there is no value that means none."""
    from transformers import GenerationConfig

    whole = cast(Any, model)
    whole = whole.get_base_model() if hasattr(model, "peft_config") else whole
    own, whole.generation_config = whole.generation_config, GenerationConfig()
    try:
        yield
    finally:
        whole.generation_config = own
