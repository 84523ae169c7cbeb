"""Charts as parts of a page: matplotlib's SVG, made to live inside HTML.

An SVG of its own knows one language, one ground and one name space. Inside a page it shall follow
the page's language, be legible on light and dark ground, and share the ids with other charts:

- A text of two languages is drawn as `Korean U+E000 English` and split into two `<tspan>`, of
  which the style sheet shows one.
- Colours are drawn as the markers of COLOURS and become the page's variables; INK becomes
  `currentColor`. An alpha of a marker stays.
- Ids begin with the name of the chart.
- Hangul is drawn by the browser's fonts (`svg.fonttype: none`), and matplotlib's own has none. So
  room for labels is made from `width_pt`, not from what matplotlib would measure.

The same numbers give the same bytes: the salt of ids is fixed, and there is no date.
"""

import io
import re
import unicodedata
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from stages.reporting.words import Said, same

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#010203"
COLOURS = {
    "base": "#010210",
    "adapter": "#010211",
    "merged-bf16": "#010212",
    "mxfp4": "#010213",
    "left": "#010214",
    "dropped": "#010215",
    "reference": "#010216",
}
WIDTH_PT = 500
FONT_PT = 9.5
MOST_OF_A_LABEL = 26  # widths of a Hangul syllable
APART = "\ue000"


@dataclass(frozen=True)
class Chart:
    """`kind` names its heading and caption in words; `legend` is (colour, mark, name) of each
    series, where there are several."""

    kind: str
    svg: Markup
    legend: tuple[tuple[str, str, Said], ...] = ()


def label(phrase: Said | str) -> str:
    """A phrase as it is given to matplotlib, cut where it is too long to stand beside a chart."""
    ko, en = same(phrase) if isinstance(phrase, str) else phrase
    return cut(ko) if ko == en else f"{cut(ko)}{APART}{cut(en)}"


def cut(text: str) -> str:
    text = " ".join(text.replace(APART, " ").split())
    while _widths(text) > MOST_OF_A_LABEL:
        text = text[:-2] + "…"
    return text


def _widths(text: str) -> float:
    return sum(1.0 if unicodedata.east_asian_width(c) in "WF" else 0.62 for c in text)


def width_pt(text: str) -> float:
    """The room that a label takes, of the longer of its languages."""
    return FONT_PT * max(map(_widths, text.split(APART)))


def widest_pt(labels: list[str]) -> float:
    return max(map(width_pt, labels), default=0.0)


def settle() -> None:
    """matplotlib as this page needs it, whatever a matplotlibrc on this machine says."""
    import matplotlib

    matplotlib.rcdefaults()
    matplotlib.rcParams |= {
        "svg.hashsalt": "malssi",
        "svg.fonttype": "none",
        "font.size": FONT_PT,
        "text.parse_math": False,  # a name may hold a dollar sign
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.6,
        "grid.alpha": 0.18,
        "grid.linewidth": 0.8,
        "axes.axisbelow": True,
    } | dict.fromkeys(
        ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color",
         "grid.color"),
        INK,
    )  # fmt: skip


def canvas(
    height_pt: float,
    left_pt: float,
    right_pt: float = 14,
    bottom_pt: float = 38,
    top_pt: float = 8,
    panels: int = 1,
    width_pt: float = WIDTH_PT,
) -> "tuple[Figure, list[Axes]]":
    """(figure, axes side by side) with room at the sides in points; the height is that of the axes
    alone."""
    from matplotlib.figure import Figure

    whole = bottom_pt + height_pt + top_pt
    figure = Figure(figsize=(width_pt / 72, whole / 72))
    figure.patch.set_visible(False)
    gap = 18.0
    each = (width_pt - left_pt - right_pt - gap * (panels - 1)) / panels
    axes = []
    for panel in range(panels):
        start = left_pt + panel * (each + gap)
        place = (start / width_pt, bottom_pt / whole, each / width_pt, height_pt / whole)
        axes.append(figure.add_axes(place))
        axes[-1].patch.set_visible(False)
    return figure, axes


def rows_down(axes: "Axes", count: int) -> None:
    """An axis of `count` rows, the first at the top."""
    axes.set_ylim(count - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)


def svg_of(figure: "Figure", name: str, title: Said) -> Markup:
    """The figure as an `<svg>` element with a name to be read aloud; its texts are escaped."""
    text = io.StringIO()
    with warnings.catch_warnings():
        # It cannot measure Hangul and says so; nothing here depends on its measures.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(text, format="svg", metadata=nothing)
    svg = "<svg" + text.getvalue().partition("<svg")[2].rstrip()
    svg = re.sub(r"<[^>]*>", lambda tag: _in_page(tag[0], name), svg)
    svg = re.sub(rf">([^<{APART}]*){APART}([^<]*)<", r'><tspan lang="ko">\1</tspan>'
                 r'<tspan lang="en">\2</tspan><', svg)  # fmt: skip
    # Between legible and not larger than the text around it; a narrow page scrolls it in its box.
    width = figure.get_figwidth() * 72
    style = f"min-width: {1.1 * width:.0f}px; max-width: {1.5 * width:.0f}px"
    name_aloud = escape(f"{title.ko} / {title.en}")
    head = f'<svg role="img" aria-label="{name_aloud}" style="{style}"'
    return Markup(svg.replace("<svg", head, 1))


def _in_page(tag: str, name: str) -> str:
    """One tag of an SVG with the page's colours and fonts, and ids of its own."""
    tag = tag.replace(INK, "currentColor")
    for key, marker in COLOURS.items():
        tag = tag.replace(marker, f"var(--{key})")
    tag = re.sub(r"\bfont: ([\d.]+px)[^;\"]*", r"font-size: \1", tag)
    tag = re.sub(r'\bid="', f'id="{name}-', tag)
    return re.sub(r'(href="|url\()#', rf"\1#{name}-", tag)
