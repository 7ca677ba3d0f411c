"""Turns what `eigenscope frame --color 24bit` prints into an SVG: python3 captures.py <frame >out.svg

Half blocks and braille are drawn as shapes, everything else as text on a fixed grid, so
that the picture looks alike with every font."""
import html
import re
import sys

CELL_W, CELL_H = 8, 16
PAPER, TEXT = "#101418", "#d8dee4"
SGR = re.compile(r"\x1b\[([0-9;]*)m")
BASIC = ["#000000", "#cc4444", "#44aa44", "#ccaa44", "#4477cc", "#aa55aa", "#44aaaa", "#cccccc",
         "#777777", "#ff6666", "#66dd66", "#ffdd66", "#6699ff", "#dd77dd", "#66dddd", "#ffffff"]


def xterm(n):
    if n < 16:
        return BASIC[n]
    if n >= 232:
        level = 8 + 10 * (n - 232)
        return f"#{level:02x}{level:02x}{level:02x}"
    steps = [0, 95, 135, 175, 215, 255]
    n -= 16
    return "#{:02x}{:02x}{:02x}".format(steps[n // 36], steps[n // 6 % 6], steps[n % 6])


class Pen:
    def __init__(self):
        self.fg, self.bg, self.bold, self.reverse = TEXT, None, False, False

    def set(self, codes):
        codes = [int(c or 0) for c in codes.split(";")]
        while codes:
            c = codes.pop(0)
            if c == 0:
                self.__init__()
            elif c == 1:
                self.bold = True
            elif c == 7:
                self.reverse = True
            elif c in (38, 48):
                kind = codes.pop(0)
                if kind == 2:
                    colour = "#{:02x}{:02x}{:02x}".format(*codes[:3])
                    del codes[:3]
                else:
                    colour = xterm(codes.pop(0))
                if c == 38:
                    self.fg = colour
                else:
                    self.bg = colour
            elif 30 <= c < 38:
                self.fg = BASIC[c - 30]
            elif 40 <= c < 48:
                self.bg = BASIC[c - 40]
            elif c == 39:
                self.fg = TEXT
            elif c == 49:
                self.bg = None

    def colours(self):
        fg, bg = self.fg, self.bg
        return (bg or PAPER, fg) if self.reverse else (fg, bg)


def cells(line):
    pen, at = Pen(), 0
    for match in SGR.finditer(line):
        for rune in line[at:match.start()]:
            yield rune, *pen.colours(), pen.bold
        pen.set(match.group(1))
        at = match.end()
    for rune in line[at:]:
        yield rune, *pen.colours(), pen.bold


def braille(x, y, dots, colour):
    places = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)]
    for bit, (column, row) in enumerate(places):
        if dots >> bit & 1:
            yield (f'<circle cx="{x + 2 + 4 * column}" cy="{y + 2 + 4 * row}" r="1.3" '
                   f'fill="{colour}"/>')


def shapes(row, line):
    y = row * CELL_H
    for column, (rune, fg, bg, bold) in enumerate(cells(line)):
        x = column * CELL_W
        if bg:
            yield f'<rect x="{x}" y="{y}" width="{CELL_W}" height="{CELL_H}" fill="{bg}"/>'
        if rune == "\u2580":
            yield f'<rect x="{x}" y="{y}" width="{CELL_W}" height="{CELL_H // 2}" fill="{fg}"/>'
        elif 0x2800 <= ord(rune) < 0x2900:
            yield from braille(x, y, ord(rune) - 0x2800, fg)
        elif 0x2588 <= ord(rune) <= 0x258F:
            width = CELL_W * (0x2590 - ord(rune)) / 8
            yield f'<rect x="{x}" y="{y + 3}" width="{width:g}" height="{CELL_H - 6}" fill="{fg}"/>'
        elif rune != " ":
            weight = ' font-weight="bold"' if bold else ""
            yield f'<text x="{x}" y="{y + 12}" fill="{fg}"{weight}>{html.escape(rune)}</text>'


def main():
    lines = sys.stdin.read().split("\n")
    while lines and not lines[-1]:
        lines.pop()
    width = max(sum(1 for _ in cells(line)) for line in lines) * CELL_W
    height = len(lines) * CELL_H
    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
          f'viewBox="0 0 {width} {height}" font-family="DejaVu Sans Mono, Menlo, monospace" '
          f'font-size="13" shape-rendering="crispEdges">')
    print(f'<rect width="{width}" height="{height}" fill="{PAPER}"/>')
    for row, line in enumerate(lines):
        for shape in shapes(row, line):
            print(shape)
    print("</svg>")


main()
