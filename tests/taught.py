"""Tiny models that know a few answers by heart, so that what comes out of them means something."""

from pathlib import Path

import torch

from stages.chat.family import renderer_of
from stages.chat.messages import Message
from stages.chat.rendering import IGNORED, Settings
from tests.families import save_model

SETTINGS = Settings("medium", "2024-06", "2025-03-09")
TALKS: list[list[Message]] = [
    [
        {"role": "system", "content": "존댓말로 답하세요."},
        {"role": "user", "content": "오늘 저녁 뭐 먹을까?"},
    ],
    [{"role": "user", "content": "내일 만나요"}],
    [
        {"role": "user", "content": "안녕하세요"},
        {"role": "assistant", "content": "네, 반갑습니다."},
        {"role": "user", "content": "몇 시에 만나요?"},
    ],
]
SAID = ["김치찌개 어때요 😀", "네.\n\n내일 봬요.", "여섯 시에 만나요"]


def taught(
    family: str, folder: Path, talks: list[list[Message]] = TALKS, said: list[str] = SAID
) -> Path:
    """A model folder of the family that answers `talks` with `said`, in the format of the family
    with SETTINGS."""
    from transformers import AutoModelForCausalLM

    save_model(family, folder)
    renderer = renderer_of(folder, SETTINGS)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    rows = [
        renderer.conversation([*talk, {"role": "assistant", "content": answer}])
        for talk, answer in zip(talks, said, strict=True)
    ]
    longest = max(len(row.input_ids) for row in rows)
    ids = torch.tensor([r.input_ids + [0] * (longest - len(r.input_ids)) for r in rows])
    labels = torch.tensor([r.labels + [IGNORED] * (longest - len(r.labels)) for r in rows])
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.0)
    loss = torch.tensor(9.0)
    while loss.item() > 0.01:
        loss = model(input_ids=ids, labels=labels).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    stops = (folder / "generation_config.json").read_bytes()
    model.save_pretrained(folder)
    (folder / "generation_config.json").write_bytes(stops)
    return folder
