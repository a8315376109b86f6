"""Gate: the code's `RFC 5321 4.5.3.1.4` and the rows of docs/rfc_index.tsv agree.

Every section that the code names has a row, and every row that says `implemented` is named by the code.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import tree
from tree import Problem

INDEX = "docs/rfc_index.tsv"
HEADING = ("rfc", "section", "title", "status", "where")
STATUSES = ("implemented", "partly", "planned", "not-applicable")
SOURCES = (".cpp", ".hpp", ".py")
# `RFC 6376 3.4.2`, and appendices as `RFC 6376 A.1`; a title's year or a lone number is no section.
REFERENCE = re.compile(r"\bRFC (\d{3,5})(?: (\d{1,2}(?:\.\d{1,3})*|[A-Z](?:\.\d{1,3})+)(?![\w.]*\w))?")


@dataclass(frozen=True)
class Row:
    line: int
    rfc: str
    section: str
    title: str
    status: str
    where: str


def order(rfc: str, section: str) -> tuple:
    parts = [] if section == "-" else section.split(".")
    return (int(rfc), [(not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts])


def read_rows(root: Path) -> tuple[list[Row], list[Problem]]:
    rows, problems = [], []
    for number, line in enumerate(tree.read(root, INDEX).splitlines(), 1):
        fields = line.split("\t")
        if number == 1:
            if tuple(fields) != HEADING:
                problems.append(Problem(INDEX, 1, f"the first line must be the heading: {' TAB '.join(HEADING)}"))
            continue
        if len(fields) != len(HEADING) or not fields[0].isdigit() or fields[3] not in STATUSES:
            problems.append(Problem(INDEX, number, f"not a row: {' TAB '.join(HEADING)}, with a status of {', '.join(STATUSES)}"))
            continue
        row = Row(number, *fields)
        if rows and order(rows[-1].rfc, rows[-1].section) >= order(row.rfc, row.section):
            problems.append(Problem(INDEX, number, f"RFC {row.rfc} {row.section} is out of order or twice: sort by RFC, then section (tools/rfc sort)"))
        rows.append(row)
    return rows, problems


def references(root: Path) -> dict[tuple[str, str], tuple[str, int]]:
    """(rfc, section or '-') to the first place that names it; src and include come before tests."""
    found: dict[tuple[str, str], tuple[str, int]] = {}
    for folder in ("src", "include", "tools", "tests", "bench"):
        for path in tree.files(root, (folder,), SOURCES):
            if path.startswith("tests/tidy/"):
                continue
            text = tree.read(root, path)
            for match in REFERENCE.finditer(text):
                found.setdefault((match.group(1), match.group(2) or "-"), (path, tree.line_of(text, match.start())))
    return found


def check(root: Path) -> list[Problem]:
    rows, problems = read_rows(root)
    known = {(row.rfc, row.section) for row in rows}
    rfcs = {row.rfc for row in rows}
    named = references(root)
    for (rfc, section), (path, line) in sorted(named.items()):
        if (rfc, section) in known or (section == "-" and rfc in rfcs):
            continue
        problems.append(Problem(path, line, f"RFC {rfc}{'' if section == '-' else ' ' + section} is not in {INDEX}: tools/rfc add {rfc} {section} 'TITLE OF THE SECTION', then tools/rfc settle"))
    for row in rows:
        if row.status == "implemented" and row.section != "-" and (row.rfc, row.section) not in named:
            problems.append(Problem(INDEX, row.line, f"RFC {row.rfc} {row.section} says implemented, and no code names it: write `RFC {row.rfc} {row.section}` where it is, or tools/rfc settle"))
        if row.status == "implemented" and row.section == "-" and not any(rfc == row.rfc for rfc, _ in named):
            problems.append(Problem(INDEX, row.line, f"RFC {row.rfc} says implemented, and no code names it"))
        if row.where not in ("", "-") and row.status == "implemented" and not (root / row.where).exists():
            problems.append(Problem(INDEX, row.line, f"{row.where} does not exist: name the file or folder that implements it, or `-`"))
    return problems
