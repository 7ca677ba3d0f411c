"""Line plots as SVG, by hand: panels side by side, a legend each, readable on light and dark pages."""
import math
from xml.sax.saxutils import escape

LIGHT = ("#ffffff", "#24292f", "#d0d7de", "#0b5fa5", "#c84a00", "#00795a", "#a83a78", "#8a6200", "#1287a8", "#57606a")
DARK = ("#0d1117", "#e6edf3", "#30363d", "#6cb4f0", "#ff8c4d", "#3fcf9f", "#f08cc0", "#e0b040", "#50d0e0", "#a0a8b0")
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 460, 330, 62, 108, 34, 48  # of a panel, and around its frame


def style(palette, bands):
    """Background, words, grid, then the lines' colours."""
    lines = "".join(f".s{i}{{stroke:{c}}}.f{i}{{fill:{c};stroke:{c}}}" for i, c in enumerate(palette[3:]))
    if bands:
        lines += "".join(f".b{i}{{fill:{c};fill-opacity:.18}}" for i, c in enumerate(palette[3:]))
    return (f".page{{fill:{palette[0]}}}text{{fill:{palette[1]}}}.frame{{stroke:{palette[1]}}}.grid{{stroke:{palette[2]}}}"
            f".mark{{stroke:{palette[1]}}}{lines}")


def marker(shape, x, y, colour):
    points = {1: "-4,-4 4,-4 4,4 -4,4", 2: "0,-5 5,4 -5,4", 3: "0,-5 5,0 0,5 -5,0", 4: "0,5 5,-4 -5,-4"}.get(shape % 5)
    at = f'transform="translate({x:.1f} {y:.1f})" class="f{colour}"'
    return f'<polygon points="{points}" {at}/>' if points else f'<circle r="4" {at}/>'


class Axis:
    """From numbers to places; ticks at round numbers, of a logarithmic axis at 1, 2 and 5 of each power."""

    def __init__(self, values, start, length, log=False, close=False):
        self.log, self.start, self.length = log, start, length
        low, high = min(values), max(values)
        if log:
            powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
            fine = [10.0 ** p * s for p in powers for s in (1, 2, 5)]
            shown = fine if len(powers) < 4 else [10.0 ** p for p in powers]
            steps = fine if close else shown
            below, above = [t for t in steps if t <= low], [t for t in steps if t >= high]
            self.low, self.high = max(below), min(above, default=steps[-1])
            self.ticks = [t for t in shown if self.low <= t <= self.high]
            return
        rough = (high - low) / 5
        unit = 10 ** math.floor(math.log10(rough))
        step = min((unit * s for s in (1, 2, 5, 10)), key=lambda s: abs(s - rough))
        self.ticks = [step * i for i in range(math.floor(low / step + .02), math.ceil(high / step - .02) + 1)]
        self.low, self.high = self.ticks[0], self.ticks[-1]

    def __call__(self, value):
        at = [math.log(v) if self.log else v for v in (value, self.low, self.high)]
        return self.start + self.length * (at[0] - at[1]) / (at[2] - at[1])


def panel(origin, title, x, y, series, log=False, marks=(), log_across=False, bands=(), plain=()):
    """series: (label, [(x, y), ...]), a point alone where there is one; marks: (label, "x" or "y", value), a dashed
    line each, its words at a share of the height or width when there is a fourth; bands: (label of a series, [(x, low, high), ...]); plain: labels of lines without points."""
    points = [p for _, line in series for p in line] + [(a, b) for _, band in bands for a, *ends in band for b in ends]
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    left, bottom = origin + LEFT, TOP + height
    across = Axis([p[0] for p in points], left, width, log_across, close=True)
    up = Axis([p[1] for p in points] + [m[2] for m in marks if m[1] == "y"], bottom, -height, log)
    out = [f'<text x="{left}" y="20" font-weight="bold">{escape(title)}</text>']
    for t in across.ticks:
        out.append(f'<path class="grid" d="M{across(t):.1f} {TOP}v{height}"/>')
        out.append(f'<text x="{across(t):.1f}" y="{bottom + 17}" text-anchor="middle">{t:.4g}</text>')
    for t in up.ticks:
        out.append(f'<path class="grid" d="M{left} {up(t):.1f}h{width}"/>')
        out.append(f'<text x="{left - 6}" y="{up(t) + 4:.1f}" text-anchor="end">{t:.4g}</text>')
    out.append(f'<rect class="frame" x="{left}" y="{TOP}" width="{width}" height="{height}"/>')
    out.append(f'<text x="{left + width / 2}" y="{HEIGHT - 10}" text-anchor="middle">{escape(x)}</text>')
    out.append(f'<text transform="translate({origin + 14} {TOP + height / 2}) rotate(-90)" text-anchor="middle">{escape(y)}</text>')
    for label, axis, value, *share in marks:
        place = f"M{across(value):.1f} {TOP}v{height}" if axis == "x" else f"M{left} {up(value):.1f}h{width}"
        if axis == "x":
            words = (across(value) + 5, TOP + (*share, .45)[0] * height, "start")
        else:
            words = (left + share[0] * width + 5, up(value) - 5, "start") if share else (left + width - 5, up(value) - 5, "end")
        out.append(f'<path class="mark" stroke-dasharray="5 4" d="{place}"/>')
        out.append(f'<text x="{words[0]:.1f}" y="{words[1]:.1f}" text-anchor="{words[2]}">{escape(label)}</text>')
    for i, (label, line) in enumerate(series):
        for _, band in (b for b in bands if b[0] == label):
            edge = [(a, low) for a, low, _ in band] + [(a, high) for a, _, high in reversed(band)]
            out.append(f'<polygon class="b{i}" points="{" ".join(f"{across(a):.1f},{up(b):.1f}" for a, b in edge)}"/>')
        places = [(across(a), up(b)) for a, b in line]
        out.append(f'<polyline class="s{i}" points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in places)}"/>')
        if label in plain:
            out.append(f'<polyline class="s{i}" points="{left + width + 9},{TOP + 12 + 20 * i} {left + width + 23},{TOP + 12 + 20 * i}"/>')
        else:
            out += [marker(i, *place, i) for place in [*places, (left + width + 16, TOP + 12 + 20 * i)]]
        out.append(f'<text x="{left + width + 26}" y="{TOP + 16 + 20 * i}">{escape(label)}</text>')
    return out


def draw(path, title, panels):
    """Writes an SVG of these panels, each the arguments of panel() behind its place."""
    width, bands = WIDTH * len(panels), any("bands" in words for words in panels)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" width="{width}" height="{HEIGHT}" role="img" '
           'font-family="DejaVu Sans, Verdana, sans-serif" font-size="12" fill="none">', f"<title>{escape(title)}</title>",
           f"<style>polyline{{stroke-width:1.8}}{style(LIGHT, bands)}@media (prefers-color-scheme: dark){{{style(DARK, bands)}}}</style>",
           f'<rect class="page" width="{width}" height="{HEIGHT}"/>']
    for i, words in enumerate(panels):
        out += panel(WIDTH * i, **words)
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join([*out, "</svg>"]) + "\n")
