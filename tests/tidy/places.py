"""Gate: third parties' headers have one place each, and never stand in a public door.

The places are a fenced table in docs/architecture.md: `prefixes: globs`, and `(N files)` where the number
is bounded.
"""

import fnmatch
import re
from dataclasses import dataclass
from pathlib import Path

import tree
from tree import Problem

DOCUMENT = "docs/architecture.md"
DOORS = "include/postrider/"

# The language's own headers have neither a dot nor a slash; these are the operating system's.
SYSTEM_HEADER = re.compile(r"[a-z_0-9]+|(sys|netinet|arpa|net|linux)/[a-z_0-9]+\.h"
                           r"|(unistd|fcntl|signal|poll|pthread|sched|time|errno|stdint|stddef|string)\.h")


@dataclass(frozen=True)
class Place:
    line: int
    headers: tuple[str, ...]
    globs: tuple[str, ...]
    most_files: int | None

    def names(self, header: str) -> bool:
        return any(header == name or (name.endswith("/") and header.startswith(name)) for name in self.headers)


def read_places(root: Path) -> list[Place]:
    for start, lines in tree.fenced_blocks(tree.read(root, DOCUMENT)):
        if not any(line.startswith("liburing.h") for line in lines):
            continue
        places = []
        for number, line in enumerate(lines, start):
            headers, separator, globs = line.partition(": ")
            if separator:
                bound = re.search(r"\((\d+) files?\)", globs)
                places.append(Place(number, tuple(headers.split()), tuple(re.sub(r"\(.*?\)", "", globs).split()),
                                    int(bound.group(1)) if bound else None))
        return places
    return []


def check(root: Path) -> list[Problem]:
    places = read_places(root)
    if not places:
        return [Problem(DOCUMENT, 1, "no table of third parties' places: a fenced block with a line `liburing.h: ...` is wanted")]
    problems = []
    users: dict[Place, list[tuple[str, int]]] = {}
    for path in tree.files(root, ("src", "include", "tools")):
        for include in tree.includes(tree.read(root, path)):
            place = next((each for each in places if each.names(include.header)), None)
            if path.startswith(DOORS):
                foreign = not include.header.startswith("postrider/") and not SYSTEM_HEADER.fullmatch(include.header)
                if place or (foreign and not include.quoted):
                    problems.append(Problem(path, include.line, f"<{include.header}> stands in a public door: hide it behind a type of the room"))
            elif place and not any(fnmatch.fnmatchcase(path, glob) for glob in place.globs):
                problems.append(Problem(path, include.line, f"<{include.header}> belongs to {' '.join(place.globs)} alone ({DOCUMENT}): use that room's door"))
            elif place and (path, include.line) not in users.setdefault(place, []):
                users[place].append((path, include.line))
    for place, where in users.items():
        names = sorted({path for path, _ in where})
        if place.most_files and len(names) > place.most_files:
            problems.append(Problem(names[-1], dict(where)[names[-1]],
                                    f"<{place.headers[0]}> is included by {', '.join(names)}: {place.most_files} of them may ({DOCUMENT})"))
    return problems
