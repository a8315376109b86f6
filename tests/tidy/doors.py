"""Gate: each public header compiles alone, included twice.

Verdicts are kept by a digest of the header and of all that it includes, so that a second run costs nothing.
"""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import tree
from tree import Problem

DEFAULT_COMPILER = ("clang++-19",)
FLAGS = ("-std=c++23", "-fsyntax-only", "-Wall", "-Wextra", "-Werror=return-type", "-Iinclude", "-x", "c++", "-")


def compile_alone(root: Path, compiler: tuple[str, ...], header: str) -> str:
    """The compiler's first complaint about the header, or an empty string."""
    line = f"#include <{header.removeprefix('include/')}>\n"
    run = subprocess.run([*compiler, *FLAGS], input=line * 2, cwd=root, text=True, capture_output=True, check=False)
    if run.returncode == 0:
        return ""
    complaint = next((text for text in run.stderr.splitlines() if "error" in text), run.stderr.strip())
    return complaint or f"{compiler[0]} failed with {run.returncode}"


def check(root: Path, compiler: tuple[str, ...] = DEFAULT_COMPILER, cache: Path | None = None) -> list[Problem]:
    # The launcher in front of the compiler has nothing to keep here.
    compiler = tuple(part for part in compiler if Path(part).name != "ccache")
    version = subprocess.run([*compiler, "--version"], text=True, capture_output=True, check=True).stdout
    salt = version + " ".join(FLAGS)

    def judge(header: str) -> str:
        known = cache / tree.closure_digest(root, header, salt) if cache else None
        if known and known.exists():
            return ""
        complaint = compile_alone(root, compiler, header)
        if known and not complaint:
            known.parent.mkdir(parents=True, exist_ok=True)
            known.touch()
        return complaint

    headers = tree.files(root, ("include",), (".hpp",))
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        verdicts = list(pool.map(judge, headers))
    return [Problem(header, 1, f"does not compile alone: {verdict}")
            for header, verdict in zip(headers, verdicts) if verdict]
