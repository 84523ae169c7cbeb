"""Which tokens end an answer, so that a server stops there."""

from pathlib import Path

from stages.formats.json_files import read_json
from stages.pipeline.errors import ModelError, shown


def stops_of(folder: Path, own_end: int | None) -> list[int]:
    """Their ids, by the model's generation_config.json, or its tokenizer's own end of text.

    Raises:
        ModelError: there are none, or what is named there is no id.
    """
    file = folder / "generation_config.json"
    named = read_json(file).get("eos_token_id") if file.is_file() else None
    if named is None:
        named = own_end
    stops = named if isinstance(named, list) else [] if named is None else [named]
    if strange := [stop for stop in stops if type(stop) is not int or stop < 0]:
        raise ModelError(
            str(file),
            f"names {shown(strange[0])} as a token that ends an answer (eos_token_id).",
            "Write the numbers of tokens there.",
        )
    if not stops:
        raise ModelError(
            str(folder / "tokenizer_config.json"),
            "names no token that ends an answer.",
            "Name it in encode.stop_token of params.yaml.",
        )
    return stops
