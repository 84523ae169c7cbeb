"""Whether the weights in a folder are whole: a transfer that was cut leaves files that are empty or
end early, and look like the others."""

from pathlib import Path

from safetensors import SafetensorError, safe_open

from stages.pipeline.errors import ModelError, cut


def check_whole(folder: Path) -> None:
    """Reads the header of each file of weights, which says how long the file is.

    Raises:
        ModelError: a file is damaged, or longer or shorter than that.
    """
    for file in sorted(folder.glob("*.safetensors")):
        try:
            with safe_open(file, framework="np"):
                pass
        except SafetensorError as error:
            raise ModelError(
                str(file),
                f"is damaged ({type(error).__name__}: {cut(str(error))}).",
                "Fetch it again, or make it again: `dvc checkout --force`, `dvc pull --force` or "
                "`dvc repro`.",
            ) from None
