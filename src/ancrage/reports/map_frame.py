"""The frame of a static map: its projection in pixels, and labels that do not cover one another."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

# Mean width of a character of the font, in shares of its size (Source Sans Pro, semibold).
_CHARACTER = 0.52


@dataclass(frozen=True)
class Frame:
    """A Mercator map of `width` x `height` pixels: x = scale * lon + left, y = top - scale * north(lat), in radians."""

    scale: float
    left: float
    top: float
    width: int
    height: int

    def project(self, lon: float, lat: float) -> tuple[float, float]:
        """Return the pixel of a point in degrees."""
        return self.scale * math.radians(lon) + self.left, self.top - self.scale * _north(lat)

    @property
    def projection(self) -> dict[str, Any]:
        """Return the same projection for Vega-Lite."""
        return {"type": "mercator", "scale": self.scale, "center": [0, 0], "translate": [self.left, self.top]}


def _north(lat: float) -> float:
    return math.log(math.tan(math.pi / 4 + math.radians(lat) / 2))


def build_frame(points: Iterable[tuple[float, float]], *, width: int, max_height: int, margin: int = 14) -> Frame:
    """Return the frame that shows every point (lon, lat) with `margin` pixels around, no higher than `max_height`."""
    lons, lats = zip(*points, strict=True)
    x0, x1 = math.radians(min(lons)), math.radians(max(lons))
    y0, y1 = _north(min(lats)), _north(max(lats))
    # One kilometre at least, so that a single commune drawn as a point still has a map around it.
    wide, tall = max(x1 - x0, 1.6e-4), max(y1 - y0, 1.6e-4)
    scale = min((width - 2 * margin) / wide, (max_height - 2 * margin) / tall)
    height = max(120, math.ceil(tall * scale + 2 * margin))
    return Frame(scale, width / 2 - scale * (x0 + x1) / 2, height / 2 + scale * (y0 + y1) / 2, width, height)


class Disc(NamedTuple):
    """A circle already drawn, in pixels."""

    x: float
    y: float
    radius: float


class Label(NamedTuple):
    """A label placed on the map: its anchor in pixels and its alignment."""

    x: float
    y: float
    align: str
    text: str


def choose_labels(frame: Frame, discs: Sequence[Disc], texts: Sequence[str], *, font_size: float) -> tuple[Label, ...]:
    """Place one label per disc where it covers least, trying right, left, above, below and the corners."""
    taken: list[tuple[float, float, float, float]] = [
        (d.x - d.radius, d.y - d.radius, d.x + d.radius, d.y + d.radius) for d in discs
    ]
    placed: list[Label] = []
    for disc, text in zip(discs, texts, strict=True):
        wide, tall, gap = _CHARACTER * font_size * len(text), font_size * 1.15, disc.radius + 4
        options = [
            (disc.x + gap, disc.y, "left"),
            (disc.x - gap, disc.y, "right"),
            (disc.x, disc.y - gap - tall / 2, "center"),
            (disc.x, disc.y + gap + tall / 2, "center"),
            (disc.x + gap * 0.7, disc.y - gap * 0.7 - tall / 2, "left"),
            (disc.x + gap * 0.7, disc.y + gap * 0.7 + tall / 2, "left"),
            (disc.x - gap * 0.7, disc.y - gap * 0.7 - tall / 2, "right"),
            (disc.x - gap * 0.7, disc.y + gap * 0.7 + tall / 2, "right"),
        ]

        def compute_cover(option: tuple[float, float, str], wide: float = wide, tall: float = tall) -> float:
            box = _build_box(option, wide, tall)
            outside = max(0.0, -box[0]) + max(0.0, box[2] - frame.width)
            outside += max(0.0, -box[1]) + max(0.0, box[3] - frame.height)
            return 1000 * outside + sum(_overlap(box, other) for other in taken)

        best = min(options, key=compute_cover)
        taken.append(_build_box(best, wide, tall))
        placed.append(Label(best[0], best[1], best[2], text))
    return tuple(placed)


def _build_box(option: tuple[float, float, str], wide: float, tall: float) -> tuple[float, float, float, float]:
    x, y, align = option
    left = x if align == "left" else x - wide if align == "right" else x - wide / 2
    return left, y - tall / 2, left + wide, y + tall / 2


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> float:
    wide, tall = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return wide * tall if wide > 0 and tall > 0 else 0.0
