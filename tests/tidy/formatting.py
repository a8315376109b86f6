"""Gate: clang-format has nothing to change."""

import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import tree
from tree import Problem

COMPLAINT = re.compile(r"^(?P<path>[^:\n]+):(?P<line>\d+):\d+: error: code should be clang-formatted", re.MULTILINE)
FILES_A_RUN = 16


def check(root: Path, clang_format: str = "clang-format-19") -> list[Problem]:
    paths = tree.files(root)
    runs = [paths[start:start + FILES_A_RUN] for start in range(0, len(paths), FILES_A_RUN)]

    def judge(some: list[str]) -> str:
        run = subprocess.run([clang_format, "--dry-run", "-Werror", "--ferror-limit=1", "--style=file", *some],
                             cwd=root, text=True, capture_output=True, check=False)
        return run.stderr

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        output = "\n".join(pool.map(judge, runs))
    problems = {match.group("path"): Problem(match.group("path"), int(match.group("line")), "not formatted: run tools/format")
                for match in reversed(list(COMPLAINT.finditer(output)))}
    if not problems and "error" in output:
        return [Problem(".clang-format", 1, output.strip().splitlines()[0])]
    return sorted(problems.values())
