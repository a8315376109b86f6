#!/usr/bin/env python3
"""Kills the producer and compares what it had promised with what is there afterwards.

usage: kill_test.py PRODUCER KILL_POINTS [--seed=N] [--kills=N] [--planted] [--rooms=a,b] [--reached=FILE]

At each named instant of KILL_POINTS (of those rooms) once, then at random instants. With --planted
the producer acknowledges before it has written, and the test passes if the checker finds the loss.
"""

import argparse
import collections
import os
import pathlib
import random
import select
import signal
import subprocess
import sys
import tempfile
import time

import reached as reached_points

LIFE_SECONDS = 60  # a life that takes longer hangs
SPOIL_ONE_IN = 6
PLANTED_LOSS = "acknowledged and lost"


class Loss(Exception):
    """A promise that was not kept."""


class Checker:
    """What the outside has seen, over all lives on one disk."""

    def __init__(self):
        self.promised = {}  # delivery -> checksum of its octets
        self.sent = set()  # handed to the peer in the life before
        self.ending = set()  # settle() was called
        self.ended = set()  # and has returned
        self.lives = self.acknowledged = self.duplicates = 0
        self.restart()

    def restart(self):
        self.open = {}
        self.begun = set()
        self.aside = set()
        self.is_ready = False

    def hear(self, line):
        words = line.split()
        if words[0] == "open":
            self.open[words[1]] = words[2]
        elif words[0] == "begun":
            self.begun.add(words[1])
        elif words[0] == "aside":
            self.aside.add(words[1])
        elif words[0] == "ready":
            self.judge()
            self.is_ready = True
        elif words[0] == "ack":
            self.acknowledged += 1
            for number in range(int(words[2])):
                self.promised[f"{words[1]}/{number}"] = words[3]
        elif words[0] == "sent":
            self.sent.add(words[1])
        elif words[0] == "ending":
            self.ending.add(words[1])
        elif words[0] == "ended":
            self.ended.add(words[1])
        elif words[0] != "done":
            raise Loss(f"the producer said {line!r}")

    def judge(self):
        for delivery, checksum in self.promised.items():
            is_aside = delivery.split("/")[0] in self.aside
            if delivery in self.open:
                if self.open[delivery] != checksum:
                    raise Loss(f"other octets: {delivery}")
                if delivery in self.ended:
                    raise Loss(f"settled and open again: {delivery}")
            elif delivery not in self.ending and not is_aside:
                raise Loss(f"{PLANTED_LOSS}: {delivery}")
        for delivery in self.sent & self.open.keys():
            self.duplicates += 1
            if delivery not in self.begun:
                raise Loss(f"a duplicate that the journal does not name: {delivery}")
        # What is there now is promised to the next life.
        self.promised = dict(self.open)
        self.sent, self.ending, self.ended = set(), set(), set()
        self.lives += 1


class Life:
    """One process of the producer, from its start to its end."""

    def __init__(self, producer, directory, checker, seed, options, environment=None):
        self.checker = checker
        self.process = subprocess.Popen(
            [producer, directory, str(seed), *options],
            stdout=subprocess.PIPE,
            env={**os.environ, **(environment or {})},
        )
        self.rest = b""
        self.lines = 0
        checker.restart()

    def run(self, kill_after_lines=None, kill_after_seconds=0.0, counts_from_start=False):
        """Hears it to its end. Returns True if it was killed.

        Lines count from `ready`, so that most kills fall into work, or from the start."""
        deadline = time.monotonic() + LIFE_SECONDS
        kill_at = None
        while True:
            if kill_at is None and kill_after_lines is not None and self.lines >= kill_after_lines:
                kill_at = time.monotonic() + kill_after_seconds
            now = time.monotonic()
            if kill_at is not None and now >= kill_at:
                self.process.kill()
                kill_at, kill_after_lines = None, None
            if now > deadline:
                self.process.kill()
                self.process.wait()
                raise Loss("the producer hangs")
            wait = deadline - now if kill_at is None else min(deadline, kill_at) - now
            if not select.select([self.process.stdout], [], [], max(wait, 0))[0]:
                continue
            octets = os.read(self.process.stdout.fileno(), 65536)
            if not octets:
                break
            *lines, self.rest = (self.rest + octets).split(b"\n")
            for line in lines:
                self.lines += self.checker.is_ready or counts_from_start
                self.checker.hear(line.decode())
        status = self.process.wait()
        if status not in (0, -signal.SIGKILL):
            raise Loss(f"the producer ended with {status}")
        return status != 0

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def live(producer, directory, checker, seed, options=(), environment=None, **kill):
    life = Life(producer, directory, checker, seed, options, environment)
    try:
        return life.run(**kill)
    finally:
        life.stop()


def faults_of(seed):
    return [f"--spoil-one-in={SPOIL_ONE_IN}"] if seed % 2 else []


def kill_at_points(arguments, scratch, rng, points):
    """Every instant once, with one disk for all; those of a first start on a disk of their own."""
    checker = Checker()
    reached = collections.Counter()
    for point in points:
        for attempt in range(8):
            seed = rng.randrange(1 << 32)
            is_fresh = attempt % 2 == 1
            directory = scratch / (f"{point}-{attempt}" if is_fresh else "points")
            environment = {"POSTRIDER_KILL_POINT": f"{point}:{1 + rng.randrange(3) if attempt < 2 else 1}"}
            judge = Checker() if is_fresh else checker
            options = faults_of(attempt // 2 + 1 if "quarantine" in point else attempt // 2)
            if live(arguments.producer, directory, judge, seed, options, environment):
                reached[point] += 1
                live(arguments.producer, directory, judge, seed, [], None, kill_after_lines=None)
                break
    missed = [point for point in points if not reached[point]]
    print(f"killed at {len(reached)} of {len(points)} named instants; {checker.acknowledged} "
          f"acknowledged, {checker.duplicates} possible duplicates, all named")
    if missed:
        raise Loss("never reached: " + " ".join(missed))
    reached_points.write(arguments.reached, arguments.points, reached)


def kill_at_random(arguments, scratch, rng, kills):
    checker = Checker()
    directory = scratch / "random"
    killed = 0
    while killed < kills:
        seed = rng.randrange(1 << 32)
        options = ["--acknowledge-early"] if arguments.planted else faults_of(seed)
        killed += live(arguments.producer, directory, checker, seed, options,
                       kill_after_lines=rng.randrange(600), kill_after_seconds=rng.random() / 500,
                       counts_from_start=rng.randrange(8) == 0)
    live(arguments.producer, directory, checker, 1)
    live(arguments.producer, directory, checker, 1)
    print(f"killed {killed} times at random; {checker.acknowledged} acknowledged, "
          f"{checker.duplicates} possible duplicates, all named")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("producer")
    parser.add_argument("points", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--planted", action="store_true")
    parser.add_argument("--rooms", default="store")
    parser.add_argument("--reached", type=pathlib.Path, help="the instants that it died at go here")
    arguments = parser.parse_args()
    rooms = tuple(room + "." for room in arguments.rooms.split(","))
    points = [name for name in arguments.points.read_text().split() if name.startswith(rooms)]
    print(f"replay with --seed={arguments.seed}", flush=True)
    rng = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory(prefix="kill-test-") as scratch:
        try:
            if not arguments.planted:
                kill_at_points(arguments, pathlib.Path(scratch), rng, points)
            kill_at_random(arguments, pathlib.Path(scratch), rng, arguments.kills)
        except Loss as loss:
            print(f"LOST: {loss}")
            is_found = str(loss).startswith(PLANTED_LOSS)
            return 0 if arguments.planted and is_found else 1
    if arguments.planted:
        print("the checker did not see the planted loss")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
