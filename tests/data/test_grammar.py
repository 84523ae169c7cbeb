"""The built-in corpus: particles, variety, speech levels, coherence, planted data,
reproducibility."""

import hashlib
import json
import os
import random
import re
import subprocess
import sys
from itertools import islice

import pytest

from stages.grammar.chat import chat_rows
from stages.grammar.dialogue import dialogue_rows
from stages.grammar.frames.chat_casual import CASUAL
from stages.grammar.frames.chat_formal import FORMAL
from stages.grammar.frames.dialogue_frames import SITUATIONS
from stages.grammar.frames.news_words import WORDS
from stages.grammar.instruct import CATEGORIES, instruct_rows
from stages.grammar.malformed import malformed_line
from stages.grammar.news import FRAMES_BY_SECTION, SECTIONS, STYLES, news_rows
from stages.grammar.particles import final_consonant, with_particle
from stages.grammar.personal import TYPES, Personal
from stages.grammar.pretrain import pretrain_documents
from tests.micro import ROOT
from tests.slow_inputs import Input, growth

KINDS = {
    "news": (news_rows, 3000),
    "chat": (chat_rows, 3000),
    "dialogue": (dialogue_rows, 600),
    "instruct": (instruct_rows, 480),
}


def rows(kind, seed=1, share=0.15, count=None):
    generator, enough = KINDS[kind]
    return list(islice(generator(random.Random(seed), Personal(share)), count or enough))


@pytest.fixture(scope="module")
def corpus():
    return {kind: rows(kind) for kind in KINDS}


def text_of(raw):
    """All text a reader sees, with real newlines."""
    if "messages" in raw:
        return "\n".join(m["content"] for m in raw["messages"] if m["role"] != "system")
    if "dialog" in raw:
        return "\n".join(raw["dialog"])
    return raw.get("title", raw.get("dialogue", "")) + "\n" + raw["summary"]


@pytest.mark.parametrize(
    ("word", "particle", "expected"),
    [
        ("부산", "로", "부산으로"),
        ("서울", "으로", "서울로"),
        ("제주", "로", "제주로"),
        ("책", "는", "책은"),
        ("나무", "은", "나무는"),
        ("물", "이", "물이"),
        ("바다", "이", "바다가"),
        ("밥", "를", "밥을"),
        ("사과", "과", "사과와"),
        ("귤", "와", "귤과"),
        ("커피", "이나", "커피나"),
        ("빵", "나", "빵이나"),
        ("희망", "라고", "희망이라고"),
        ("평화", "이라고", "평화라고"),
        ("민지", "이야", "민지야"),
        ("서연", "아", "서연아"),
        ("수지", "아", "수지야"),
        ("1", "로", "1로"),
        ("3", "로", "3으로"),
        ("6", "으로", "6으로"),
        ("7", "으로", "7로"),
        ("10", "은", "10은"),
        ("2,000", "이", "2,000이"),
        ("010-2345-6789", "으로", "010-2345-6789로"),
        ("010-2345-6780", "로", "010-2345-6780으로"),
        ("3%", "을", "3%를"),
        ("5km", "이", "5km가"),
        ("60kg", "을", "60kg을"),
        ("KBS", "은", "KBS는"),
        ("SQL", "으로", "SQL로"),
        ("IBM", "이", "IBM이"),
        ("FIFA", "와", "FIFA와"),
        ("Python", "를", "Python을"),
        ("list", "을", "list를"),
        ("a@example.com", "로", "a@example.com으로"),
        ("a@example.co.kr", "으로", "a@example.co.kr로"),
        ("세계보건기구(WHO)", "은", "세계보건기구(WHO)는"),
        ("'길'", "으로", "'길'로"),
        ("부산", "에서", "부산에서"),
    ],
)
def test_particle_agrees(word, particle, expected):
    assert with_particle(word, particle) == expected


def test_unreadable_word_is_refused():
    with pytest.raises(ValueError, match="no final consonant"):
        with_particle("!?", "은")


def test_a_word_that_ends_on_no_letter_is_refused_in_linear_time():
    def refused(word: str) -> None:
        with pytest.raises(ValueError, match="no final consonant"):
            final_consonant(word)

    assert growth(refused, Input("", "a", "^"), chars=5_000) < 1.5


def all_templates():
    for frame in (frame for frames in FRAMES_BY_SECTION.values() for frame in frames):
        yield from frame.titles + frame.leads + frame.details + frame.quotes
    for script in CASUAL + FORMAL:
        for turn in script:
            yield from turn
    for situation in SITUATIONS:
        for line in situation.lines:
            yield from line
        yield from situation.summaries


def test_no_template_hard_wires_a_particle():
    """A particle after a slot belongs inside the slot. Invariable words are exempt."""
    fixed = {"sector": "은"}  # every sector ends in 업
    loose = re.compile(
        r"\{(\w+)\}(은|는|이|가|을|를|과|와|으로|로|이나|나|이라고|라고)(?=[ .,\"…?!])"
    )
    # {hey} is an opening such as "야 ", and 나 after it means "I".
    fixed["hey"] = "나"
    wrong = [
        t
        for t in all_templates()
        for slot, particle in loose.findall(t)
        if fixed.get(slot) != particle
    ]
    assert wrong == []


def test_particles_after_lexicon_words_agree(corpus):
    lexicons = [WORDS[name] for name in ("city", "country", "ministry")]
    words = [w for lexicon in lexicons if isinstance(lexicon, tuple) for w in lexicon]
    assert len(words) > 30
    wrong_forms = {
        w: [w + p for p in "은는이가을를과와" if with_particle(w, p) != w + p] for w in words
    }
    # 이 is left out where a longer word may follow.
    text = "\n".join(text_of(r.raw) for r in corpus["news"])
    found = [
        f for forms in wrong_forms.values() for f in forms if re.search(rf"(?<![가-힣]){f} ", text)
    ]
    assert found == []


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_rows_are_distinct(corpus, kind):
    texts = [text_of(r.raw) for r in corpus[kind]]
    assert len(set(texts)) == len(texts) == KINDS[kind][1]
    without_digits = {re.sub(r"\d", "0", t) for t in texts}
    if kind != "instruct":
        assert len(without_digits) >= 0.9 * len(texts)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_few_rows_have_a_near_duplicate(corpus, kind):
    sample = [r.raw for r in corpus[kind][:600]]
    shingles = [{t[i : i + 5] for i in range(max(1, len(t) - 4))} for t in map(text_of, sample)]
    # Only rows that share a shingle can be alike; sizes must be close for a Jaccard index of 0.8.
    order = sorted(range(len(sample)), key=lambda i: len(shingles[i]))
    near = set()
    for at, i in enumerate(order):
        for j in order[at + 1 :]:
            if len(shingles[i]) < 0.8 * len(shingles[j]):
                break
            common = len(shingles[i] & shingles[j])
            if common >= 0.8 * (len(shingles[i]) + len(shingles[j]) - common):
                near |= {i, j}
    assert len(near) < (0.10 if kind == "instruct" else 0.05) * len(sample)


def test_two_seeds_share_few_rows():
    for kind in KINDS:
        one, two = ({text_of(r.raw) for r in rows(kind, seed, count=400)} for seed in (1, 2))
        assert len(one & two) < 0.12 * len(one), kind


def test_news_have_their_shape(corpus):
    seen = set()
    for row in corpus["news"]:
        raw = row.raw
        seen.add((raw["style"], raw["section"]))
        assert 15 <= len(raw["title"]) <= 35
        assert not raw["title"].endswith(("다", "요", "."))
        sentences = re.findall(r"다\.(?= |$)", raw["summary"])
        if raw["style"] == "news_body":
            assert 2 <= len(sentences) <= 4
            assert len(raw["summary"]) <= 220
        else:
            assert len(sentences) == 1
            assert 40 <= len(raw["summary"]) <= 90
    assert seen == {(style, section) for style in STYLES for section in SECTIONS}


def test_title_and_summary_are_about_the_same_event(corpus):
    """Most content words of a title come back in its summary."""
    shared = []
    for row in corpus["news"]:
        words = re.findall(r"[가-힣]{2,}", row.raw["title"])
        shared.append(sum(w[:2] in row.raw["summary"] for w in words) / len(words))
    assert min(shared) > 0.1
    assert sum(shared) / len(shared) > 0.75


POLITE = re.compile(r"(요|니다|니까|시오|죠)$")


def sentences_of(turn, planted):
    for value in planted:
        turn = turn.replace(value.value, "값")
    bare = re.sub(r"[^가-힣A-Za-z0-9.,?! ]", "", turn)
    return [s.strip() for s in re.split(r"[.?!]+", bare) if s.strip()]


def test_speech_levels_do_not_mix(corpus):
    styles = set()
    for row in corpus["chat"]:
        styles.add(row.raw["style"])
        assert 2 <= len(row.raw["dialog"]) <= 6
        for turn in row.raw["dialog"]:
            ends = [bool(POLITE.search(s)) for s in sentences_of(turn, row.planted)]
            if row.raw["style"] == "kakao_formal":
                assert all(ends), turn
            else:
                assert not any(ends), turn
    assert styles == {"kakao_casual", "kakao_formal"}


def test_dialogue_speakers_alternate(corpus):
    for row in corpus["dialogue"]:
        lines = row.raw["dialogue"].split("\n")
        assert 4 <= len(lines) <= 8
        assert all(line.startswith(f"#Person{i % 2 + 1}#: ") for i, line in enumerate(lines))
        assert 1 <= len(row.raw["subject"]) <= 2


def test_summaries_tell_only_what_was_said():
    """Each slot of a summary stands in every alternative of some line: it is always said."""
    slot = re.compile(r"\{(\w+)")
    for situation in SITUATIONS:
        said = {
            name
            for line in situation.lines
            for name in set.intersection(*(set(slot.findall(t)) for t in line))
        }
        for template in situation.summaries:
            assert set(slot.findall(template)) <= said, template


def test_instruct_rotates_through_its_categories(corpus):
    assert [r.raw["category"] for r in corpus["instruct"]] == list(CATEGORIES) * 40
    for row in corpus["instruct"]:
        roles = [m["role"] for m in row.raw["messages"] if m["role"] != "system"]
        assert roles == ["user", "assistant"] * (len(roles) // 2)
        assert 1 <= len(roles) // 2 <= 3
        assert all(m["content"].strip() for m in row.raw["messages"])


def test_arithmetic_in_answers_is_right(corpus):
    checked = 0
    signs = {"+": int.__add__, "-": int.__sub__, "×": int.__mul__, "÷": int.__floordiv__}
    for row in corpus["instruct"]:
        if row.raw["category"] == "추론":
            for a, sign, b, c in re.findall(
                r"(\d+) ([-+×÷]) (\d+) = (\d+)", row.raw["messages"][-1]["content"]
            ):
                assert signs[sign](int(a), int(b)) == int(c)
                checked += 1
    assert checked > 20


def test_explained_code_compiles(corpus):
    for row in corpus["instruct"]:
        if row.raw["category"] == "코드설명":
            source = re.search(r"```python\n(.*)\n```", text_of(row.raw), re.DOTALL)
            assert source
            compile(source[1], "<sample>", "exec")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_planted_values_stand_in_the_text(kind):
    planted = 0
    for row in rows(kind, seed=5, share=0.5, count=400):
        for value in row.planted:
            assert value.type in TYPES
            assert value.value in text_of(row.raw)
            planted += 1
    assert planted > 40
    assert all(not row.planted for row in rows(kind, share=0, count=100))


def test_chats_carry_all_types_and_values_vary():
    values = [v for row in rows("chat", share=1.0, count=1000) for v in row.planted]
    assert {v.type for v in values} == set(TYPES)
    assert len({v.value for v in values}) > 0.98 * len(values)


def is_good(line, kind):
    """The contract of a raw line of each kind."""
    try:
        raw = json.loads(line)
    except json.JSONDecodeError:
        return False
    if not isinstance(raw, dict):
        return False
    texts = {
        "news": ("style", "title", "summary"),
        "chat": ("style",),
        "dialogue": ("dialogue", "summary"),
        "instruct": ("category",),
    }
    if not all(isinstance(raw.get(name), str) and raw[name].strip() for name in texts[kind]):
        return False
    lists = {"chat": "dialog", "instruct": "messages"}
    return kind not in lists or (
        isinstance(raw.get(lists[kind]), list) and len(raw[lists[kind]]) > 0
    )


def test_malformed_lines_break_the_contract(corpus):
    rng = random.Random(3)
    for kind, made in corpus.items():
        for row in made[:200]:
            line = malformed_line(rng, row.raw)
            assert "\n" not in line
            assert not is_good(line, kind), line
            assert is_good(json.dumps(row.raw, ensure_ascii=False), kind)


def test_pretraining_text_has_no_fine_tuning_templates():
    for document in islice(pretrain_documents(random.Random(1)), 500):
        assert set(document) in ({"text"}, {"messages"})
        if "messages" in document:
            assert [m["role"] for m in document["messages"][:2]] == ["user", "assistant"]
            assert all(m["role"] != "system" for m in document["messages"])
        assert not re.search(r"kakao|news_|#Person", json.dumps(document, ensure_ascii=False))


def digest():
    made = [
        (r.raw, [(p.type, p.value) for p in r.planted])
        for kind in KINDS
        for r in rows(kind, seed=7, count=150)
    ]
    made += list(islice(pretrain_documents(random.Random(7)), 100))
    return hashlib.sha256(json.dumps(made, ensure_ascii=False).encode()).hexdigest()


def test_output_does_not_depend_on_the_hash_seed():
    script = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r});"
        "from tests.data import test_grammar; print(test_grammar.digest())"
    )
    digests = set()
    for hash_seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": hash_seed}
        run = subprocess.run(
            [sys.executable, "-c", script],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        digests.add(run.stdout.strip())
    assert digests == {digest()}
