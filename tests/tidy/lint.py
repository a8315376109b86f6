#!/usr/bin/python3
"""clang-tidy over what changed: `lint.py --build DIR [--base COMMIT] [--budget SECONDS] [FILE...]`.

Without --base and FILE: all that differs from the last commit older than four hours, uncommitted files included.
Newest changes come first; when the budget is over, the files left out are counted and named as such. Clean
verdicts are kept by a digest of the file and of all that it includes.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import tree
from tree import Problem

FINDING = re.compile(r"^(?P<path>/?[^:\n]+):(?P<line>\d+):\d+: (?:error|warning): (?P<text>.*)$", re.MULTILINE)
LINTED = ("src/", "include/", "tools/")


@dataclass(frozen=True)
class Command:
    folder: Path
    path: str
    arguments: tuple[str, ...]


@dataclass
class Outcome:
    problems: list[Problem] = field(default_factory=list)
    linted: int = 0
    known: int = 0
    left_out: list[str] = field(default_factory=list)


def read_commands(root: Path, build: Path) -> list[Command]:
    commands = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        folder = Path(entry["directory"])
        path = (folder / entry["file"]).resolve()
        if path.is_relative_to(root):
            arguments = tuple(part for part in entry["command"].split() if Path(part).name != "ccache")
            commands.setdefault(path.relative_to(root).as_posix(), Command(folder, path.relative_to(root).as_posix(), arguments))
    return list(commands.values())


def changed_files(root: Path, base: str) -> list[str]:
    """Files that differ from base, the most recently committed first, uncommitted ones before them."""
    def git(*arguments):
        return subprocess.run(["git", *arguments], cwd=root, text=True, capture_output=True, check=True).stdout.splitlines()

    uncommitted = git("diff", "--name-only", "HEAD") + git("ls-files", "--others", "--exclude-standard")
    committed = [line for line in git("log", "--format=", "--name-only", f"{base}..HEAD") if line]
    if base == git("rev-list", "--max-parents=0", "HEAD")[-1]:
        committed += git("ls-tree", "-r", "--name-only", base)
    ordered = dict.fromkeys(uncommitted + committed)
    return [path for path in ordered if path.startswith(LINTED) and path.endswith(tree.CPP_SUFFIXES) and (root / path).is_file()]


def default_base(root: Path) -> str:
    def first(*arguments):
        lines = subprocess.run(["git", *arguments], cwd=root, text=True, capture_output=True, check=True).stdout.split()
        return lines[-1] if lines else ""

    return first("rev-list", "-1", "--before=4 hours ago", "HEAD") or first("rev-list", "--max-parents=0", "HEAD")


def sources_for(root: Path, changed: list[str], compiled: list[str]) -> list[str]:
    """The compiled files to lint: those that changed and, for each header that did, the first that includes it."""
    chosen = dict.fromkeys(path for path in changed if path in compiled)
    texts = {}
    for header in (path for path in changed if path.endswith(".hpp")):
        name = header.removeprefix("include/")
        for path in compiled:
            if path not in texts:
                texts[path] = {include.header for include in tree.includes(tree.read(root, path))}
            beside = os.path.relpath(header, os.path.dirname(path))
            if path.startswith("src/") and texts[path] & {name, beside}:
                chosen.setdefault(path)
                break
    return list(chosen)


def lint_one(root: Path, command: Command, clang_tidy: str, seconds: float) -> tuple[list[Problem], bool]:
    """The findings about one file, and whether it was judged to the end."""
    try:
        run = subprocess.run([clang_tidy, "--quiet", f"--config-file={root / '.clang-tidy'}", str(root / command.path), "--", *command.arguments[1:]],
                             cwd=command.folder, text=True, capture_output=True, check=False, timeout=seconds)
    except subprocess.TimeoutExpired:
        return [], False
    problems = []
    for match in FINDING.finditer(run.stdout):
        place = (command.folder / match.group("path")).resolve()
        inside = place.is_relative_to(root.resolve())
        problems.append(Problem(str(place.relative_to(root.resolve())) if inside else str(place), int(match.group("line")), match.group("text")))
    if run.returncode != 0 and not problems:
        problems.append(Problem(command.path, 1, f"clang-tidy failed: {(run.stderr or run.stdout).strip()[:300]}"))
    return problems, True


def check(root: Path, commands: list[Command], budget_s: float, cache: Path | None = None, clang_tidy: str = "clang-tidy-19") -> Outcome:
    end = time.monotonic() + budget_s
    version = subprocess.run([clang_tidy, "--version"], text=True, capture_output=True, check=True).stdout
    salt = version + tree.read(root, ".clang-tidy")
    outcome = Outcome()

    def judge(command: Command):
        # Builds of any name share what was found with the same options.
        arguments = " ".join(command.arguments).replace(str(command.folder), "").replace(str(root), "")
        known = cache / tree.closure_digest(root, command.path, salt + arguments) if cache else None
        if known and known.exists():
            return command, [], True, True
        left = end - time.monotonic()
        if left <= 0:
            return command, [], False, False
        problems, finished = lint_one(root, command, clang_tidy, left)
        if known and finished and not problems:
            known.parent.mkdir(parents=True, exist_ok=True)
            known.touch()
        return command, problems, finished, False

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for command, problems, finished, was_known in pool.map(judge, commands):
            outcome.problems += problems
            outcome.linted += finished
            outcome.known += was_known
            if not finished:
                outcome.left_out.append(command.path)
    outcome.problems = sorted(set(outcome.problems))
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2])
    parser.add_argument("--build", type=Path, required=True, help="a configured build, for its compile_commands.json")
    parser.add_argument("--base", help="commit to compare with")
    parser.add_argument("--budget", type=float, default=600, help="seconds")
    parser.add_argument("files", nargs="*", metavar="FILE", help="these files, changed or not")
    args = parser.parse_args()
    root = args.root.resolve()

    commands = {command.path: command for command in read_commands(root, args.build)}
    changed = args.files or changed_files(root, args.base or default_base(root))
    chosen = sources_for(root, changed, sorted(commands))
    outcome = check(root, [commands[path] for path in chosen], args.budget, tree.cache_folder("lint"))
    for problem in outcome.problems:
        print(problem)
    print(f"clang-tidy: {outcome.linted} files judged, {outcome.known} of them from the cache, {len(outcome.problems)} findings")
    if outcome.left_out:
        print(f"clang-tidy: no time for {len(outcome.left_out)}: {' '.join(outcome.left_out)}")
    return 1 if outcome.problems else 0


if __name__ == "__main__":
    sys.exit(main())
