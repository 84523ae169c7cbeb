"""The report in a real browser: on a phone and a desk, in both languages, on light and dark ground."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from stages import report
from tests import small_metrics as small
from tests.chromium import Tab, browser, program
from tests.report.test_report import CHARTS
from tests.workspace import lay_out

pytestmark = pytest.mark.skipif(program() is None, reason="no chromium is on PATH")

# How many texts are shown, and those with too little contrast to the ground they stand on (WCAG 2).
CONTRASTS = """
(() => {
  const channels = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = element => {
    for (; element; element = element.parentElement) {
      const colour = channels(getComputedStyle(element).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const faint = [];
  let seen = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !element.getClientRects().length) continue;
    const style = getComputedStyle(element);
    const ink = channels(element.closest("svg") ? style.fill : style.color);
    const [a, b] = [light(ink), light(ground(element))].sort((x, y) => y - x);
    const least = element.closest("[aria-hidden]") ? 3 : 4.5;  // of a mark, of a text
    if ((a + 0.05) / (b + 0.05) < least) faint.push(walker.currentNode.textContent.trim());
    seen += 1;
  }
  return [seen, faint];
})()
"""
CHART_BOXES = """
[...document.querySelectorAll("svg")].map(svg => {
  const box = svg.getBoundingClientRect();
  const drawn = svg.getBBox();
  return [svg.querySelector("g").id, box.width, box.height, drawn.width, drawn.height];
})
"""
# Labels that are cut by the edge of their chart, or that lie on one another.
BAD_LABELS = """
[...document.querySelectorAll("svg")].flatMap(svg => {
  const edge = svg.getBoundingClientRect();
  const texts = [...svg.querySelectorAll("text")].filter(text => text.textContent.trim())
    .map(text => [text.textContent, text.getBoundingClientRect()])
    .filter(([, box]) => box.width > 0);
  const cut = texts.filter(([, box]) => box.left < edge.left - 1 || box.right > edge.right + 1
    || box.top < edge.top - 1 || box.bottom > edge.bottom + 1);
  const over = texts.filter(([, a], i) => texts.slice(i + 1).some(([, b]) =>
    Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2
    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4));
  return [...cut.map(([text]) => "cut: " + text), ...over.map(([text]) => "over: " + text)];
})
"""
SHOWN = "document.querySelector('main').innerText"
WIDTH = "document.scrollingElement.scrollWidth"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place = tmp_path_factory.mktemp("report")
    lay_out(place, "stages/reporting/page.html")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        small.write_run(("test", "ynat"))
        report.main()
    yield place / "metrics/report.html"


@pytest.fixture(scope="module")
def opened(page: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with browser(tmp_path_factory.mktemp("profile")) as tab:
        tab.resize(1200, 900)
        tab.open(page)
        yield tab


@pytest.fixture
def tab(opened: Tab) -> Tab:
    """The page as a reader finds it."""
    opened.resize(1200, 900)
    opened.scheme("light")
    opened.run("document.getElementById('ko').click()")
    return opened


def choose(tab: Tab, language: str) -> None:
    tab.run(f"document.getElementById('{language}').click()")


def test_nothing_is_fetched_and_nothing_is_said_on_the_console(tab, page):
    asked = [of["request"]["url"] for name, of in tab.events if name == "Network.requestWillBeSent"]
    assert asked == [page.resolve().as_uri()]
    said = ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")
    assert [event for event in tab.events if event[0] in said] == []
    assert tab.run("document.compatMode") == "CSS1Compat", "quirks mode"


@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_phone_never_scrolls_sideways(tab, language):
    choose(tab, language)
    tab.resize(360, 740, is_phone=True)
    tab.run("document.querySelectorAll('details').forEach(part => part.open = true)")
    assert tab.run(WIDTH) <= 360
    # What is wider scrolls in its own box, which a keyboard can reach.
    wider = (
        "[...document.querySelectorAll('.wide, .chart')].filter(b => b.scrollWidth > b.clientWidth)"
    )
    assert tab.run(f"{wider}.length") > 5
    assert tab.run(f"{wider}.every(b => b.tabIndex === 0 && b.getAttribute('aria-label'))")
    tab.run("document.querySelectorAll('details').forEach(part => part.open = false)")


@pytest.mark.parametrize("width", [360, 1200])
@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_chart_is_drawn_and_its_labels_are_legible(tab, language, width):
    choose(tab, language)
    tab.resize(width, 900, is_phone=width == 360)
    boxes = tab.run(CHART_BOXES)
    assert {name.partition("-")[0] for name, *_ in boxes} >= CHARTS
    assert all(min(sizes) > 20 for _, *sizes in boxes)
    assert tab.run(BAD_LABELS) == []


def test_the_language_is_switched_by_click_and_by_keyboard(tab):
    assert "미세조정 전후 비교" in tab.run(SHOWN) and "Before and after" not in tab.run(SHOWN)
    tab.run("document.querySelector('label[lang=en]').click()")
    assert "Before and after" in tab.run(SHOWN) and "미세조정 전후 비교" not in tab.run(SHOWN)
    shown = tab.run("[...document.querySelectorAll('svg text')].map(t => t.getBBox().width).length")
    assert shown > 100
    tab.run("document.getElementById('en').focus()")
    tab.press("ArrowLeft", 37)
    assert tab.run("document.getElementById('ko').checked")
    assert "미세조정 전후 비교" in tab.run(SHOWN) and "Before and after" not in tab.run(SHOWN)


def test_chart_labels_follow_the_language(tab):
    words = """[...document.querySelectorAll('svg tspan')]
        .filter(t => t.getClientRects().length).map(t => t.lang || t.getAttribute('lang'))"""
    for language in ("ko", "en"):
        choose(tab, language)
        assert set(tab.run(words)) == {language}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_text_stands_out_from_its_ground(tab, scheme, language):
    tab.scheme(scheme)
    choose(tab, language)
    ground = tab.run("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(21, 24, 27)")
    seen, faint = tab.run(CONTRASTS)
    assert seen > 400 and faint == []


def test_answers_keep_their_lines(tab):
    answer = "document.querySelector('.sample dl > div:nth-child(2) dd')"
    assert tab.run(f"{answer}.innerText").count("\n") == 1
    assert "\n  전화" in tab.run(f"{answer}.innerText"), "blanks too"


def test_headings_go_down_step_by_step(tab):
    levels = tab.run("[...document.querySelectorAll('h1, h2, h3')].map(h => Number(h.tagName[1]))")
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_link_of_the_contents_leads_somewhere(tab):
    lost = "[...document.querySelectorAll('nav a')].filter(a => !document.querySelector(a.hash))"
    assert tab.run(f"{lost}.length") == 0
    assert tab.run("document.querySelectorAll('nav a').length") > 10
