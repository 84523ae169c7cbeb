"""The training stage on tiny models: what is trained, what stops it, and what a kill changes."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.utils.checkpoint
from safetensors.torch import load_file

from stages import encode, train
from stages.chat.rendering import IGNORED
from stages.formats.json_files import read_json
from stages.formats.tables import read_table, write_table
from stages.mix import MESSAGES
from stages.pipeline import paths
from stages.pipeline.errors import InputError, ModelError, ParamsError, TrainingError
from stages.training import trainer
from tests.families import save_model
from tests.micro import ROOT, edit_yaml
from tests.workspace import lay_out

WHOLE_BLOCKS = {"hidden_size": 64, "intermediate_size": 64}  # bitsandbytes quantises 64 at a time
EXPERTS = ["mlp.experts.gate_up_proj", "mlp.experts.down_proj"]
STEPS = 8  # of 4 rows each


def row(key: int, answer: str = "가나다 ") -> dict[str, Any]:
    # Of many lengths, so that a batch has padding and a block more than one row.
    said = [("user", f"질문 {key}"), ("assistant", f"답 {key} " + answer * (key % 7))]
    messages = [{"role": role, "content": text, "thinking": None} for role, text in said]
    return {"id": f"r{key}", "source": "s", "style": "s", "style_tags": [], "messages": messages}


@pytest.fixture
def encoded(tmp_path, monkeypatch):
    """A function that makes a project with a base of one family and encoded rows, in a folder."""
    # torch is here already
    monkeypatch.setattr(
        train, "pin_numerics", lambda compute, _: torch.set_num_threads(compute.threads)
    )

    def make(
        family: str,
        name: str = "p",
        sizes: dict[str, int] | None = None,
        validated: str = "가나다 ",
        rows: int = 4 * STEPS,
        **changes: Any,
    ) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        monkeypatch.chdir(folder)
        (folder / "stages").symlink_to(ROOT / "stages")
        lay_out(folder)
        save_model(family, paths.BASE, **(sizes or {}))
        write_table(paths.SPLITS / "train", (row(key) for key in range(rows)), MESSAGES)
        write_table(
            paths.SPLITS / "validation", (row(key, validated) for key in range(100, 106)), MESSAGES
        )

        def edit(params: Any) -> None:
            params["compute"]["threads"] = 1
            params["runtime"].update(
                tracking=False, progress=False, device_batch_size=4, save_steps=1
            )
            params["train"].update(packing=False, global_batch_size=4, logging_steps=1)
            params["encode"]["max_length_tokens"] = 400
            for key, value in changes.items():
                section = params
                *parents, last = key.split("__")
                for parent in parents:
                    section = section[parent]
                section[last] = value

        edit_yaml(Path("params.yaml"), edit)
        monkeypatch.setattr(sys, "argv", ["encode"])
        encode.main()
        return folder

    return make


def trained() -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    train.main()
    return load_file(paths.ADAPTER / "adapter_model.safetensors"), read_json(
        paths.METRICS / "train.json"
    )


def adapter_bytes(folder: Path) -> list[bytes]:
    files = ("adapter_model.safetensors", "adapter_config.json")
    return [(folder / paths.ADAPTER / name).read_bytes() for name in files]


def curve() -> list[dict[str, str]]:
    header, *lines = (paths.PLOTS / "train.csv").read_text(encoding="utf-8").splitlines()
    return [dict(zip(header.split(","), line.split(","), strict=True)) for line in lines]


# Validation loss after training, in nats: what changes it changes what is trained.
GOLDEN = {"gpt_oss": 5.942505, "llama": 5.973636, "qwen2": 5.919309, "gemma": 6.089695}


@pytest.mark.parametrize("family", ["gpt_oss", "llama", "qwen2", "gemma"])
def test_s1_05_attention_alone_is_the_baseline(encoded, family):
    encoded(family, train__learning_rate=1.0e-2)
    adapter, metrics = trained()
    assert metrics["steps"] == STEPS
    assert metrics["adapted_weights"] == 4
    assert {key.split(".")[-3] for key in adapter} == {"q_proj", "v_proj"}
    assert metrics["trainable_parameters"] == sum(t.numel() for t in adapter.values())
    assert all(t.abs().sum() > 0 for t in adapter.values()), "every factor was trained"
    assert metrics["validation_loss_nats"] < metrics["validation_loss_nats_before"]
    assert metrics["validation_loss_nats"] == pytest.approx(GOLDEN[family], abs=1e-4)
    assert metrics["train_loss_nats_by_epoch"].keys() == {"1"}
    assert not (Path(".checkpoints/train")).exists() or not list(
        Path(".checkpoints/train").iterdir()
    )
    lines = curve()
    assert [line["step"] for line in lines] == [str(step) for step in range(STEPS + 1)]
    assert [line["step"] for line in lines if line["eval_loss"]] == ["0", str(STEPS)]
    assert metrics["grad_norm_max"] == pytest.approx(
        max(float(line["grad_norm"]) for line in lines[1:]), rel=1e-4
    )


def test_s1_06_experts_are_trained_without_dropout_and_it_is_said(encoded, caplog):
    """B9."""
    encoded(
        "gpt_oss", train__lora__target_parameters=EXPERTS, train__lora__target_modules="all-linear"
    )
    with caplog.at_level(logging.WARNING):
        adapter, metrics = trained()
    assert "lora_dropout is 0 instead of 0.05" in caplog.text
    assert metrics["adapted_expert_weights"] == 4
    assert metrics["adapted_weights"] == 12
    assert all(t.abs().sum() > 0 for t in adapter.values())
    assert read_json(paths.ADAPTER / "adapter_config.json")["lora_dropout"] == 0.0


@pytest.mark.parametrize(
    ("changes", "adapted", "ranks"),
    [
        ({"train__lora__layers": [1]}, 2, {8}),
        ({"train__lora__layers": [1], "train__lora__target_parameters": EXPERTS}, 4, {8, 32}),
        ({"train__lora__rank_pattern": {"v_proj": 2}}, 4, {8, 2}),
        ({"train__lora__use_rslora": True, "train__lora__alpha_pattern": {"q_proj": 4}}, 4, {8}),
    ],
)  # fmt: skip
def test_layers_patterns_and_scaling_reach_the_adapter(encoded, changes, adapted, ranks):
    """S3-15. Experts have r rows each: 8 times 4."""
    encoded("gpt_oss", **changes)
    adapter, metrics = trained()
    assert metrics["adapted_weights"] == adapted
    assert {t.shape[0] for key, t in adapter.items() if ".lora_A." in key} == ranks
    if "train__lora__layers" in changes:
        assert all(".layers.1." in key for key in adapter)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"train__lora__target_modules": ["q_porj"]}, r"target_modules: 'q_porj' names nothing.*'q_proj'"),
        ({"train__lora__target_parameters": ["mlp.experts.down_porj"]}, r"target_parameters: .*'mlp.experts.down_proj'"),
        ({"train__lora__rank_pattern": {"o_proj": 2}}, r"rank_pattern: 'o_proj' names nothing"),
        ({"train__lora__rank_pattern": {"q_proj": 2, "layers.0.self_attn.q_proj": 4}}, r"rank_pattern: 'layers.0.self_attn.q_proj' names nothing"),
        ({"train__lora__target_parameters": ["q_proj.weight"]}, r"target_parameters: 'q_proj.weight' names nothing"),
        ({"train__lora__target_parameters": ["mlp.experts.gate_up_proj_bias"]}, r"'mlp.experts.gate_up_proj_bias' names nothing"),
        ({"train__lora__layers": [0, 9]}, r"layers: \[9\] are not layers of the base model, which has 2"),
    ],
)  # fmt: skip
def test_a_target_that_names_nothing_is_refused_before_weights_are_loaded(
    encoded, monkeypatch, changes, said
):
    encoded("gpt_oss", **changes)
    monkeypatch.setattr("stages.training.base_model.load_base", None)
    with pytest.raises(ModelError, match=said):
        train.main()
    assert not paths.ADAPTER.exists()


def test_what_cannot_fit_is_refused_before_weights_are_loaded(encoded, monkeypatch):
    encoded("llama")
    monkeypatch.setattr("stages.preflight.estimate.memory_here", lambda: 1000)
    with pytest.raises(TrainingError, match=r"would take about .* GB, and 0\.0 GB are free here"):
        train.main()


def test_a_run_that_only_warms_up_is_warned_of(encoded, caplog):
    encoded("llama", rows=3)
    with caplog.at_level(logging.WARNING):
        trained()
    assert "all of the 1 steps are warm-up" in caplog.text


def test_a_batch_that_cannot_be_split_is_refused(encoded):
    encoded("llama", train__global_batch_size=6)
    with pytest.raises(ParamsError, match=r"global_batch_size: is 6, .*device_batch_size 4"):
        train.main()


@pytest.mark.parametrize("what", ["loss", "gradient norm"])
def test_a_number_that_is_none_stops_the_run_at_once(encoded, monkeypatch, what):
    """It names the step and its rows, keeps the last good checkpoint and publishes nothing."""
    folder = encoded("llama")
    whole = trainer.LoraTrainer._row_losses
    calls = 0

    def spoiled(self: Any, model: Any, inputs: Any) -> Any:
        nonlocal calls
        losses, tokens = whole(self, model, inputs)
        calls += model.training
        if calls == 3 and what == "loss":
            return losses * float("nan"), tokens
        if calls == 3 and model.training:
            losses.register_hook(lambda gradient: gradient * float("inf"))
        return losses, tokens

    monkeypatch.setattr(trainer.LoraTrainer, "_row_losses", spoiled)
    with pytest.raises(TrainingError) as stopped:
        train.main()
    said = str(stopped.value)
    assert f"step 3 of {STEPS}: the {what} is " in said
    named = {r["id"] for r in read_table(paths.ENCODED / "train") if f"'{r['id']}'" in said}
    assert len(named) == 4
    (room,) = (folder / ".checkpoints/train").iterdir()
    assert f"The last good checkpoint is {room}/checkpoint-2." in said
    good = load_file(room / "checkpoint-2/adapter_model.safetensors")
    assert all(t.isfinite().all() for t in good.values())
    assert not paths.ADAPTER.exists()


CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "epochs": ("llama", {"rows": 16, "train__num_train_epochs": 2.0}),
    "stopped": ("qwen2", {"validated": "WXYZ ", "train__keep": "best", "train__eval_steps": 2, "train__early_stopping_patience": 1, "train__learning_rate": 1.0, "train__warmup_steps": 0.0, "train__num_train_epochs": 4.0}),
    "attention": ("gpt_oss", {}),
    "experts": ("gpt_oss", {"train__lora__target_parameters": EXPERTS}),
    "qat": ("gpt_oss", {"train__lora__target_parameters": EXPERTS, "train__qat": True}),
    "packed": ("gpt_oss", {"train__packing": True, "train__num_train_epochs": 4.0, "encode__max_length_tokens": 1000}),
    "best": ("qwen2", {"validated": "WXYZ ", "train__keep": "best", "train__eval_steps": 2, "train__early_stopping_patience": 2, "train__learning_rate": 0.5, "train__num_train_epochs": 4.0}),
}  # fmt: skip


# Where it is killed: once that checkpoint is whole. 4 and 8 end an epoch, 8 the training, and with
# `best` the evaluation at 4 is the one that ends it. Each case starts three programs.
KILLS = [
    ("attention", 3),
    *(
        pytest.param(case, killed_at, marks=pytest.mark.soak)
        for case, killed_at in [("attention", 8), ("best", 4), ("epochs", 4), ("experts", 3), ("qat", 3), ("packed", 3), ("stopped", 4)]
    ),
]  # fmt: skip


def run_stage(folder: Path, killed_at: int | None = None) -> str:
    """Runs the stage as a program, to its end or until checkpoint `killed_at` is whole."""
    with (folder / "train.log").open("w+", encoding="utf-8") as file:
        program = subprocess.Popen(
            [sys.executable, "-m", "stages.train"], cwd=folder, stderr=file, stdout=file
        )
        while program.poll() is None:
            if killed_at and list(
                folder.glob(f".checkpoints/train/*/checkpoint-{killed_at}/whole.json")
            ):
                os.kill(program.pid, signal.SIGKILL)
            time.sleep(0.002)
        file.seek(0)
        log = file.read()
    assert program.returncode == (-signal.SIGKILL if killed_at else 0), log
    return log


@pytest.mark.pipeline
@pytest.mark.parametrize(("case", "killed_at"), KILLS)
def test_a_killed_run_goes_on_to_the_same_bytes(encoded, case, killed_at):
    family, changes = CASES[case]
    whole = encoded(family, "whole", **changes)
    run_stage(whole)
    killed = encoded(family, "killed", **changes)
    run_stage(killed, killed_at)
    assert not (killed / paths.ADAPTER).exists()
    assert "resuming from" in run_stage(killed)
    assert adapter_bytes(killed) == adapter_bytes(whole)
    for name in ("metrics/train.json", "metrics/plots/train.csv"):
        assert (killed / name).read_bytes() == (whole / name).read_bytes()


@pytest.mark.pipeline
@pytest.mark.soak
def test_a_checkpoint_of_another_run_is_refused_with_the_difference(encoded):
    folder = encoded("llama")
    run_stage(folder, killed_at=3)
    edit_yaml(Path("params.yaml"), lambda p: p["train"].update(learning_rate=3.0e-3))
    log = run_stage(folder)
    assert "resuming from" not in log
    assert "does not resume from it: train.learning_rate was 0.01, now 0.003." in log
    fresh = encoded("llama", "fresh", train__learning_rate=3.0e-3)
    run_stage(fresh)
    assert adapter_bytes(folder) == adapter_bytes(fresh)


@pytest.mark.pipeline
@pytest.mark.soak
@pytest.mark.parametrize(
    ("launch", "kind", "family"),
    [("two-cpu.yaml", "MULTI_CPU", "gpt_oss"), ("two-cpu-fsdp.yaml", "FSDP", "llama")],
)
def test_two_processes_find_what_one_finds(encoded, launch, kind, family):
    """The same global batch; one writer, and one run in the tracker. The last batch of training and
    of validation is a part of one, which rows that were seen already fill up."""
    changes: dict[str, Any] = {
        "rows": 4 * 3 + 1,
        "train__lora__lora_dropout": 0.0,
        "runtime__tracking": True,
        "runtime__save_steps": 2,
        "runtime__device_batch_size": 1,
    }
    one = encoded(family, "one", **changes)
    assert "1 processes, NO" in run_stage(one)
    two = encoded(family, "two", **changes, runtime__launch=str(ROOT / "presets/launch" / launch))
    log = run_stage(two)
    assert log.count(f"2 processes, {kind}") == 1, log
    curves = []
    for folder in (one, two):
        os.chdir(folder)
        curves.append(curve())
        assert len(train_runs(folder)) == 1
    for alone, together in zip(*curves, strict=True):
        assert alone.keys() == together.keys()
        for key, value in alone.items():
            assert bool(value) == bool(together[key])
            if value:
                assert float(together[key]) == pytest.approx(float(value), abs=1e-4)
    found = [load_file(f / paths.ADAPTER / "adapter_model.safetensors") for f in (one, two)]
    assert found[0].keys() == found[1].keys()
    for key, tensor in found[0].items():
        torch.testing.assert_close(found[1][key], tensor, rtol=1e-3, atol=1e-4)


@pytest.mark.pipeline
@pytest.mark.soak
def test_steps_are_in_the_tracker_as_they_come_and_a_killed_run_goes_on_in_its_own(encoded):
    folder = encoded("llama", runtime__tracking=True)
    run_stage(folder, killed_at=3)
    # What the training had written down is sent by a process of its own, which ends after it.
    shown = {"step.loss", "step.grad_norm", "step.eval_loss"}
    ends = time.monotonic() + 60
    while not (folder / ".mlflow/live/train").exists() and time.monotonic() < ends:
        time.sleep(0.5)
    (unfinished,) = train_runs(folder)
    while not shown <= unfinished.data.metrics.keys() and time.monotonic() < ends:
        time.sleep(0.5)
        (unfinished,) = train_runs(folder)
    assert unfinished.info.status == "RUNNING" and shown <= unfinished.data.metrics.keys()
    run_stage(folder)
    track = [sys.executable, "-m", "stages.commands.track"]
    subprocess.run(track, cwd=folder, env=os.environ | {"DVC_STAGE": "train"}, check=True)
    (finished,) = train_runs(folder)
    assert finished.info.run_id == unfinished.info.run_id
    assert finished.info.status == "FINISHED"
    metrics = read_json(Path("metrics/train.json"))
    assert finished.data.metrics["validation_loss_nats"] == metrics["validation_loss_nats"]
    assert finished.data.tags["dvc.out.models/adapter"]


def train_runs(folder: Path) -> list[Any]:
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{folder}/.mlflow/mlflow.db")
    experiments = [each.experiment_id for each in client.search_experiments()]
    runs = client.search_runs(experiments)
    return [run for run in runs if run.data.tags.get("dvc.stage") == "train"]


@pytest.mark.pipeline
@pytest.mark.soak
def test_a_checkpoint_of_another_number_of_processes_is_refused(encoded):
    folder = encoded("llama", train__lora__lora_dropout=0.0, runtime__device_batch_size=2)
    run_stage(folder, killed_at=3)
    launch = str(ROOT / "presets/launch/two-cpu.yaml")
    edit_yaml(Path("params.yaml"), lambda p: p["runtime"].update(launch=launch))
    assert "does not resume from it: processes was 1, now 2, runtime.launch was None" in run_stage(
        folder
    )


@pytest.mark.parametrize(
    "file", sorted((ROOT / "presets/launch").glob("*.yaml")), ids=lambda f: f.stem
)
def test_accelerate_takes_every_shipped_launch(file):
    from accelerate.commands.config.config_args import load_config_from_file

    config: Any = load_config_from_file(str(file))
    assert config.mixed_precision == "no", "train.dtype says what is computed in"
    assert config.num_processes % config.num_machines == 0


def test_a_launch_that_is_not_there_is_refused(encoded):
    encoded("llama", runtime__launch="presets/launch/none.yaml")
    with pytest.raises(InputError, match=r"none\.yaml: is not there.*runtime\.launch"):
        train.main()


def test_a_half_written_checkpoint_is_not_gone_on_from(tmp_path):
    from stages.training.checkpoints import clear_broken, last_whole, mark_whole

    for step in (2, 4, 6):
        (tmp_path / f"checkpoint-{step}").mkdir()
        (tmp_path / f"checkpoint-{step}/optimizer.pt").write_bytes(b"12345")
    mark_whole(tmp_path / "checkpoint-2")
    mark_whole(tmp_path / "checkpoint-4")
    (tmp_path / "checkpoint-4/optimizer.pt").write_bytes(b"123")
    (tmp_path / "checkpoint-7.bak").mkdir()  # somebody's own
    assert last_whole(tmp_path) == tmp_path / "checkpoint-2"
    clear_broken(tmp_path)
    left = sorted(folder.name for folder in tmp_path.iterdir())
    assert left == ["checkpoint-2", "checkpoint-7.bak"]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("whole.json", b""),
        ("whole.json", b'{"optimizer.pt": '),
        ("whole.json", b"[]"),
        ("whole.json", b"\0" * 30),
        ("whole.json", b"{}"),
        ("optimizer.pt", b"1234\0"),  # as long as it was
        ("optimizer.pt", None),
    ],
)
def test_a_checkpoint_that_a_power_loss_damaged_counts_as_half_written(tmp_path, file, content):
    from stages.training.checkpoints import clear_broken, last_whole, mark_whole

    checkpoint = tmp_path / "checkpoint-2"
    checkpoint.mkdir()
    (checkpoint / "optimizer.pt").write_bytes(b"12345")
    mark_whole(checkpoint)
    (checkpoint / file).unlink()
    if content is not None:
        (checkpoint / file).write_bytes(content)
    assert last_whole(tmp_path) is None
    clear_broken(tmp_path)
    assert not checkpoint.exists()


def test_the_split_of_a_batch_changes_no_more_than_last_bits(encoded):
    """The global batch is a param, how a device computes it is not."""
    found = {}
    for name, size in (("one", 4), ("four", 1)):
        encoded("llama", name, runtime__device_batch_size=size, train__lora__lora_dropout=0.0)
        found[name] = trained()
    for key, tensor in found["one"][0].items():
        torch.testing.assert_close(found["four"][0][key], tensor, rtol=1e-4, atol=1e-5)
    assert found["four"][1]["validation_loss_nats"] == pytest.approx(
        found["one"][1]["validation_loss_nats"], abs=2e-6
    )


def test_s2_05_gradient_checkpointing_changes_no_bit(encoded, monkeypatch):
    calls: list[Any] = []
    whole = torch.utils.checkpoint.checkpoint

    def counted(*args: Any, **kwargs: Any) -> Any:
        calls.append(kwargs["use_reentrant"])
        return whole(*args, **kwargs)

    monkeypatch.setattr("transformers.modeling_utils.checkpoint", counted)
    found = {}
    for name, on in (("off", False), ("on", True)):
        encoded("llama", name, train__gradient_checkpointing=on)
        found[name] = trained()
        assert set(calls) == ({False} if on else set()), "it is on, and not reentrant"
    assert all(torch.equal(found["on"][0][key], t) for key, t in found["off"][0].items())
    assert found["on"][1] == found["off"][1]


def test_the_best_adapter_is_kept_where_params_say_so(encoded):
    """What is validated is nothing like what is trained, so it soon gets worse."""
    changes: dict[str, Any] = {
        "validated": "WXYZ ",
        "train__learning_rate": 0.5,
        "train__num_train_epochs": 4.0,
        "train__eval_steps": 2,
    }
    encoded("llama", **changes, train__keep="best", train__early_stopping_patience=2)
    best, metrics = trained()
    losses = {int(line["step"]): float(line["eval_loss"]) for line in curve() if line["eval_loss"]}
    after = {step: loss for step, loss in losses.items() if step}
    assert metrics["kept_step"] == min(after, key=lambda step: after[step])
    assert metrics["kept_step"] + 4 == metrics["steps"] < 4 * STEPS, "it stopped early"
    assert metrics["validation_loss_nats"] == pytest.approx(min(after.values()), rel=1e-4)
    encoded("llama", "last", **changes)
    last, _ = trained()
    assert any(not torch.equal(best[key], last[key]) for key in best)


def test_the_validation_loss_is_the_mean_over_tokens(encoded):
    """Batches of other sizes would weigh rows otherwise."""
    from stages.params.whole import read_config
    from stages.training.base_model import load_base

    encoded("qwen2", runtime__device_batch_size=4)
    _, metrics = trained()
    model = load_base(read_config().train)
    total, tokens = 0.0, 0
    for each in read_table(paths.ENCODED / "validation"):
        labels = torch.tensor([each["labels"]])
        with torch.inference_mode():
            logits = model(torch.tensor([each["input_ids"]])).logits[:, :-1]
        loss = torch.nn.functional.cross_entropy(
            logits.transpose(1, 2), labels[:, 1:], ignore_index=IGNORED, reduction="sum"
        )
        total, tokens = total + float(loss), tokens + int((labels != IGNORED).sum())
    assert metrics["validation_loss_nats_before"] == pytest.approx(total / tokens, abs=2e-6)


@pytest.mark.parametrize("family", ["llama", "gpt_oss"])
def test_s3_07_nf4_trains_on_any_device_and_says_what_it_leaves(encoded, family, caplog):
    encoded(family, sizes=WHOLE_BLOCKS, train__quantization="nf4", train__dtype="bfloat16")
    with caplog.at_level(logging.INFO):
        adapter, metrics = trained()
    assert "weights in 4 bits" in caplog.text
    assert ("of fused experts NOT covered" in caplog.text) is (family == "gpt_oss")
    assert metrics["validation_loss_nats"] < metrics["validation_loss_nats_before"]
    assert all(t.abs().sum() > 0 for t in adapter.values())


def test_s3_07_gradients_pass_through_4_bit_layers_after_an_evaluation(encoded):
    """Not so in bitsandbytes 0.50 on CPUs with AVX-512 BF16, without a word."""
    from stages.params.whole import read_config
    from stages.training.base_model import load_base

    encoded("qwen2", sizes=WHOLE_BLOCKS, train__quantization="nf4", train__dtype="bfloat16")
    model = load_base(read_config().train)
    ids = torch.arange(12)[None]

    def gradient() -> torch.Tensor:
        embedded = model.get_input_embeddings()(ids).detach().requires_grad_()
        model(inputs_embeds=embedded).logits.float().square().sum().backward()
        assert embedded.grad is not None
        return embedded.grad

    before = gradient()
    with torch.inference_mode():
        model.eval()(ids)
    model.train()
    torch.testing.assert_close(gradient(), before)


def test_nf4_leaves_experts_in_16_bits(encoded):
    """`prepare_model_for_kbit_training` would make them four bytes each."""
    from stages.params.whole import read_config
    from stages.training.base_model import load_base

    encoded("gpt_oss", sizes=WHOLE_BLOCKS, train__quantization="nf4", train__dtype="bfloat16")
    model = load_base(read_config().train)
    experts = [
        p for name, p in model.named_parameters() if name.endswith("_proj") and ".experts." in name
    ]
    assert {p.dtype for p in experts} == {torch.bfloat16}


def test_s2_10_packed_and_unpacked_begin_at_the_same_loss(encoded):
    """The same tokens in other blocks: their mean loss before training is the same."""
    found = {}
    for name, packing in (("unpacked", False), ("packed", True)):
        encoded("gpt_oss", name, train__packing=packing, encode__max_length_tokens=1000)
        _, found[name] = trained()
    assert found["packed"]["steps"] < found["unpacked"]["steps"]
    assert found["packed"]["validation_loss_nats_before"] == pytest.approx(
        found["unpacked"]["validation_loss_nats_before"], abs=2e-6
    )


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_s3_13_attention_is_what_was_asked_or_an_error(encoded, attention, caplog):
    encoded("gpt_oss", train__attention=attention)
    if attention == "sdpa":  # which gpt-oss cannot: its attention has sinks
        with pytest.raises(ModelError, match=r"sdpa is not available.*auto"):
            train.main()
        return
    with caplog.at_level(logging.INFO):
        train.main()
    assert "attention: eager" in caplog.text


def test_the_adapter_s_files_name_no_folder_and_no_time(encoded):
    folder = encoded("llama")
    train.main()
    text = (paths.ADAPTER / "adapter_config.json").read_text(encoding="utf-8")
    assert str(folder) not in text
    assert json.loads(text)["base_model_name_or_path"] == "models/base"
    assert sorted(file.name for file in paths.ADAPTER.iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
    ]
