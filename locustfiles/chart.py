"""Draws how soon money was credited, from a run's `stats.json`: `python locustfiles/chart.py STATS.json CHART.svg`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

CURVES = {"push to credit": "#1a7f37", "payment to credit": "#0969da", "withdrawal to payout": "#9a6700"}
WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 720, 360, 56, 44, 24, 16
SHARES = (0, 25, 50, 75, 95, 100)


def points(entry: dict[str, Any]) -> list[tuple[float, float]]:
    """Seconds, and how many of a hundred took no longer."""
    times = sorted((float(time) / 1000, count) for time, count in entry["response_times"].items())
    total, done, found = sum(count for _, count in times), 0, [(0.0, 0.0)]
    for seconds, count in times:
        found.append((seconds, found[-1][1]))
        done += count
        found.append((seconds, 100 * done / total))
    return found


def svg(entries: list[dict[str, Any]]) -> str:
    curves = {entry["name"]: points(entry) for entry in entries if entry["name"] in CURVES}
    longest = max(seconds for curve in curves.values() for seconds, _ in curve)

    def x(seconds: float) -> float:
        return LEFT + seconds / longest * (WIDTH - LEFT - RIGHT)

    def y(share: float) -> float:
        return HEIGHT - BOTTOM - share / 100 * (HEIGHT - BOTTOM - TOP)

    title = "How many of a hundred were credited within so many seconds"
    parts = [f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>', f'<text x="{LEFT}" y="16">{title}</text>']
    for share in SHARES:
        parts.append(f'<path d="M{LEFT} {y(share):.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y(share) + 4:.1f}" text-anchor="end">{share} %</text>')
    for tick in range(6):
        seconds = longest * tick / 5
        parts.append(f'<text x="{x(seconds):.1f}" y="{HEIGHT - 24}" text-anchor="middle">{seconds:.0f} s</text>')
    for row, (name, curve) in enumerate(curves.items()):
        line = " ".join(f"{x(seconds):.1f},{y(share):.1f}" for seconds, share in curve)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{CURVES[name]}" stroke-width="2"/>')
        place = f'x="{WIDTH - RIGHT - 8}" y="{y(30) + 18 * row:.1f}"'
        parts.append(f'<text {place} text-anchor="end" fill="{CURVES[name]}">{name}</text>')
    style = 'font-family="sans-serif" font-size="12"'
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>\n' + "\n".join(parts) + "\n</svg>\n"


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    target.write_text(svg(json.loads(source.read_text())))
