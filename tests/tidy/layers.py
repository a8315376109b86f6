"""Gate: who may include whom. The table in docs/architecture.md is the only place that says so."""

import fnmatch
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

import tree
from tree import Problem

DOCUMENT = "docs/architecture.md"
DOORS = "include/postrider/"


@dataclass
class Row:
    line: int
    needs: list[str]
    everything: bool = False
    private_too: bool = False


@dataclass
class Table:
    rows: dict[str, Row] = field(default_factory=dict)

    def room_of(self, path: str) -> str | None:
        """The room that owns `codec/smtp/framer.cpp` (a path below src/ or include/postrider/)."""
        parts = path.split("/")[:-1]
        for length in range(len(parts), 0, -1):
            name = "/".join(parts[:length])
            if self.row(name):
                return name
        return None

    def row(self, room: str) -> Row | None:
        """The row of a room; `service/X` stands for every service."""
        if room in self.rows:
            return self.rows[room]
        parent, _, name = room.rpartition("/")
        return self.rows.get(parent + "/X") if parent and name else None

    def allows(self, room: str, other: str) -> bool:
        row = self.row(room)
        if row is None:
            return False
        return (room == other or row.everything
                or any(fnmatch.fnmatchcase(other, need) for need in row.needs))


def read_table(root: Path) -> tuple[Table, list[Problem]]:
    problems = []
    for start, lines in tree.fenced_blocks(tree.read(root, DOCUMENT)):
        if not any(re.match(r"base:\s+-", line) for line in lines):
            continue
        table = Table()
        for number, line in enumerate(lines, start):
            match = re.fullmatch(r"([\w/, ]+):\s+(.*)", re.sub(r"\(.*?\)", "", line).rstrip())
            if not match:
                if line.strip():
                    problems.append(Problem(DOCUMENT, number, f"not a row of the layer table: {line.strip()}: write `room: what it may include`"))
                continue
            needs, _, note = match.group(2).partition(",")
            words = [word for word in needs.split() if word != "-"]
            row = Row(number, [word for word in words if word != "everything"], "everything" in words,
                      "private headers too" in note)
            for name in match.group(1).split(","):
                table.rows[name.strip()] = row
        return table, problems
    return Table(), [Problem(DOCUMENT, 1, "no layer table: a fenced block with a line `base:  -` is wanted")]


def cycles(table: Table) -> list[Problem]:
    """Rooms that reach themselves by the table, `everything` rows aside: nobody may include those."""
    closed = {name: row for name, row in table.rows.items() if not row.everything}

    def neighbours(name):
        return [other for other in closed if other != name
                and any(fnmatch.fnmatchcase(other, need) for need in closed[name].needs)]

    problems = []
    for name, row in closed.items():
        trail, stack = {name: None}, [name]
        while stack:
            current = stack.pop()
            for other in neighbours(current):
                if other == name:
                    way = [current]
                    while trail[way[-1]]:
                        way.append(trail[way[-1]])
                    text = " -> ".join([*reversed(way), name])
                    problems.append(Problem(DOCUMENT, row.line, f"the layer table has a cycle: {text}: one of these rooms must declare a port instead"))
                    stack.clear()
                    break
                if other not in trail:
                    trail[other] = current
                    stack.append(other)
        for need in row.needs:
            if "*" not in need and need not in table.rows:
                problems.append(Problem(DOCUMENT, row.line, f"{name} needs {need}, which is no room of the table: add its row"))
    return problems


def check_include(root: Path, table: Table, path: str, room: str, include: tree.Include) -> str | None:
    """What is wrong with one #include of a file in `room`, or None."""
    row = table.row(room)
    if include.header.startswith("postrider/"):
        below = include.header.removeprefix("postrider/")
        other = table.room_of(below)
        if other is None:
            return f"<{include.header}> is in no room of the layer table: add its row to {DOCUMENT}"
        if not (root / DOORS / below).is_file():
            return f"<{include.header}> does not exist"
        if include.quoted:
            return f"\"{include.header}\" is a public door: include it as <{include.header}>"
        if not table.allows(room, other):
            return f"{room} may not include {other}: the layer table in {DOCUMENT} lists what it may; declare a port in {room}'s own door instead"
        return None
    if not include.quoted or row.private_too:
        return None
    if path.startswith(DOORS):
        return f"\"{include.header}\" is private: a public door includes public doors only"
    beside = os.path.normpath(os.path.join(os.path.dirname(path), include.header))
    if (root / beside).is_file():
        owner = table.room_of(beside.removeprefix("src/")) if beside.startswith("src/") else room
        if owner == room:
            return None
        return f"\"{include.header}\" is private to {owner}: make it a door of {owner} or go without"
    if (root / "src" / include.header).is_file():
        return f"\"{include.header}\" is private to {table.room_of(include.header)}: src/ is on nobody's include path"
    return None  # generated by the build: the compiler finds it or not


def room_of_file(table: Table, path: str) -> str | None:
    for prefix in (DOORS, "src/"):
        if path.startswith(prefix):
            return table.room_of(path.removeprefix(prefix))
    return path.split("/")[0] if not path.startswith("bench/") else "bench/micro"


def linked_rooms(table: Table, root: Path) -> list[Problem]:
    """Meson must not link what the table forbids to include."""
    problems = []
    for path in tree.files(root, ("src",), ("meson.build",)):
        room = table.room_of(path.removeprefix("src/"))
        if room is None:
            continue
        for number, line in enumerate(tree.read(root, path).splitlines(), 1):
            for name in re.findall(r"\b(\w+)_dep\b", line.split("#")[0]):
                candidates = (name, name.replace("_", "/", 1))
                other = next((each for each in candidates if (root / "src" / each).is_dir()), None)
                if other and not table.allows(room, other):
                    problems.append(Problem(path, number, f"{room} may not link {other}: the layer table in {DOCUMENT} does not list it"))
    return problems


def check(root: Path) -> list[Problem]:
    table, problems = read_table(root)
    if not table.rows:
        return problems
    problems += cycles(table) + linked_rooms(table, root)
    for path in tree.files(root):
        room = room_of_file(table, path)
        if room is None or table.row(room) is None:
            problems.append(Problem(path, 1, f"this file is in no room of the layer table: add a row to {DOCUMENT}"))
            continue
        for include in tree.includes(tree.read(root, path)):
            wrong = check_include(root, table, path, room, include)
            if wrong:
                problems.append(Problem(path, include.line, wrong))
    return problems
