#!/usr/bin/env python3
"""Kills the whole server and compares what it had promised with what arrived, came back or is still queued.

usage: server_kill_test.py POSTRIDER KILL_POINTS [--seed=N] [--kills=N] [--planted=WHAT] [--only=TEXT] [--reached=FILE]

At each named instant of KILL_POINTS (those that hold TEXT), then at random instants. With --planted=proxy
a proxy answers the final dot before the server has, with --planted=thief messages vanish from a mailbox, with --planted=painter they
get flags that nobody set, and the test passes
if the judge finds the loss.
"""

import argparse
import asyncio
import pathlib
import random
import shutil
import sys
import tempfile
import time

import reached
import server_mailboxes
import server_scenarios
from server_judge import LOST, Judge, Loss
from server_load import EarlyProxy
from server_process import Server
from server_scanner import Scanner
from server_sink import Sink

DRAIN_EVERY = 25
POINTS_A_HOUSE = 12  # what a killed server has in its log is read at each start: a new one keeps starts short


class House:
    """One data directory with its sink and judge."""

    def __init__(self, arguments, folder, rng):
        self.rng = rng
        self.judge = Judge(folder / "data" / "events.jsonl", server_mailboxes.ORIGINS)
        self.sink = Sink(self.judge, rng.getrandbits(32))
        self.scanner = Scanner()
        self.arguments, self.folder = arguments, folder

    async def __aenter__(self):
        await self.sink.start()
        await self.scanner.start()
        self.server = Server(self.arguments.postrider, self.folder, self.sink, self.scanner, self.judge, self.rng)
        await self.server.prepare()
        return self

    async def __aexit__(self, *_):
        if not self.server.is_dead():
            self.server.process.kill()
            self.server.process.wait()
        self.scanner.stop()
        self.sink.stop()


async def kill_at_points(arguments, scratch, rng, points):
    tally = Tally()
    for first in range(0, len(points), POINTS_A_HOUSE):
        async with House(arguments, scratch / f"points-{first}", rng) as house:
            for point in points[first:first + POINTS_A_HOUSE]:
                began = time.monotonic()
                is_killed = await server_scenarios.kill_at(house, point)
                if not is_killed and not point.startswith("store."):
                    raise Loss(f"never reached: {point}")
                (tally.killed if is_killed else tally.left_to_the_store).append(point)
                await server_scenarios.check(house)
                if arguments.verbose:
                    print(f"{point}: {'killed' if is_killed else 'not reached'}, {time.monotonic() - began:.1f} s", flush=True)
            await server_scenarios.check_all(house)
            tally.add(house)
    # kill_test.py dies at each of the store's, and says so if it does not.
    missed = [point for point in points if point not in tally.traced and not point.startswith("store.")]
    if missed:
        raise Loss("not in the trace: " + " ".join(missed))
    reached.write(arguments.reached, arguments.points, tally.killed)
    print(f"killed at {len(tally.killed)} of {len(points)} named instants, left to the bare store's test: "
          f"{' '.join(tally.left_to_the_store) or 'none'}; {tally.text()}", flush=True)


async def kill_at_random(arguments, scratch, rng):
    async with House(arguments, scratch / "random", rng) as house:
        starts = []
        for number in range(arguments.kills):
            began = time.monotonic()
            await house.server.start()
            starts.append(time.monotonic() - began)
            await server_scenarios.compare(house)
            load = house.server.load()
            await asyncio.sleep(rng.uniform(0.02, 0.4))
            await house.server.kill()
            await load
            if (number + 1) % DRAIN_EVERY == 0:
                await server_scenarios.check(house)
        await server_scenarios.check_all(house)
        starts.sort()
        tally = Tally()
        tally.add(house)
        print(f"killed {arguments.kills} times at random; a start takes {starts[len(starts) // 2]:.2f} s (median); "
              f"{tally.text()}", flush=True)


class Tally:
    """Figures of several houses."""

    def __init__(self):
        self.killed, self.left_to_the_store, self.traced = [], [], set()
        self.acknowledged = self.reported = self.duplicates = self.named = self.filed = self.deleted = self.changes = 0

    def add(self, house):
        judge = house.judge
        self.traced |= set(house.server.trace.read_text().split())
        self.acknowledged += judge.acknowledged
        self.reported += sum(judge.bounced.values())
        self.duplicates += judge.duplicates()
        self.named += sum(judge.named.values())
        self.filed += len(judge.filed)
        self.deleted += house.server.mailboxes.deleted
        self.changes += house.server.mailboxes.imap.changes

    def text(self):
        return (f"{self.acknowledged} recipients acknowledged, 0 lost, {self.reported} reported back, "
                f"{self.duplicates} arrived twice, each named among the {self.named} that the journal names; "
                f"{self.filed} filed in mailboxes, none twice, {self.deleted} of them deleted for good; "
                f"{self.changes} changes by IMAP answered, none undone")


async def find_stolen(arguments, scratch, rng):
    """What was filed is deleted, or gets other flags, behind the judge's back."""
    async with House(arguments, scratch / "planted", rng) as house:
        for _ in range(10):
            await house.server.start()
            load = house.server.load()
            await asyncio.sleep(1)
            await house.server.kill()
            await load
            await house.server.start()
            if arguments.planted == "painter":
                await house.server.mailboxes.imap.paint()
            else:
                await house.server.mailboxes.steal(server_mailboxes.BOXES[1])
            await house.server.kill()
            await server_scenarios.check(house)


async def find_planted(arguments, scratch, rng):
    """Dies between the proxy's answer and the commit: what the clients were told is not so."""
    async with House(arguments, scratch / "planted", rng) as house:
        proxy = EarlyProxy(house.server.relay)
        await proxy.start()
        for _ in range(10):
            await house.server.start("intake.before_commit:5", wait=True)
            load = house.server.load([proxy.port])
            await house.server.wait_for_death(10)
            await house.server.kill()
            await load
            await server_scenarios.check(house)
        proxy.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("postrider", type=pathlib.Path)
    parser.add_argument("points", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--planted", choices=("proxy", "thief", "painter"))
    parser.add_argument("--only", default="", help="named instants that hold this text")
    parser.add_argument("--reached", type=pathlib.Path, help="the instants that it died at go here")
    parser.add_argument("--keep", type=pathlib.Path, help="copy the data here if something was lost")
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    points = arguments.points.read_text().split()
    print(f"replay with --seed={arguments.seed}", flush=True)
    if len(points) < 60:
        print(f"only {len(points)} named instants")
        return 1
    points = [point for point in points if arguments.only in point]
    with tempfile.TemporaryDirectory(prefix="server-kill-") as folder:
        scratch = pathlib.Path(folder)
        try:
            if arguments.planted:
                find = find_planted if arguments.planted == "proxy" else find_stolen
                asyncio.run(find(arguments, scratch, random.Random(arguments.seed)))
                print("the judge did not see the planted loss")
                return 1
            asyncio.run(kill_at_points(arguments, scratch, random.Random(arguments.seed), points))
            if arguments.kills:
                asyncio.run(kill_at_random(arguments, scratch, random.Random(arguments.seed + 1)))
        except Loss as loss:
            print(f"LOST: {loss}")
            if arguments.keep:
                shutil.copytree(scratch, arguments.keep, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.sock"))
            return 0 if arguments.planted and str(loss).startswith(LOST) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
