"""What every gate needs: the files of the tree, C++ text without its comments, problems with a place."""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

TOP_FOLDERS = ("src", "include", "tests", "tools", "bench")
CPP_SUFFIXES = (".cpp", ".hpp")
SKIPPED_FOLDERS = {"__pycache__", "node_modules", ".cache"}

_COMMENT_OR_LITERAL = re.compile(
    r"//[^\n]*"
    r"|/\*.*?\*/"
    r'|R"(?P<delimiter>[^()\\\s]{0,16})\(.*?\)(?P=delimiter)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])+'",
    re.DOTALL,
)
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.MULTILINE)


@dataclass(frozen=True, order=True)
class Problem:
    """`path:line: what is wrong: what to do`, as the program's own errors read."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


@dataclass(frozen=True)
class Include:
    line: int
    quoted: bool
    header: str


def cache_folder(name: str) -> Path:
    """Where verdicts are kept between runs and between copies of the tree: what they depend on is in their digest."""
    base = os.environ.get("POSTRIDER_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "postrider"
    return Path(base) / name


def files(root: Path, folders=TOP_FOLDERS, suffixes=CPP_SUFFIXES) -> list[str]:
    """Paths relative to root, sorted, of the files in `folders` that end in one of `suffixes`."""
    found = []
    for folder in folders:
        for where, inner, names in os.walk(root / folder):
            inner[:] = [name for name in inner if name not in SKIPPED_FOLDERS]
            found += [Path(where, name).relative_to(root).as_posix()
                      for name in names if name.endswith(suffixes)]
    return sorted(found)


def read(root: Path, path: str) -> str:
    return (root / path).read_text(encoding="utf-8", errors="replace")


def _blank(match: re.Match, keep_literals: bool) -> str:
    text = match.group(0)
    if keep_literals and not text.startswith(("//", "/*")):
        return text
    return re.sub(r"[^\n]", " ", text)


def without_comments(text: str) -> str:
    """The same text with comments blanked; lines and columns stay."""
    return _COMMENT_OR_LITERAL.sub(lambda match: _blank(match, keep_literals=True), text)


def code_only(text: str) -> str:
    """The same text with comments and literals blanked; lines and columns stay."""
    return _COMMENT_OR_LITERAL.sub(lambda match: _blank(match, keep_literals=False), text)


def line_of(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def includes(text: str) -> list[Include]:
    plain = without_comments(text)
    return [Include(line_of(plain, match.start(1)), match.group(1) == '"', match.group(2))
            for match in _INCLUDE.finditer(plain)]


def fenced_blocks(markdown: str) -> list[tuple[int, list[str]]]:
    """Each ``` block as (number of its first line, its lines)."""
    blocks, current, start = [], None, 0
    for number, line in enumerate(markdown.splitlines(), 1):
        if line.startswith("```"):
            if current is None:
                current, start = [], number + 1
            else:
                blocks.append((start, current))
                current = None
        elif current is not None:
            current.append(line)
    return blocks


def closure_digest(root: Path, path: str, salt: str) -> str:
    """A digest of a file and of every project header that it reaches; equal digests, equal verdicts."""
    seen, queue = set(), [path]
    while queue:
        current = queue.pop()
        if current in seen:
            continue
        seen.add(current)
        for include in includes(read(root, current)):
            candidates = [f"include/{include.header}", f"src/{include.header}"]
            if include.quoted:
                beside = os.path.normpath(os.path.join(os.path.dirname(current), include.header))
                candidates.insert(0, beside)
            queue += [name for name in candidates if (root / name).is_file()]
    digest = hashlib.sha256(salt.encode())
    for name in sorted(seen):
        digest.update(name.encode() + b"\0" + (root / name).read_bytes() + b"\0")
    return digest.hexdigest()
