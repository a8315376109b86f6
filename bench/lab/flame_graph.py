"""perf's samples to folded stacks, folded stacks to an SVG that needs no script: a frame's width is its share of the CPU."""

import collections
import html
import re
import subprocess
from pathlib import Path

ROW, WIDTH, MARGIN = 16, 1200, 10
NARROWEST = 0.004  # share of all samples; what is narrower is left out, so that the file stays small
DEEPEST = 60
ARGUMENTS = re.compile(r"\((?!anonymous)[^()]*(\([^()]*\)[^()]*)*\)( const)?|\[clone [^]]*\]|<[^<>]*(<[^<>]*(<[^<>]*>[^<>]*)*>[^<>]*)*>")


def short(symbol: str) -> str:
    """Without arguments and template arguments: "postrider::smtp::Session::run"."""
    return ARGUMENTS.sub("", symbol).replace("(anonymous namespace)::", "").strip() or symbol


def frame_of(line: str) -> str:
    """A frame's function; of one that has no name, its library: "[libcrypto.so.3]"."""
    symbol, _, library = line.strip().partition(" ")[2].rpartition(" (")
    return short(symbol) if symbol != "[unknown]" else f"[{Path(library.rstrip(')')).name}]"


def fold(recorded: Path) -> collections.Counter:
    """Stacks, outermost first, the thread's name at the bottom: count of samples."""
    script = subprocess.run(["perf", "script", "-i", str(recorded), "-F", "comm,ip,sym,dso"], capture_output=True, text=True, check=True,
                            errors="replace").stdout
    stacks = collections.Counter()
    for sample in script.split("\n\n"):
        lines = sample.strip("\n").splitlines()
        if not lines:
            continue
        frames = [frame_of(line) for line in lines[1:] if line.strip()]
        if frames:
            stacks[tuple([lines[0].strip(), *reversed(frames)])] += 1
    return stacks


def tree_of(stacks: collections.Counter) -> dict:
    root = {"name": "all", "count": 0, "children": {}}
    for stack, count in stacks.items():
        node = root
        node["count"] += count
        for name in stack[:DEEPEST]:
            node = node["children"].setdefault(name, {"name": name, "count": 0, "children": {}})
            node["count"] += count
    return root


def boxes(node: dict, total: int, left: float = 0.0, depth: int = 0):
    """(name, count, left, width, depth), shares of all samples for left and width."""
    yield node["name"], node["count"], left, node["count"] / total, depth
    for name in sorted(node["children"]):
        child = node["children"][name]
        if child["count"] / total >= NARROWEST:
            yield from boxes(child, total, left, depth + 1)
        left += child["count"] / total


def colour(name: str) -> str:
    if name.startswith("postrider"):
        hue = 20
    elif "rocksdb" in name:
        hue = 260
    elif re.match(r"wolfSSL|wc_|sp_|Tls|Do|Send|fe_|ge_|curve25519|Transform_|AES_|ECC|Rsa", name):
        hue = 190
    else:
        hue = 48
    return f"hsl({hue},75%,{62 + sum(map(ord, name)) % 16}%)"


def svg(stacks: collections.Counter, title: str) -> str:
    total = sum(stacks.values())
    drawn = list(boxes(tree_of(stacks), total))
    height = (max(box[4] for box in drawn) + 1) * ROW + 50
    inner = WIDTH - 2 * MARGIN
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="monospace" font-size="11">',
           f'<text x="{WIDTH // 2}" y="20" text-anchor="middle" font-size="14">{html.escape(title)}</text>']
    for name, count, left, width, depth in drawn:
        x, y, w = MARGIN + left * inner, height - 10 - (depth + 1) * ROW, width * inner
        label = name if len(name) * 6.7 < w else name[-int(w / 6.7):] if w > 30 else ""
        out.append(f'<g><title>{html.escape(name)}: {count / total:.1%}</title><rect x="{x:.1f}" y="{y}" width="{max(w - 0.3, 0.2):.1f}" '
                   f'height="{ROW - 1}" fill="{colour(name)}"/>'
                   + (f'<text x="{x + 2:.1f}" y="{y + 11}">{html.escape(label)}</text>' if label else "") + "</g>")
    return "\n".join([*out, "</svg>\n"])
