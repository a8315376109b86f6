#!/usr/bin/env python3
"""Every named instant of the sources is one at which a process has died, in one test or the other.

usage: reached.py KILL_POINTS REACHED...
REACHED are what kill_test.py and server_kill_test.py wrote with --reached: a file that is
not there, or is about other sources, means that its test has not run, and this one is skipped (77).
"""

import hashlib
import pathlib
import sys

SKIPPED = 77
FEWEST = 60


def _digest(points):
    return hashlib.sha256(points.read_bytes()).hexdigest()


def write(file, points, names):
    """Says that a process died at each of `names`; `points` is the list that they are from."""
    if file is not None:
        file.write_text("\n".join([_digest(points), *sorted(names)]) + "\n")


def read(file, points):
    """The names, or None if their test has not run on these sources."""
    lines = file.read_text().split() if file.exists() else []
    return set(lines[1:]) if lines and lines[0] == _digest(points) else None


def main(points, *files):
    named = set(points.read_text().split())
    reached = [read(file, points) for file in files]
    if None in reached:
        print("the tests that kill have not run on these sources: meson test --suite kill")
        return SKIPPED
    missed = named - set().union(*reached)
    strangers = set().union(*reached) - named
    print(f"{len(named)} named instants; killed at, test by test: {[len(names) for names in reached]}")
    if missed or strangers or len(named) < FEWEST:
        print(f"never reached: {sorted(missed)}; in no source: {sorted(strangers)}; fewest wanted: {FEWEST}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(pathlib.Path, sys.argv[1:])))
