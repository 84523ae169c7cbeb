"""One training on several processes: the stage starts itself again under `accelerate launch`, with
the configuration that `runtime.launch` names.

How many processes work on a step changes the last bits of what they find (and what dropout drops),
not what they look for: the global batch, its rows and its mean over tokens are the same.
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from stages.pipeline.errors import InputError

if TYPE_CHECKING:
    from trl.trainer.sft_config import SFTConfig

_LAUNCHED = "MALSSI_LAUNCHED"


def launched() -> bool:
    """Whether this process is one of those that a launcher made."""
    return _LAUNCHED in os.environ or "LOCAL_RANK" in os.environ


def processes() -> int:
    return int(os.environ.get("WORLD_SIZE", "1")) if launched() else 1


def rank() -> int:
    return int(os.environ.get("RANK", "0")) if launched() else 0


def shards() -> int:
    """Among how many processes the weights are sharded."""
    sharding = ("ACCELERATE_USE_FSDP", "ACCELERATE_USE_DEEPSPEED")
    return processes() if any(os.environ.get(name) == "true" for name in sharding) else 1


def relaunch(configuration: Path) -> NoReturn:
    """Becomes `accelerate launch` of the same stage.

    Raises:
        InputError: the configuration is not there.
    """
    if not configuration.is_file():
        raise InputError(
            str(configuration),
            "is not there.",
            "Correct runtime.launch in params.yaml: null, or a file like presets/launch/fsdp.yaml.",
        )
    command = [sys.executable, "-m", "accelerate.commands.launch", "--config_file"]
    command += [str(configuration), "--module", "stages.train"]
    os.execve(sys.executable, command, os.environ | {_LAUNCHED: "1"})


def let_fsdp_shard_on_cpu(arguments: "SFTConfig") -> None:
    """accelerate shards weights between GPUs alone; between CPUs it silently falls back to whole
    copies. PyTorch can do both: so where FSDP is asked for and there is no GPU, accelerate is told
    that the processes are those of GPUs while the trainer is made."""
    import torch
    from accelerate import PartialState
    from accelerate.utils import DistributedType

    if os.environ.get("ACCELERATE_USE_FSDP") == "true" and not torch.cuda.is_available():
        _ = arguments.device  # joins the processes, as CPUs
        PartialState._shared_state["distributed_type"] = DistributedType.MULTI_GPU
