"""The page that tells a run, and the headline figures beside it."""

import os
import re
import shutil
import string
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from stages import report
from stages.formats.json_files import read_json, write_json
from stages.formats.tables import write_file
from stages.pipeline.errors import DataError, InputError
from stages.pipeline.variants import SIDE_BY_SIDE
from stages.reporting import flow, samples, words
from stages.reporting.charts_of_scores import confusion
from stages.reporting.drawing import APART, COLOURS, cut, label
from stages.reporting.figures import direction, in_order, plain, shown
from stages.reporting.headline import headline, summary
from tests import small_metrics as small
from tests.micro import ROOT
from tests.workspace import lay_out

PAGE = Path("metrics/report.html")
CHARTS = {
    "forest0", "source0", "style0", "topic0", "topics0", "levels0", "loss", "gradient", "flow",
    "masked", "lengths", "mix", "quantisation", "kept",
}  # fmt: skip


@pytest.fixture
def workspace(workspace, monkeypatch):
    lay_out(workspace, "stages/reporting/page.html")
    small.write_run()
    return workspace


def page() -> str:
    report.main()
    return PAGE.read_text(encoding="utf-8")


def change(name: str, **changes) -> None:
    path = Path("metrics") / f"{name}.json"
    write_json(path, read_json(path) | changes)


class Reader(HTMLParser):
    """What is on a page: its ids, its SVGs, and its text by language."""

    def __init__(self, html: str):
        super().__init__()
        self.ids: list[str] = []
        self.svgs: list[dict[str, str | None]] = []
        self.tags: Counter = Counter()
        self.open: list[tuple[str, str | None]] = []
        self.text = {"ko": "", "en": "", None: ""}
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags[tag] += 1
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if tag == "svg":
            self.svgs.append(given)
        if tag not in ("meta", "input", "br", "use"):
            self.open.append((tag, given.get("lang") if tag != "html" else None))

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if self.open and self.open[-1][0] == tag:
            self.open.pop()

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        language = next((lang for _, lang in reversed(self.open) if lang), None)
        if not any(tag == "style" for tag, _ in self.open):
            self.text[language] += data


# --- the verdict -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "ko", "en"),
    [("pass", "통과", "pass"), ("fail", "불합격", "fail"), ("undecided", "판정 보류", "undecided")],
)
def test_the_page_begins_with_the_verdict(workspace, verdict, ko, en):
    """S2-16: a verdict of `fail` is a result; the page is made either way."""
    result = {"pass": "pass", "fail": "fail", "undecided": "not_applicable"}[verdict]
    why = "no_release" if verdict == "undecided" else None
    write_json(Path("metrics/gate.json"), small.gate(verdict, gain=small.rule(result, why=why)))
    html = page()
    assert f"<title>malssi: {verdict}</title>" in html
    first = html[html.index("<main>") : html.index("</section>")]
    assert f'class="verdict {verdict}"' in first and ko in first and en in first
    assert ("gain" in first) == (verdict == "fail"), "what is broken is named beside the verdict"
    assert ("비교할 릴리스가 지정되지 않음" in html) == (verdict == "undecided")


def row_of(html: str, heading: str) -> str:
    """The first row of a table whose heading is this."""
    found = re.search(rf'<tr><th scope="row">{heading}.*?</tr>', html, re.DOTALL)
    assert found, heading
    return found[0]


def test_each_rule_has_its_figure_bound_interval_and_result(workspace):
    rules = {
        "sure": small.rule(),
        "unsure": small.rule(low=0.5),
        "broken": small.rule(
            "fail", figure="ingest.quarantined_share", against=None, value=0.2, low=None, high=None,
        ),
        "idle": small.rule("not_applicable", value=None, low=None, high=None, why="<b>no reason"),
        "exact": small.rule(value=1.0, low=1.0, high=1.0),
    }  # fmt: skip
    write_json(Path("metrics/gate.json"), small.gate("fail", **rules))
    html = page()
    assert "1 이상" in row_of(html, "sure") and "[3, 9]" in row_of(html, "sure")
    assert "merged-bf16 · ROUGE-L(음절)" in row_of(html, "sure")
    assert "within noise" not in row_of(html, "sure")
    assert "within noise" in row_of(html, "unsure"), "its interval holds the bound"
    assert "within noise" not in row_of(html, "exact"), "an interval without width is no noise"
    assert "격리한 행의 비율" in row_of(html, "broken") and "미충족" in row_of(html, "broken")
    assert "idle: " in html and "&lt;b&gt;no reason" in html


# --- what is on it -----------------------------------------------------------------------------


def test_before_and_after_with_intervals_and_what_is_noise(workspace):
    html = page()
    bits, rouge = (
        row_of(html, '<span lang="ko">바이트당 비트'),
        row_of(html, '<span lang="ko">ROUGE-L'),
    )
    assert "1.3000" in bits and "[1.2500, 1.3500]" in bits
    assert "−0.3000 [−0.3100, −0.2900]" in bits and bits.count(">개선<") == 3
    assert "+5.00 [−4.00, +14.00]" in rouge and rouge.count("오차 범위 내") == 3
    foreign = row_of(html, '<span lang="ko">외국 문자가 섞인 답')
    assert foreign.count("no difference") == 3 and "within noise" not in foreign
    chance = row_of(html, '<span lang="ko">우연히 얻는')
    assert "9.50" in chance and "[" not in chance, "it has no interval"
    assert "schema" not in html and "형식을 지킨 답" not in html, "it applies to none"
    assert "93.33 % [90.00 %, 97.00 %]" in html, "the gain that mxfp4 keeps"


def test_every_chart_has_a_name_a_heading_and_a_caption_in_both_languages(workspace):
    html = page()
    reader = Reader(html)
    assert len(reader.svgs) == len(CHARTS) == reader.tags["figcaption"]
    for svg in reader.svgs:
        assert svg["role"] == "img" and " / " in str(svg["aria-label"])
    for name in CHARTS:
        assert f'id="{name}-' in html
    for figure in re.findall(r"<figure>(.*?)</figure>", html, re.DOTALL):
        for tag in ("h3", "figcaption"):
            inside = re.search(rf"<{tag}>(.*?)</{tag}>", figure, re.DOTALL)
            assert inside and 'lang="ko"' in inside[1] and 'lang="en"' in inside[1]
    assert re.search(r'<tspan lang="ko">스텝</tspan><tspan lang="en">step</tspan>', html)
    assert APART not in html


def test_ids_of_a_page_with_many_charts_are_its_own(workspace):
    shutil.rmtree("metrics")
    small.write_run(("test", "ynat", "korquad"))
    html = page()
    ids = Reader(html).ids
    assert [name for name, count in Counter(ids).items() if count > 1] == []
    used = re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', html)
    assert {a or b for a, b in used} <= set(ids)


def test_charts_take_the_colours_of_the_page(workspace):
    """On dark ground as on light: no colour of its own, and none of the markers is left."""
    svgs = re.findall(r"<svg.*?</svg>", page(), re.DOTALL)
    for svg in svgs:
        assert "#0102" not in svg and not re.search(r"(fill|stroke): #", svg)
        assert "currentColor" in svg
    assert all(
        any(f"var(--{name})" in svg for svg in svgs) for name in COLOURS if name != "reference"
    )


def test_without_topics_evaluation_sets_or_release_the_page_says_so(workspace):
    for variant in small.VARIANTS:
        path = Path(f"metrics/evaluate/{variant}.json")
        content = read_json(path)
        content["sets"]["test"] |= {"topics": {}, "by_topic": {}}
        write_json(path, content)
    reader = Reader(page())
    for said in ("주제를 평가하는 출처가 없어", "평가 전용 출처가 없습니다", "gate.release"):
        assert said in reader.text["ko"]
    assert len(reader.svgs) == len(CHARTS) - 2


def test_an_evaluation_set_and_a_release_have_their_tables(workspace):
    shutil.rmtree("metrics")
    small.write_run(("test", "ynat"))
    figures = {
        "mxfp4.topic_accuracy": {"release": 0.5, "now": 0.75, "difference": 0.25},
        "odd": {"release": 1.0, "now": 1.0, "difference": 0.0},
    }
    drift = {"release": "ab" * 20, "figures": figures, "distances": {"share_by_source": 0.02}}
    write_json(Path("metrics/drift.json"), drift)
    html = page()
    assert "평가 세트 ynat" in html and "ab" * 20 in html
    assert "mxfp4 · 주제 정확도" in html and "출처 비율" in html
    assert len(Reader(html).svgs) == len(CHARTS) + 6


def test_libraries_stand_once_unless_the_variants_differ(workspace):
    path = Path("metrics/evaluate/mxfp4.json")
    content = read_json(path)
    content["record"]["decoding"] = "a server"
    write_json(path, content)
    html = page()
    assert html.count("kiwipiepy 0.24") == 1 and "(mxfp4)" in row_of(html, "decoding")


def test_the_page_speaks_two_languages(workspace):
    """Outside of marked parts there are names and numbers alone, and the answers."""
    reader = Reader(page())
    assert not re.search("[가-힣]", reader.text["en"].replace("말씨", ""))
    rest = reader.text[None]
    for row in small.answers("base"):
        rest = rest.replace(row["reference"], "")
    left = set(re.findall("[가-힣]+", rest)) - {"말씨", "언어", *small.TOPICS}
    assert left <= {"질문", "번입니다", "연락처는", "이에요", "의", "답", "전화"}


def test_words_are_whole_in_both_languages():
    for key, (ko, en) in words.WORDS.items():
        assert ko and en, key
        places = [{name for _, name, _, _ in string.Formatter().parse(t) if name} for t in (ko, en)]
        assert places[0] == places[1], key
        # A particle's form would depend on how what is filled in is read.
        assert not re.search(r"\}[은는이가을를와과]( |$)|\}으?로( |$)", ko), key
    template = (ROOT / "stages/reporting/page.html").read_text(encoding="utf-8")
    keys = re.findall(
        r'\b(?:t|reading|wide|measured)\((?:[\w.]+, )?["\']([a-z_.]+)["\'][,)]', template
    )
    assert len(keys) > 50 and set(keys) - set(words.WORDS) == set()


# --- safety ------------------------------------------------------------------------------------


def test_the_page_fetches_nothing(workspace):
    """It can be opened without a network and passed on: styles and charts are in it."""
    html = page()
    assert "<svg" in html and "<style" in html
    links = re.findall(r"""(?:src|href|action|srcset)\s*=\s*["']?([^"'\s>]+)""", html)
    assert all(link.startswith(("#", "data:")) for link in links)
    assert not re.search(r"<(script|link|iframe|object|embed|base)\b|@import|url\((?!#)", html)
    assert str(workspace) not in html and not re.search(r"\d{4}-\d\d-\d\dT", html)


EVIL = "<script>alert(1)</script>$x$&amp;"


def test_what_metrics_say_is_text_and_never_markup(workspace):
    change("curate", dropped={EVIL: 1})
    write_json(
        Path("metrics/gate.json"),
        small.gate("fail", **{EVIL: small.rule("fail", figure=f"a.{EVIL}", why=EVIL)}),
    )
    for variant in small.VARIANTS:
        path = Path(f"metrics/evaluate/{variant}.json")
        content = read_json(path)
        of = content["sets"]["test"]
        of["by_style"][EVIL] = of["by_style"]["kakao_casual"]
        of["topics"] = {EVIL: {EVIL: 3}}
        of["personal_data"] = {EVIL: 1}
        of["measures"][EVIL] = 1.0
        content["record"] = {EVIL: EVIL}
        write_json(path, content)
        if variant != "adapter":
            rows = [row | {"prediction": EVIL, "style": EVIL} for row in small.answers(variant)]
            write_file(Path(f"data/predictions/{variant}.parquet"), rows, small.PREDICTIONS)
    Path("metrics/plots/mxfp4.csv").write_text(
        f"weight,relative_mse,delta_kept\nmodel.layers.0.{EVIL},0.1,\n"
    )
    html = page()
    assert "<script" not in html and html.count("&lt;script&gt;alert(1)") > 10
    charts = re.findall(r"<svg[^>]*(?:문체별|정답 주제와).*?</svg>", html, re.DOTALL)
    assert len(charts) == 2
    for chart in charts:
        assert re.search(r">[^<>]*\$x\$", chart), "no formula is made of it"


def test_a_metric_that_is_missing_stops_the_page_and_keeps_the_old_one(workspace):
    """A page with holes would pass for a whole one."""
    before, headline = page(), Path("metrics/summary.json").read_text()
    whole = read_json(Path("metrics/train.json"))
    for name, key in (("train", "steps"), ("encode", "train"), ("drift", "release"),
                      ("train", "grad_norm_max")):  # fmt: skip
        content = read_json(Path(f"metrics/{name}.json"))
        rest = {k: value for k, value in content.items() if k != key}
        write_json(Path(f"metrics/{name}.json"), rest)
        with pytest.raises(DataError, match=key):
            report.main()
        write_json(Path(f"metrics/{name}.json"), content)
    Path("metrics/contrast.json").unlink()
    with pytest.raises(InputError, match=r"contrast\.json"):
        report.main()
    assert read_json(Path("metrics/train.json")) == whole
    assert PAGE.read_text(encoding="utf-8") == before
    assert Path("metrics/summary.json").read_text() == headline


def test_only_sources_that_were_curated_count(workspace):
    """The metrics of a source that was renamed stay on disk, and must not be told."""
    before = page()
    write_json(Path("metrics/ingest/gone.json"), small.METRICS["ingest/news"] | {"rows_in": 10})
    write_json(Path("metrics/scrub/gone.json"), small.METRICS["scrub/news"])
    assert page() == before


def test_the_page_is_the_same_bytes_from_the_same_metrics(workspace):
    """Twice in one process, and in another one with another hash seed and a matplotlibrc."""
    first, headline = page(), Path("metrics/summary.json").read_bytes()
    assert page() == first
    Path(".mlflow").mkdir()
    Path("matplotlibrc").write_text("axes.grid: True\nlines.markeredgewidth: 9\n")
    place = {"PYTHONPATH": str(ROOT), "DVC_ROOT": str(workspace), "PYTHONHASHSEED": "7"}
    done = subprocess.run(
        [sys.executable, "-m", "stages.report"],
        env=os.environ | place | {"MLFLOW_TRACKING_URI": "http://127.0.0.1:1"},
        check=True,
        capture_output=True,
        text=True,
    )
    assert PAGE.read_text(encoding="utf-8") == first
    assert Path("metrics/summary.json").read_bytes() == headline
    assert "Glyph" not in done.stderr, "what matplotlib cannot measure is nobody's concern"


# --- the headline ------------------------------------------------------------------------------


def test_the_headline_has_at_most_forty_flat_figures(workspace):
    page()
    found = read_json(Path("metrics/summary.json"))
    assert len(found) == 37 <= 40
    assert all(isinstance(value, bool | int | float) for value in found.values())
    expected = {
        "passed": True,
        "rules_failed": 0,
        "rows_in": 1500,
        "rows_quarantined": 50,
        "rows_masked": 9,
        "rows_curated": 1400,
        "rows_trained": 1010,
        "rows_tested": 40,
        "grad_norm_max": 1.25,
        "base_bits_per_byte": 1.3,
        "merged_bf16_rougeL_syllable": 15.0,
        "mxfp4_rouge_sum_morph": 29.0,
        "mxfp4_gain_kept": 0.933333,
        "mxfp4_top1_agreement": 0.954,
        "merged_bf16_weight_bytes": 8_000_000,
        "mxfp4_weight_bytes": 3_000_000,
    }
    assert {name: found[name] for name in expected} == expected


def test_what_dvc_compares_is_six_figures_and_the_curves(workspace):
    """Names and values are short enough for a table of 120 characters."""
    page()
    assert read_json(Path("metrics/headline.json")) == {
        "verdict": "pass",
        "rows_trained": 1010,
        "loss_nats": 1.6,
        "bits_per_byte": read_json(Path("metrics/summary.json"))["mxfp4_bits_per_byte"],
        "rouge_sum_morph": 29.0,
        "gain_kept": 0.933333,
    }
    assert {path.stem: path.read_text() for path in Path("metrics/curves").iterdir()} == {
        "training": "step,loss_nats\n5,3.0\n10,2.0\n",
        "validation": "step,loss_nats\n0,3.2\n10,1.6\n",
        "gradient": "step,grad_norm\n5,1.25\n10,0.9\n",
        "kept": "weight,delta_kept\nmodel.layers.0.mlp.experts.down_proj,0.97\n",
    }


def test_a_figure_that_does_not_apply_is_left_out_of_the_headline(workspace):
    metrics = report.read_all()
    for variant in small.VARIANTS:
        metrics["evaluate"][variant]["sets"]["test"]["measures"]["topic_accuracy"] = None
    metrics["contrast"]["sets"]["test"]["gain_kept"]["mxfp4"] = None
    found = summary(metrics)
    assert len(found) == 33
    assert not any("topic_accuracy" in name or "gain_kept" in name for name in found)
    assert "gain_kept" not in headline(metrics)


# --- the rooms ---------------------------------------------------------------------------------


def test_every_row_that_went_is_accounted_for(workspace):
    way = flow.steps(report.read_all())
    told = [(step.kind, step.label.en, step.rows, step.left) for step in way]
    assert told == [
        ("left", "read", 1500, 1500),
        ("dropped", "empty_title", 30, 1470),
        ("dropped", "invalid JSON", 20, 1450),
        ("left", "after quarantine", 1450, 1450),
        ("dropped", "too short", 30, 1420),
        ("dropped", "near duplicate", 20, 1400),
        ("left", "curated", 1400, 1400),
        ("dropped", "near a held-out row", 25, 1375),
        ("dropped", "contains an evaluation answer", 15, 1360),
        ("dropped", "wrong start", 10, 1350),
        ("left", "after removing leaks between splits", 1350, 1350),
        ("dropped", "to the test split", 110, 1240),
        ("dropped", "to the validation split", 90, 1150),
        ("left", "training split", 1150, 1150),
        ("dropped", "over the ratio", 145, 1005),
        ("dropped", "too many warnings", 5, 1000),
        ("added", "repeated", 20, 1020),
        ("left", "mixed", 1020, 1020),
        ("dropped", "too long", 10, 1010),
        ("left", "trained on", 1010, 1010),
    ]


def test_samples_give_every_style_its_share_by_the_seed(workspace):
    styles = {row["id"]: row["style"] for row in small.answers("base")}
    chosen = samples.chosen(styles, 42)
    assert Counter(styles[name] for name in chosen) == {
        "kakao_casual": 6,
        "kakao_formal": 4,
        "news_headline": 10,
    }
    backwards = dict(reversed(styles.items()))
    assert samples.chosen(backwards, 42) == chosen and samples.chosen(styles, 43) != chosen
    assert len(set(chosen)) == samples.COUNT
    rare = dict.fromkeys(map(str, range(100)), "often") | {"one": "rare", "two": "seldom"}
    assert Counter(rare[name] for name in samples.chosen(rare, 1)) == {
        "often": 18,
        "rare": 1,
        "seldom": 1,
    }
    assert samples.chosen({"a": "x"}, 1) == ["a"] and samples.chosen({}, 1) == []
    many = {str(i): f"style {i}" for i in range(30)}
    assert len(samples.chosen(many, 1)) == samples.COUNT


def test_samples_are_scrubbed_and_keep_their_lines(workspace):
    html = page()
    assert "010-" not in html and "[PHONE]" in html
    assert re.search(r"merged-bf16의 답 \d+\n  전화 \[PHONE\]</dd>", html)
    assert html.count('class="sample"') == samples.COUNT


def test_names_are_masked_too(workspace):
    """Models may say what no training row held, so all optional types are on."""
    row = small.answers("base")[0] | {"prediction": "담당자 홍길동 대리에게 물어보세요."}
    shown_row = samples.sample(dict.fromkeys(SIDE_BY_SIDE, row))
    assert "홍길동" not in shown_row.answers["base"]


def test_a_question_may_say_what_a_number_of_its_answer_is(workspace):
    row = small.answers("base")[0]
    row |= {"question": "계좌번호 불러주세요", "prediction": "110123456789"}
    assert samples.sample(dict.fromkeys(SIDE_BY_SIDE, row)).answers["mxfp4"] == "[ACCOUNT]"


def test_signs_that_turn_a_page_around_are_made_visible(workspace):
    row = small.answers("base")[0] | {"prediction": "가\u202e나\u200b다\n\x1b라\t마"}
    shown_row = samples.sample(dict.fromkeys(SIDE_BY_SIDE, row))
    assert shown_row.answers["base"] == "가\ufffd나\ufffd다\n\ufffd라\t마"


def test_rows_of_evaluation_sources_are_no_samples(workspace):
    """They may bear a licence that lets nobody show them."""
    others = [row | {"id": f"korquad {row['id']}"} for row in small.answers("base", "korquad")]
    path = Path("data/predictions/base.parquet")
    write_file(path, [*pq.read_table(path).to_pylist(), *others], small.PREDICTIONS)
    assert len(samples.read_test_rows(path)) == len(small.answers("base"))


def test_answers_to_other_rows_are_refused(workspace):
    path = Path("data/predictions/mxfp4.parquet")
    rows = pq.read_table(path).to_pylist()
    write_file(path, rows[1:], small.PREDICTIONS)
    with pytest.raises(DataError, match="39 test rows"):
        report.main()
    path.unlink()
    with pytest.raises(InputError, match=r"mxfp4\.parquet"):
        report.main()


def test_a_topic_that_is_never_answered_has_its_column():
    """Else the right answers would not lie on the diagonal."""
    found = {"경제": {"정치": 3}, "정치": {"정치": 2}}
    chart = confusion("topics", "chart.topics", found, ["경제", "정치"], "topic")
    assert chart and [chart.svg.count(topic) for topic in found] == [2, 2]
    assert confusion("topics", "chart.topics", {}, [], "topic") is None


def test_figures_are_shown_with_their_unit_and_sign():
    assert shown("bits_per_byte", 1.00667) == "1.0067"
    assert shown("perplexity", 12345.678) == "12,345.7"
    assert shown("rougeL_syllable", -4.19, signed=True) == "−4.19"
    assert shown("topic_accuracy", 0.4375) == "43.75 %"
    assert shown("topic_accuracy", 0.1, signed=True) == "+10.00 %p"
    assert shown("topic_accuracy", 0.1, signed=True, unit=False) == "+10.00"
    assert shown("topic_accuracy", -0.000001, signed=True) == "0.00 %p"
    assert shown("exact_match", None) == "–"
    assert (plain(1234567), plain(-0.05), plain(None)) == ("1,234,567", "−0.05", "–")
    assert direction("bits_per_byte", -0.1) == "better" == direction("exact_match", 0.1)
    assert direction("stopped_share", -0.1) == "worse"
    assert direction("length_ratio", 0.1) == "changed" == direction("new_measure", 0.1)
    assert in_order({"zzz", "f1_char", "bits_per_byte"}) == ["bits_per_byte", "f1_char", "zzz"]


def test_labels_fit_beside_a_chart():
    assert cut("짧은 이름") == "짧은 이름"
    assert cut("가" * 40).endswith("…") and len(cut("가" * 40)) <= 26
    assert label(words.Said("단계", "step")) == f"단계{APART}step"
    assert label("한 줄\n두 줄") == "한 줄 두 줄"
    assert words.reason("wrong_type_input.dialog").ko == "input.dialog: 자료형이 다름"
    assert words.reason("never_heard_of") == words.same("never_heard_of")
