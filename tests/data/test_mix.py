"""Prompts by template, the ratio of the result, and splits that share no answer."""

import shutil
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from tokenizers import Tokenizer

from stages import mix as stage
from stages.chat.messages import Message
from stages.formats.json_files import read_json
from stages.formats.tables import CURATED, read_table, write_table
from stages.korean.lexicon import read_lexicon
from stages.mixing import prompts
from stages.mixing.prompts import Masking, _with_reasoning, starts_wrong
from stages.mixing.ratio import in_order, in_ratio, with_few_warnings
from stages.mixing.splits import LEAKING_CHARS, content_group, split_of, without_leaks
from stages.params.mix import Evaluation, Mix, Template, Topic
from stages.params.whole import read_config
from stages.pipeline import paths
from stages.pipeline.errors import DataError, ParamsError
from tests.families import save_tokenizer
from tests.micro import ROOT, SHIPPED
from tests.slow_inputs import Input, growth

SOURCES = ("chat", "dialogue", "instruct", "news")
MIX = read_config(SHIPPED).mix


def row(
    source: str, key: object, answer: str | None = None, style: str = "plain", **fields
) -> dict:
    answer = answer or f"{source} 답 {key}"
    conversation = source in ("chat", "instruct")
    turns = [{"role": "user", "text": f"질문 {key}"}, {"role": "assistant", "text": answer}]
    return {
        "id": f"{source}-{key}",
        "source": source,
        "kind": source,
        "style": style,
        "style_tags": [],
        "use": "training",
        "group": "",
        "license": "CC0-1.0",
        "as_of": "2026-01-01",
        "fields": {}
        if conversation
        else {"section": "경제", "title": f"제목 {key}", "dialogue": "a: b", "subject": "교환"}
        | {"summary": answer}
        | fields,
        "turns": turns if conversation else [],
        "near": [],
    }


NONE: frozenset[str] = frozenset()


def messages_of(of: dict, by: Mix) -> list[Message]:
    return prompts.messages_of(of, by, Masking(NONE))


def scored_messages_of(of: dict, by: Mix) -> list[Message]:
    return prompts.scored_messages_of(of, by, Masking(NONE))


def with_templates(source: str, **templates: Template) -> Mix:
    return MIX.model_copy(update={"templates": {source: templates}})


def test_the_shipped_templates_say_what_the_four_systems_said():
    """S1-18, S2-04, S2-07."""
    news = messages_of(row("news", 1, style="news_headline"), MIX)
    assert [m["role"] for m in news] == ["system", "user", "assistant"]
    assert news[0]["content"].startswith("한국 뉴스 문체로 간결하고 사실 위주로 작성.")
    assert "style=news_headline" in news[0]["content"]
    assert news[2]["content"] == "제목 1"
    assert messages_of(row("news", 1, style="news_lead"), MIX)[2]["content"] == "news 답 1"
    dialogue = messages_of(row("dialogue", 1), MIX)
    assert dialogue[0]["content"].startswith("당신은 유능한 AI 어시스턴트입니다.")
    assert dialogue[1]["content"] == (
        "[Conversation]\na: b\n\n[Question]\n위 교환 주제에 대한 대화를 요약해주세요."
    )
    chat = messages_of(row("chat", 1, style="kakao_casual"), MIX)
    assert chat[0]["content"] == "카카오톡 대화 스타일. style=kakao_casual"


def test_braces_in_the_data_are_text():
    """B23."""
    answer = '{"title": "{summary}"} {0} %s'
    assert messages_of(row("dialogue", 1, answer), MIX)[-1]["content"] == answer


def test_a_conversation_keeps_its_own_system_turn():
    own = row("chat", 1)
    own["turns"] = [{"role": "system", "text": "존댓말로"}, *own["turns"]]
    assert [m["content"] for m in messages_of(own, MIX)] == ["존댓말로", "질문 1", "chat 답 1"]


def test_without_a_system_template_there_is_no_system_message():
    mix = with_templates("chat", default=Template())
    assert [m["role"] for m in messages_of(row("chat", 1), mix)] == ["user", "assistant"]


def test_an_odd_conversation_and_a_long_one_are_cut_to_whole_exchanges():
    """B11, S1-18."""
    long = row("chat", 1)
    long["turns"] = [
        {"role": ("user", "assistant")[i % 2], "text": str(i)} for i in range(2 * MIX.max_turns + 1)
    ]
    messages = messages_of(long, MIX)[1:]
    assert [m["content"] for m in messages] == [str(i) for i in range(MIX.max_turns)]


@pytest.mark.parametrize(
    ("source", "templates", "message"),
    [
        ("news", {"lead": Template(user="a", assistant="b")}, r"templates\.news: has no template for the style 'plain'.*default"),
        ("news", {"default": Template(user="{titel}", assistant="b")}, r"templates\.news\.default: .*\{titel\}.*'title'"),
        ("news", {"default": Template(system="{none}", user="a", assistant="b")}, r"\{none\}"),
        ("news", {"default": Template(system="a")}, r"templates\.news\.default.*no conversation.*turns_column"),
    ],
)  # fmt: skip
def test_a_template_that_does_not_fit_is_refused_with_its_key(source, templates, message):
    with pytest.raises(ParamsError, match=message):
        messages_of(row(source, 1), with_templates(source, **templates))


def test_the_split_depends_on_the_content_group_alone():
    answers = [f"답 {i}" for i in range(4000)]
    counts = Counter(split_of(42, answer, MIX) for answer in answers)
    assert abs(counts["test"] / 4000 - MIX.test_share) < 0.02
    assert abs(counts["validation"] / 4000 - MIX.validation_share) < 0.02
    for answer in answers[:200]:
        spaced = f"  {answer.replace(' ', chr(10))} "
        assert split_of(42, spaced, MIX) == split_of(42, answer, MIX)
    assert [split_of(7, a, MIX) for a in answers] != [split_of(42, a, MIX) for a in answers]
    one = row("chat", 1)
    assert content_group(one) == "질문 1\nchat 답 1"
    assert content_group(one | {"source": "other", "style": "lead"}) == content_group(one)
    assert content_group(one | {"group": "g"}) == "g"
    long = row("chat", 1, "긴 답" * 10), row("chat", 2, "긴 답" * 10)
    assert content_group(long[0]) == content_group(long[1]) == "긴 답" * 10


@settings(max_examples=300, deadline=None)
@given(
    counts=st.lists(st.integers(1, 120), min_size=2, max_size=4),
    weights=st.lists(st.integers(1, 99), min_size=4, max_size=4),
)
def test_the_result_has_the_asked_ratio_and_is_the_largest_that_has(counts, weights):
    """B6: 1000 and 200 rows at 0.6 to 0.4 are 300 and 200, not 600 and 80."""
    asked = {
        f"s{i}": weight / 100 for i, (_, weight) in enumerate(zip(counts, weights, strict=False))
    }
    rows = [
        {"id": f"{name}-{i}", "source": name}
        for name, count in zip(asked, counts, strict=True)
        for i in range(count)
    ]
    taken = in_ratio(in_order(rows, 1), asked, seed=1)
    assert len({r["id"] for r in taken}) == len(taken), "no row is repeated"
    by_source = Counter(r["source"] for r in taken)
    available = dict(zip(asked, counts, strict=True))
    limiting = min(asked, key=lambda name: available[name] / asked[name])
    assert by_source[limiting] == available[limiting], "the scarcest source is used up"
    for name, weight in asked.items():
        exact = available[limiting] / asked[limiting] * weight
        assert abs(by_source[name] - exact) < 1 + 1e-6


def test_b6_the_ratio_of_the_result():
    """B6: the counts of the seed's own example."""
    rows = [{"id": f"n{i}", "source": "news"} for i in range(1000)]
    rows += [{"id": f"c{i}", "source": "chat"} for i in range(200)]
    taken = in_ratio(in_order(rows, 42), {"news": 0.6, "chat": 0.4}, seed=42)
    assert Counter(r["source"] for r in taken) == {"news": 300, "chat": 200}
    assert in_ratio(in_order(rows[::-1], 42), {"chat": 0.4, "news": 0.6}, seed=42) == taken
    assert [r["id"] for r in taken] != sorted(r["id"] for r in taken)


@pytest.fixture
def workspace(workspace, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["mix"])
    shutil.copytree(ROOT / "data/lexicons", "data/lexicons")
    return workspace


def corpus(size: int) -> list[dict]:
    """Rows of every source; every tenth dialogue shares its answer with a row of another source."""
    return [
        row(
            source,
            i,
            f"같은 답 {i} 그리고 이어지는 긴 이야기" if i % 10 == 0 and source != "news" else None,
        )
        for source in SOURCES
        for i in range(size)
    ]


def run_stage(rows: list[dict]) -> dict[str, dict[str, list]]:
    """The messages by id, by split."""
    shutil.rmtree(paths.CURATED, ignore_errors=True)
    write_table(paths.CURATED, rows, CURATED)
    if not paths.EVALUATION.is_dir():
        write_table(paths.EVALUATION, [])
    stage.main()
    return {
        split: {r["id"]: r["messages"] for r in read_table(paths.SPLITS / split)}
        for split in stage.SPLITS
    }


def test_the_splits_share_no_row_and_no_answer(workspace):
    """B7, S1-20: validation is never a part of training, and each split has the asked ratio."""
    splits = run_stage(corpus(400))
    assert all(splits.values())
    answers = {
        name: {messages[-1]["content"] for messages in rows.values()}
        for name, rows in splits.items()
    }
    for one, other in (("train", "validation"), ("train", "test"), ("validation", "test")):
        assert not splits[one].keys() & splits[other].keys()
        assert not answers[one] & answers[other]
    metrics = read_json(Path("metrics/mix.json"))
    for name, rows in splits.items():
        assert metrics[name]["rows"] == len(rows)
        for source, share in metrics["asked_share"].items():
            tolerance = 4 / len(rows)  # each source is rounded down to whole rows
            assert abs(metrics[name]["share_by_source"][source] - share) < tolerance


def test_no_row_trains_on_an_answer_that_another_split_scores():
    """An earlier answer of a conversation is trained too, and may be another row's last one."""

    long = {letter: letter * LEAKING_CHARS for letter in "다마"}
    kept, leaking = said("가", "나"), said(long["다"], "라")
    rows = {
        "train": [kept, leaking, said(f"{long['마']} ", "바")],
        "validation": [said("사", long["마"]), said(long["다"], "아")],
        "test": [said("자", long["다"]), said("차")],
    }
    assert without_leaks(rows) == {"leaks_an_answer": 3, "near_a_held_out_row": 0}
    assert rows["train"] == [kept]
    assert rows["validation"] == [said("사", long["마"])]
    assert len(rows["test"]) == 2


def test_s1_23_a_short_answer_may_stand_in_every_split(workspace):
    """Topics as answers: seven of them for all rows."""
    rows = [row("chat", i, f"주제{i % 7}") for i in range(700)]
    rows += [r for r in corpus(300) if r["source"] != "chat"]
    splits = run_stage(rows)
    for split, of in splits.items():
        answers = {m[-1]["content"] for name, m in of.items() if name.startswith("chat")}
        assert len(answers) == 7 if split == "train" else len(answers) >= 5


def said(*answers: str, near: tuple[str, ...] = ()) -> dict:
    turns = [
        message
        for answer in answers
        for message in (
            {"role": "user", "content": "?"},
            {"role": "assistant", "content": answer},
        )
    ]
    return {"id": "/".join(answers), "messages": turns, "near": list(near)}


def test_s1_20_near_duplicates_never_straddle_two_splits():
    """Whichever of the two came first; and one that is validated may not be near a tested one."""
    rows = {
        "train": [said("가", near=("라",)), said("나"), said("다"), said("사")],
        "validation": [said("라"), said("마", near=("바",))],
        "test": [said("바", near=("나",))],
    }
    assert without_leaks(rows) == {"leaks_an_answer": 0, "near_a_held_out_row": 3}
    assert {split: [r["id"] for r in of] for split, of in rows.items()} == {
        "train": ["다", "사"],
        "validation": ["라"],
        "test": ["바"],
    }


def test_rows_of_one_group_stand_in_one_split(workspace):
    """S1-20: the turns of a dialogue or the paraphrases of a question, whatever their answers."""
    rows = [r | {"group": f"{r['source']} {i // 2}"} for i, r in enumerate(corpus(400))]
    splits = run_stage(rows)
    homes = {identity: name for name, of in splits.items() for identity in of}
    groups: dict[str, set[str]] = {}
    for r in rows:
        if r["id"] in homes:
            groups.setdefault(r["group"], set()).add(homes[r["id"]])
    assert len(groups) > 100
    assert all(len(of) == 1 for of in groups.values())


def test_b6_tokens_as_the_unit_and_repeats_up_to_a_cap():
    rows = [{"id": f"n{i}", "source": "news", "tokens": 30} for i in range(1000)]
    rows += [{"id": f"c{i}", "source": "chat", "tokens": 10} for i in range(300)]
    weights = {"news": 0.6, "chat": 0.4}
    rows = in_order(rows, 1)
    taken = in_ratio(rows, weights, 1, lambda r: r["tokens"])
    tokens = Counter()
    for r in taken:
        tokens[r["source"]] += r["tokens"]
    assert tokens == {"chat": 3000, "news": 4500}
    repeated = in_ratio(rows, weights, 1, lambda r: r["tokens"], max_repeats=3)
    counts = Counter(r["id"] for r in repeated)
    assert {counts[f"c{i}"] for i in range(300)} == {3}, "three times, and no more"
    assert Counter(r["source"] for r in repeated) == {"chat": 900, "news": 450}
    many = in_ratio(rows, weights, 1, max_repeats=100)
    assert max(Counter(r["id"] for r in many if r["source"] == "news").values()) == 1


def test_tokens_are_counted_whole(workspace):
    """Whatever truncation and padding a tokenizer's file holds."""
    paths.BASE.mkdir(parents=True)
    save_tokenizer("qwen2", paths.BASE)
    row = {"id": "1", "messages": [{"role": "user", "content": "가나다 " * 50}]}
    before = stage.row_size("tokens")(row)
    tokenizer = Tokenizer.from_file(str(paths.TOKENIZER))
    tokenizer.enable_truncation(40)
    tokenizer.enable_padding(length=64)
    tokenizer.save(str(paths.TOKENIZER))
    assert stage.row_size("tokens")(row) == before > 64


def test_tokens_go_on_past_a_row_that_does_not_fit():
    rows = [
        {"id": f"a{i}", "source": "a", "tokens": 700 if i % 10 == 0 else 10} for i in range(600)
    ]
    rows += [{"id": f"b{i}", "source": "b", "tokens": 10} for i in range(300)]
    taken = in_ratio(in_order(rows, 1), {"a": 0.5, "b": 0.5}, 1, lambda r: r["tokens"])
    tokens = Counter()
    for r in taken:
        tokens[r["source"]] += r["tokens"]
    assert tokens == {"a": 3000, "b": 3000}


def test_s3_09_warnings_are_at_most_the_share_of_the_final_mix():
    rows = [{"id": f"r{i}", "source": "s", "warns": i % 4 == 0} for i in range(400)]

    rows = in_order(rows, 3)

    def choose(of: list[dict]) -> list[dict]:
        return in_ratio(of, {"s": 1.0}, 3)

    taken, put_aside = with_few_warnings(rows, choose, 0.05)
    assert sum(r["warns"] for r in taken) == 15 == int(0.05 * len(taken))
    assert (len(taken), put_aside) == (315, 85)
    assert with_few_warnings(rows, choose, 0.25) == (choose(rows), 0)


@pytest.mark.parametrize(
    ("answer", "wrong"),
    [
        ("네, 맞습니다.", False),
        ("'되'가 아니라 '돼'입니다.", False),
        ("```python\nprint()\n```", False),
        ("3시에 봐요", False),
        (". 네, 맞습니다.", True),
        ("… 그렇군요", True),
        ("정확한 판단은 전문가와 상담하세요.", True),
    ],
)
def test_s3_08_a_start_with_a_sign_or_a_warning_is_wrong(answer, wrong):
    warnings = read_lexicon(ROOT / "data/lexicons/warnings.txt")
    assert starts_wrong(answer, warnings) is wrong


def test_s4_06_reasoning_is_apart_from_the_answer():
    own = row("instruct", 1, "<think>\n둘에 둘을 더한다. {넷}\n</think>\n4입니다.")
    assert messages_of(own, MIX)[-1] == {
        "role": "assistant",
        "content": "4입니다.",
        "thinking": "둘에 둘을 더한다. {넷}",
    }
    empty = row("instruct", 1, "<think>\n\n</think>\n4입니다.")
    assert messages_of(empty, MIX)[-1] == {"role": "assistant", "content": "4입니다."}
    unfinished = row("instruct", 1, "<think>\n둘에 둘")
    assert "thinking" not in messages_of(unfinished, MIX)[-1]


@pytest.mark.parametrize(
    ("said", "thinking", "content"),
    [
        (" <think> 가 </think> 나 ", "가", "나 "),
        ("<think>가</think></think>나", "가", "</think>나"),
        ("<think><think>가</think>나", "<think>가", "나"),
        ("<think>가</think>\u3000\n", "가", "\n"),
        ("<think>가</think>", None, "<think>가</think>"),
        ("가<think>나</think>다", None, "가<think>나</think>다"),
    ],
)
def test_where_reasoning_ends(said, thinking, content):
    message = _with_reasoning({"role": "assistant", "content": said})
    assert (message.get("thinking"), message["content"]) == (thinking, content)


@pytest.mark.parametrize("unit", [" ", "\n\u3000", "<think> ", "</think>", " 가"])
def test_reasoning_without_end_takes_linear_time(unit):
    """It was cubic: four seconds for 2,000 blanks."""
    of = Input("<think>", unit, "")
    assert growth(lambda t: _with_reasoning({"role": "assistant", "content": t}), of, 10_000) < 1.5


def test_s4_04_a_row_is_scored_by_its_evaluation_columns():
    scored = Template(
        system="s",
        user="{dialogue}",
        assistant="<think>{subject}</think>{summary}",
        evaluation=Evaluation(query="{title}?", response="{summary}"),
    )
    mix = with_templates("news", default=scored)
    assert messages_of(row("news", 1), mix)[-1]["content"] == "news 답 1"
    assert [m["content"] for m in scored_messages_of(row("news", 1), mix)] == [
        "s",
        "제목 1?",
        "news 답 1",
    ]


SPLIT = {"p1": "010", "p2": "1234", "p3": "5678", "b": "900101", "n": "1234567", "road": "테헤란로"}
SPLIT |= {"user": "hong.gildong", "domain": "example.com", "city": "서울특별시", "gu": "강남구"}


@pytest.mark.parametrize(
    ("template", "said", "types"),
    [
        ("전화 {p1}-{p2}-{p3}로", "전화 [PHONE]로", {"PHONE"}),
        ("메일 {user}@{domain}", "메일 [EMAIL]", {"EMAIL"}),
        ("주민번호 {b}-{n}", "주민번호 [RRN]", {"RRN"}),
        ("주소: {city} {gu} {road} 123", "주소: [ADDRESS]", {"ADDRESS"}),
        ("{p1}년, {p2}개 {style}", "010년, 1234개 plain", set()),
        ("전화 [PHONE] {{p1}} ㅋㅋ  ①", "전화 [PHONE] {010} ㅋㅋ  ①", set()),
    ],
)
def test_s1_15_a_value_over_several_columns_is_masked_where_a_template_joins_it(
    template, said, types
):
    of = row("news", 1, **SPLIT)
    scored = Evaluation(query=template, response=template)
    by = with_templates(
        "news", default=Template(system=template, user=template, assistant=template)
    ).model_copy(update={"topics": {"news": Topic(query=template, label="section")}})
    masking = Masking(NONE)
    assert [m["content"] for m in prompts.messages_of(of, by, masking)] == [said] * 3
    assert prompts.topic_of(of, by, masking) == (said, "경제")
    by = with_templates(
        "news", default=Template(system=template, user="a", assistant="b", evaluation=scored)
    )
    assert [m["content"] for m in prompts.scored_messages_of(of, by, masking)] == [said] * 3
    assert {type_ for _, type_, _ in masking.found} == types


def test_optional_types_are_masked_in_prompts_too():
    by = with_templates("news", default=Template(user="성명 {a}{b}", assistant="{a}"))
    named = prompts.messages_of(row("news", 1, a="홍", b="길동"), by, Masking(frozenset({"NAME"})))
    assert [m["content"] for m in named] == ["성명 [NAME]", "홍"]


def test_what_prompts_join_is_counted_and_never_told(workspace, caplog):
    def join(params) -> None:
        params["mix"]["templates"]["dialogue"] = {
            "default": {
                "system": "{p1}-{p2}-{p3}",
                "user": "{p1} {title}",
                "assistant": "{summary}",
            }
        }

    run_stage(corpus(300))
    assert "rows_masked_in_prompts" not in read_json(Path("metrics/mix.json"))
    assert "personal data" not in caplog.text
    edit(join)
    numbers = {"p1": "010", "p2": "1234", "p3": "5678"}
    rows = [r | {"fields": r["fields"] | numbers} for r in corpus(300)]
    splits = run_stage(rows)
    assert read_json(Path("metrics/mix.json"))["rows_masked_in_prompts"] == {"PHONE": 300}
    assert "dialogue: mix.templates joins columns" in caplog.text and "1234" not in caplog.text
    said = [m["content"] for of in splits.values() for each in of.values() for m in each]
    assert "[PHONE]" in said and "010-1234-5678" not in said


def edit(change) -> None:
    yaml = YAML()
    params = yaml.load(Path("params.yaml"))
    change(params)
    yaml.dump(params, Path("params.yaml"))


def test_s1_23_scored_news_rows_are_asked_for_their_topic(workspace):
    """In the test split alone, and of sources that have such a question alone."""
    run_stage(corpus(300))
    scored = list(read_table(paths.SPLITS / "test"))
    assert {r["source"]: (r["topic"], bool(r["topic_query"])) for r in scored} == {
        name: ("경제", True) if name == "news" else (None, False) for name in SOURCES
    }
    asked = next(r["topic_query"] for r in scored if r["source"] == "news")
    assert "제목" in asked and "경제" not in asked, "the question must not give the answer away"
    assert "topic" not in next(iter(read_table(paths.SPLITS / "train")))


def test_a_topic_of_no_field_is_refused(workspace):
    edit(lambda params: params["mix"]["topics"]["news"].update(label="sektion"))
    with pytest.raises(
        ParamsError, match=r"mix\.topics\.news\.label is 'sektion', which sources\.news\.columns"
    ):
        read_config()
    with pytest.raises(ParamsError, match=r"mix\.topics names \['nws'\]"):
        edit(lambda params: params["mix"]["topics"].update(nws=params["mix"]["topics"]["news"]))
        read_config()


@pytest.mark.parametrize("place", ["query", "system"])
def test_a_question_that_tells_the_topic_is_refused(workspace, place):
    def tell(params) -> None:
        if place == "query":
            params["mix"]["topics"]["news"]["query"] = "{section}? {title}"
        else:
            params["mix"]["templates"]["news"]["default"]["system"] = "주제는 {section}"

    edit(tell)
    with pytest.raises(ParamsError, match=r"asks for \{section\}, which its query or a system"):
        read_config()


def test_evaluation_sources_with_a_template_are_scored_and_never_trained_on(workspace):
    """All of their rows, in the order of their hashes; one without a template is left out."""

    def add(params) -> None:
        for name in ("korquad", "other"):
            params["sources"][name] = dict(params["sources"]["dialogue"]) | {"use": "evaluation"}
        params["mix"]["templates"]["korquad"] = {
            "default": {"user": "{dialogue}\n{subject}?", "assistant": "{summary}"}
        }

    edit(add)
    rows = [
        row("dialogue", f"{name}{i}", f"짧은 답 {i}") | {"source": name, "use": "evaluation"}
        for name in ("korquad", "other")
        for i in range(20)
    ]
    write_table(paths.EVALUATION, rows)
    splits = run_stage(corpus(300))
    scored = list(read_table(paths.SPLITS / "evaluation"))
    assert {r["id"] for r in scored} == {f"dialogue-korquad{i}" for i in range(20)}
    assert [r["id"] for r in scored] != sorted(r["id"] for r in scored)
    assert scored[0]["messages"][0]["content"] == "a: b\n교환?"
    assert not any("korquad" in key or "other" in key for rows in splits.values() for key in rows)
    assert read_json(Path("metrics/mix.json"))["evaluation_rows_by_source"] == {"korquad": 20}


def test_s3_02_a_split_with_too_few_rows_of_a_kind_is_refused(workspace):
    params = Path("params.yaml").read_text(encoding="utf-8")
    few = params.replace("min_train_rows: {}", 'min_train_rows: {"domain:IT": 50}')
    assert few != params
    Path("params.yaml").write_text(few, encoding="utf-8")
    rows = corpus(300)
    with pytest.raises(DataError, match=r"'domain:IT': 0.*asked are.*50.*min_train_rows"):
        run_stage(rows)
    run_stage([r | {"style_tags": ["domain:IT"]} for r in rows])


def test_added_rows_move_no_old_row_to_another_split(workspace):
    """B7: a test row stays a test row for as long as it lives."""

    def homes(splits: dict) -> dict[str, str]:
        return {identity: name for name, rows in splits.items() for identity in rows}

    before, after = homes(run_stage(corpus(300))), homes(run_stage(corpus(450)))
    both = before.keys() & after.keys()
    assert len(both) > 200
    assert {i: before[i] for i in both} == {i: after[i] for i in both}


def test_the_order_of_the_input_does_not_matter(workspace):
    run_stage(corpus(300))
    files = [paths.SPLITS / split / "00000.parquet" for split in stage.SPLITS]
    before = [file.read_bytes() for file in files]
    run_stage(corpus(300)[::-1])
    assert [file.read_bytes() for file in files] == before


def test_a_split_without_rows_is_refused_and_leaves_nothing(workspace):
    """B7: the seed's fallback validated on training rows instead."""
    with pytest.raises(DataError, match=r"data/splits/\w+: no row of \['chat'.*Add rows"):
        run_stage([r for r in corpus(300) if r["source"] != "chat"])
    assert not any((paths.SPLITS / split).exists() for split in stage.SPLITS)


def test_a_source_that_warns_throughout_is_refused_with_the_cap(workspace):
    """S3-09: to put all of a source aside would train without it."""
    rows = [r for r in corpus(300) if r["source"] != "chat"]
    warning = "정확한 진단은 의사와 상담하세요. 이 답은 참고용입니다"
    rows += [row("chat", i, f"두통 {i}에는 쉬는 것이 좋습니다. {warning}") for i in range(3000)]
    with pytest.raises(
        DataError, match=r"no row of \['chat'.*put aside as warnings: \d{3,}.*max_warning_share"
    ):
        run_stage(rows)


def test_s1_15_a_question_tells_what_the_number_in_its_answer_is():
    """계좌번호 in one column and the number in another: neither says it alone."""
    by = with_templates("news", default=Template(user="{asked}", assistant="{told}"))
    of = row("news", 1, asked="계좌번호 불러주세요", told="110123456789")
    said = [m["content"] for m in prompts.messages_of(of, by, Masking(NONE))]
    assert said == ["계좌번호 불러주세요", "[ACCOUNT]"]
    scored = Evaluation(query="{asked}", response="{told}")
    by = with_templates("news", default=Template(user="a", assistant="b", evaluation=scored))
    said = [m["content"] for m in prompts.scored_messages_of(of, by, Masking(NONE))]
    assert said == ["계좌번호 불러주세요", "[ACCOUNT]"]
