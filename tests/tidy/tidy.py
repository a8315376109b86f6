#!/usr/bin/python3
"""The gates of the house: `tidy.py [--root DIR] [--compiler CMD] GATE...`, all of them without a name.

Exits 0 if every gate is content, else 1 with one line a problem: `path:line: what is wrong: what to do`.
"""

import argparse
import sys
from pathlib import Path

import contents
import doors
import formatting
import layers
import places
import rfc_index
import tree

HERE = Path(__file__).resolve().parent


def main() -> int:
    gates = {
        "layers": lambda: layers.check(args.root),
        "places": lambda: places.check(args.root),
        "contents": lambda: contents.check(args.root),
        "doors": lambda: doors.check(args.root, tuple(args.compiler.split()), tree.cache_folder("doors")),
        "rfc_index": lambda: rfc_index.check(args.root),
        "formatting": lambda: formatting.check(args.root),
    }
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=HERE.parents[1])
    parser.add_argument("--compiler", default="clang++-19")
    parser.add_argument("gates", nargs="*", metavar="GATE", help=", ".join(gates))
    args = parser.parse_args()
    unknown = [name for name in args.gates if name not in gates]
    if unknown:
        parser.error(f"no gate named {', '.join(unknown)}: there are {', '.join(gates)}")

    problems = [problem for name in (args.gates or gates) for problem in gates[name]()]
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
