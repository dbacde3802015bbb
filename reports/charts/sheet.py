"""What every chart is drawn with: an empty sheet, colours, text, lines, dots, bars, and the SVG that comes of it.

The sheet is measured in CSS pixels, y downwards, so that text sizes are what the reader gets. The SVG is the same
bytes each time, searchable and safe inside a page.
"""

from __future__ import annotations

import io
import re
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, ORANGE_TEXT = "#0b6e99", "#c4511a", "#b8460f"
INK, SECONDARY, GREY, LINE = "#1d2430", "#5b6472", "#8a8f98", "#e3e6ea"
SMALL, NORMAL = 11, 12
CLEAR = {"facecolor": "white", "edgecolor": "none", "pad": 3}  # a dashed line beside a number reads as a minus
_SVG = "http://www.w3.org/2000/svg"
_RC: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "lead-calibrate",
    "font.family": ["DejaVu Sans"],
    "text.parse_math": False,
    "text.usetex": False,
    "hatch.linewidth": 2.0,
    "figure.dpi": 72,
    "savefig.dpi": 72,
}


def ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers from low to high, about so many at most."""
    from matplotlib.ticker import MaxNLocator

    values = MaxNLocator(nbins=most, steps=[1, 2, 5, 10]).tick_values(low, high)
    return [float(value) for value in values if low <= value <= high]


def scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    """Where on the sheet a value stands, from low at start to high at end."""
    return lambda value: start + (end - start) * (value - low) / (high - low)


def put_text(
    sheet: Axes, x: float, y: float, text: str, size: int, color: str, align: str = "left", **options: Any
) -> None:
    """Text at a place, `align` saying which of its ends stands there."""
    if text:
        look: dict[str, Any] = {"ha": align, "va": "center_baseline", "rotation_mode": "anchor"}
        sheet.text(x, y, text, size=size, color=color, parse_math=False, zorder=3, **look, **options)


def put_line(
    sheet: Axes, x: Sequence[float], y: Sequence[float], color: str, width: float, dash: tuple[int, int] | None = None
) -> None:
    """A line through places."""
    style: Any = (0, dash) if dash else "-"
    sheet.plot(x, y, color=color, linewidth=width, linestyle=style, clip_on=False, solid_capstyle="butt")


def put_dot(sheet: Axes, x: float, y: float, size: float, color: str, *, filled: bool) -> None:
    """A dot, or a ring where it is not filled."""
    face = color if filled else "white"
    look: dict[str, Any] = {"markerfacecolor": face, "markeredgecolor": color, "markeredgewidth": 1.8}
    sheet.plot([x], [y], "o", markersize=size, clip_on=False, **look)


def put_bar(sheet: Axes, x: float, y: float, wide: float, tall: float, color: str, *, hatched: bool = False) -> None:
    """A bar from its upper left corner."""
    from matplotlib.patches import Rectangle

    look: dict[str, Any] = {"facecolor": color, "linewidth": 0, "zorder": 2}
    if hatched:
        look |= {"facecolor": "white", "edgecolor": color, "hatch": "///", "linewidth": 1.5}
    sheet.add_patch(Rectangle((x, y), wide, tall, clip_on=False, **look))


def drawn(draw: Callable[[Axes], None], width: int, height: int, name: str, label: str) -> str:
    """The SVG of a drawing on an empty sheet; nothing of the reader's own matplotlib settings comes in.

    name: of the chart within its page.  label: the finding, for readers who do not see.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context(), warnings.catch_warnings():
        # Letters that DejaVu lacks are drawn by the browser: the SVG holds the text itself.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        mpl.rcdefaults()
        mpl.rcParams.update(_RC)
        figure: Figure = Figure(figsize=(width / 72, height / 72))
        FigureCanvasSVG(figure)
        sheet = figure.add_axes((0, 0, 1, 1))
        sheet.set_axis_off()
        draw(sheet)
        sheet.set_xlim(0, width)
        sheet.set_ylim(height, 0)
        target = io.StringIO()
        figure.savefig(target, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _embedded(target.getvalue(), width, height, name, label)


def _embedded(document: str, width: int, height: int, name: str, label: str) -> str:
    """A whole SVG document as an element of a page: its ids are unique there, and it says what it shows."""
    root = ET.fromstring(document)  # noqa: S314 - written a line above, by matplotlib
    root.attrib.clear()
    for parent in list(root.iter()):
        for child in [child for child in parent if child.tag in (f"{{{_SVG}}}metadata", f"{{{_SVG}}}style")]:
            parent.remove(child)  # the style is meant for a document of its own; the root has it as attributes
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]  # HTML knows svg without its namespace
        for key in [key for key in element.attrib if key.endswith("}href")]:
            element.set("href", element.attrib.pop(key))
    used = re.findall(r"""(?:url\(|href=")#([^)"]+)""", ET.tostring(root, encoding="unicode"))
    ids = {old: f"{name}-{number}" for number, old in enumerate(dict.fromkeys(used))}
    for element in root.iter():
        old = element.attrib.pop("id", "")
        if old in ids:
            element.set("id", ids[old])
        for key, value in element.attrib.items():
            element.set(key, re.sub(r"#(\w+)", lambda found: "#" + ids.get(found[1], found[1]), value))
        _unstyle(element)
    root.attrib.update(
        {"viewBox": f"0 0 {width} {height}", "width": str(width), "height": str(height)}
        | {"stroke-linejoin": "round", "stroke-linecap": "butt", "role": "img", "aria-label": label}
    )
    return ET.tostring(root, encoding="unicode", short_empty_elements=True)


def _unstyle(element: ET.Element) -> None:
    """Turns the style of an element into attributes: a page that allows no inline style shows these."""
    for declaration in filter(str.strip, element.attrib.pop("style", "").split(";")):
        name, _, value = declaration.partition(":")
        element.set(name.strip(), value.strip())
