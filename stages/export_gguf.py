"""Writes the MXFP4 model as one file for llama.cpp: `models/mxfp4/` in,
`models/gguf-<type>/model.gguf` out.

The experts' weights are packed anew and stay the same numbers; the embeddings, the attention and
the head become `--type`: bf16, which is what they are, or f16 for machines that are slow in BF16.
llama.cpp can quantise the file further. What the format holds is told in
`stages.weights.gguf.layout`.
"""

import logging
from contextlib import closing

from stages.formats.json_files import write_json
from stages.numerics.pins import pin_numerics
from stages.params.compute import Compute
from stages.params.reading import read_params
from stages.params.runtime import Runtime
from stages.params.section import Sections
from stages.pipeline import paths
from stages.pipeline.errors import ParamsError
from stages.pipeline.outputs import publish
from stages.pipeline.program import item, run

log = logging.getLogger("export_gguf")
# It would tell of every step with the name of a file that is not there yet.
logging.getLogger("gguf.gguf_writer").setLevel(logging.WARNING)


class Params(Sections):
    compute: Compute
    runtime: Runtime


def main() -> None:
    kind = item("type")
    if kind not in ("bf16", "f16"):
        raise ParamsError("--type", f"{kind!r} is not a type of a GGUF.", "Use bf16 or f16.")
    params = read_params(Params)
    pin_numerics(params.compute)
    from gguf import GGUFWriter
    from tqdm import tqdm

    from stages.weights.gguf import layout
    from stages.weights.gguf.tokenizer import add_tokenizer
    from stages.weights.tensors.checkpoint import Checkpoint

    source = paths.MODELS / "mxfp4"
    described = layout.read_config(source)
    entries = layout.layout(described, kind)
    outs = [paths.MODELS / f"gguf-{kind}", paths.METRICS / "gguf" / f"{kind}.json"]
    hidden, rounded = not params.runtime.progress, 0
    with publish(*outs) as (folder, metrics_file), Checkpoint(source) as checkpoint:
        layout.check_names(entries, checkpoint)
        folder.mkdir()
        writer = GGUFWriter(folder / "model.gguf", layout.ARCHITECTURE)
        layout.add_metadata(writer, described)
        add_tokenizer(writer, source, described.vocab_size)
        layout.add_tensors(writer, entries)
        with closing(writer):
            writer.write_header_to_file()
            writer.write_kv_data_to_file()
            writer.write_ti_data_to_file()
            for entry in tqdm(entries, unit="tensor", mininterval=5, disable=hidden):
                tensor, lost = layout.encode(entry, checkpoint)
                writer.write_tensor_data(tensor)
                rounded += lost
        metrics = {
            "tensors": len(entries),
            "mxfp4_tensors": sum(entry.type == layout.MXFP4 for entry in entries),
            "file_bytes": (folder / "model.gguf").stat().st_size,
            "rounded_values": rounded,
        }
        write_json(metrics_file, metrics)
    log.info("%s", metrics)


if __name__ == "__main__":
    run(main)
