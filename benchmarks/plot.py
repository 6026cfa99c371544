"""A bar chart as SVG: one bar per case, how far its rounds differ, and the target. No library does so little."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil

WIDTH, LEFT, ROW, TOP, BOTTOM = 900, 400, 26, 46, 34
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#333}.t{font-weight:600}.s{font-size:11px;fill:#666}"
    ".b{fill:#2a6fb0}.m{fill:#b5482a}.g{stroke:#ddd}.o{stroke:#333}.r{stroke:#111;stroke-width:1.5}"
    ".x{stroke:#111;stroke-width:3}"
)


@dataclass(frozen=True, slots=True)
class Bar:
    """One case: the median, the least and the greatest of its rounds, and what it ought to be."""

    label: str
    value: float
    least: float
    most: float
    target: float | None


def plotted(title: str, bars: Sequence[Bar]) -> str:
    """The chart. A bar that misses its target has another colour."""
    most = ceil(max([1.0, *(max(bar.most, bar.target or 0.0) for bar in bars)]))
    scale = (WIDTH - LEFT - 60) / most
    height = TOP + ROW * len(bars) + BOTTOM
    step = max(1, most // 8)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}">',
        f"<style>{_STYLE}</style>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text class="t" x="12" y="24">{escape(title)}</text>',
    ]
    for number in range(0, most + 1, step):
        x = LEFT + number * scale
        parts.append(_line("o" if number in (0, 1) else "g", x, TOP - 8, x, height - BOTTOM))
        parts.append(f'<text class="s" x="{x:.1f}" y="{height - BOTTOM + 16}" text-anchor="middle">{number}</text>')
    for index, bar in enumerate(bars):
        parts += _bar(bar, TOP + ROW * index, scale)
    note = "thin line: least and greatest round; thick mark: target"
    parts += [f'<text class="s" x="12" y="{height - 10}">{note}</text>', "</svg>"]
    return "\n".join(parts) + "\n"


def _bar(bar: Bar, y: float, scale: float) -> list[str]:
    missed = bar.target is not None and bar.value < bar.target
    middle = y + ROW / 2
    width = bar.value * scale
    parts = [
        f'<text x="{LEFT - 8}" y="{middle + 4:.1f}" text-anchor="end">{escape(bar.label)}</text>',
        f'<rect class="{"m" if missed else "b"}" x="{LEFT}" y="{y + 4}" width="{width:.1f}" height="{ROW - 8}"/>',
        _line("r", LEFT + bar.least * scale, middle, LEFT + bar.most * scale, middle),
        f'<text class="s" x="{LEFT + bar.most * scale + 6:.1f}" y="{middle + 4:.1f}">{bar.value:.2f}</text>',
    ]
    if bar.target is not None:
        x = LEFT + bar.target * scale
        parts.append(_line("x", x, y + 2, x, y + ROW - 2))
    return parts


def _line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'
