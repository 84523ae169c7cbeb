"""Whether the encoder of BERTScore can be used, before a model is trained that it shall measure."""

from pathlib import Path

from stages.params.evaluate import Bertscore
from stages.pipeline.errors import InputError, ModelError
from stages.pipeline.hashes import dvc_hash
from stages.preflight.files import check_files
from stages.preflight.model import check_config, refusing
from stages.preflight.whole import check_whole


def check_encoder(of: Bertscore) -> None:
    """
    Raises:
        InputError, ModelError: the encoder is not there, is another one, is damaged, would bring
            in what lies elsewhere, or has no such layer.
    """
    from transformers import AutoConfig

    folder, where = Path(of.path), f"evaluate.bertscore.path {of.path}"
    if not (folder / "config.json").is_file():
        raise InputError(
            where,
            "holds no model, and without its weights there is no BERTScore.",
            "Put an encoder there, or set evaluate.bertscore to null in params.yaml.",
        )
    files = sorted(file for file in folder.rglob("*") if not file.is_dir())
    check_files(folder, files)
    if (digest := dvc_hash(folder)) != of.digest:
        raise ModelError(
            where,
            f"has the digest {digest}, and evaluate.bertscore.digest is {of.digest}.",
            "If this is the encoder that you mean, write its digest into params.yaml.",
        )
    check_config(folder)
    with refusing(folder, "its config.json cannot be used"):
        layers = AutoConfig.from_pretrained(folder, trust_remote_code=False).num_hidden_layers
    if of.layer > layers:
        raise ModelError(
            f"evaluate.bertscore.layer {of.layer}",
            f"is more than the {layers} that the encoder has.",
            "Name one of them in params.yaml.",
        )
    check_whole(folder)
