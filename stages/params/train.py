"""The section `train`: the adapter and its training."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from stages.params.section import Batch, Count, RowTokens, Section, Sections, Text

Alpha = Annotated[int, Field(ge=1, le=65_536)]


class Lora(Section):
    r: Annotated[int, Field(ge=1, le=1024)]
    lora_alpha: Alpha
    lora_dropout: Annotated[float, Field(ge=0.0, lt=1.0)]
    target_modules: list[Text] | Literal["all-linear"]
    target_parameters: list[Text]
    layers: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)] | None
    use_rslora: bool
    rank_pattern: dict[Text, Annotated[int, Field(ge=1, le=1024)]]
    alpha_pattern: dict[Text, Alpha]

    @model_validator(mode="after")
    def _somewhere(self) -> "Lora":
        if not self.target_modules and not self.target_parameters:
            raise ValueError("give target_modules, target_parameters, or both")
        return self


class Train(Section):
    lora: Lora
    dtype: Literal["float32", "bfloat16"]
    quantization: Literal["none", "nf4"]
    attention: Literal["auto", "eager", "sdpa", "flash_attention_2"]
    packing: bool
    qat: bool
    num_train_epochs: Annotated[float, Field(gt=0.0, le=10_000.0)]
    global_batch_size: Batch
    optimizer: Literal["adamw_torch_fused", "adamw_torch", "adamw_8bit", "paged_adamw_8bit"]
    learning_rate: Annotated[float, Field(gt=0.0, le=1.0)]
    lr_scheduler_type: Literal[
        "cosine", "linear", "constant", "constant_with_warmup", "polynomial", "inverse_sqrt"
    ]
    warmup_steps: Annotated[float, Field(ge=0.0)]
    weight_decay: Annotated[float, Field(ge=0.0)]
    max_grad_norm: Annotated[float, Field(gt=0.0)]
    gradient_checkpointing: bool
    logging_steps: Count
    eval_steps: Count | None
    keep: Literal["last", "best"]
    early_stopping_patience: Count | None

    @model_validator(mode="after")
    def _stops_on_the_best(self) -> "Train":
        if self.early_stopping_patience and self.keep != "best":
            raise ValueError("early_stopping_patience needs keep: best")
        if self.warmup_steps >= 1 and self.warmup_steps != int(self.warmup_steps):
            raise ValueError("warmup_steps is a share of all steps below 1, else a whole number")
        return self


class LongestRow(Sections):
    """What of the section `encode` a training needs: a block is as long as the longest row."""

    max_length_tokens: RowTokens
