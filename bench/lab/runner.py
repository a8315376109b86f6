"""Runs workloads: floor, ours and peers in turn, round after round."""

import os
import sys
from pathlib import Path

import fetched
import floor
import leg
import report
import special_legs
import workloads
from exim_peer import EximPeer
from haraka_peer import HarakaPeer
from opensmtpd_peer import OpensmtpdPeer
from ours import Ours
from peer import Unable
from postfix_peer import PostfixPeer

PEERS = {kind.name: kind for kind in (PostfixPeer, EximPeer, OpensmtpdPeer, HarakaPeer)}
LEGS = {"closed": leg.closed, "backlog": special_legs.backlog, "open": special_legs.open_loop}
QUICK = 20  # --quick divides the messages by this
ENOUGH = 8  # and none gets fewer


def add_options(parser) -> None:
    parser.add_argument("workloads", nargs="*", metavar="workload", help="a name or a letter: " + ", ".join(
        f"{workload.name} ({workload.letter})" for workload in workloads.ALL))
    parser.add_argument("--program", default=str(report.ROOT / "build/src/app/postrider"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1, help="multiplies the number of messages")
    parser.add_argument("--quick", action="store_true", help=f"a round with a {QUICK}th of the messages: does it work?")


def chosen(parser, given) -> list:
    try:
        found = workloads.named(given.workloads)
    except ValueError as problem:
        parser.error(str(problem))
    if not Path(given.program).exists():
        parser.error(f"no {given.program}: ninja -C build, or --program")
    if given.quick:
        given.rounds, given.scale = 1, given.scale / QUICK
    return found


def run(given, workload, kinds: list) -> tuple[dict, dict]:
    """Legs and problems, each by name. A peer that cannot, or that loses a message, is not asked again."""
    legs, problems = {"floor": [], **{kind.name: [] for kind in kinds}}, {}
    count = lambda share: max(ENOUGH, int(workload.messages * given.scale / share))  # noqa: E731
    for number in range(given.rounds):
        if workload.kind == "closed":
            legs["floor"].append(floor.floor(given.program, workload, count(1)))
        for kind in kinds:
            if kind.name in problems:
                continue
            try:
                result = LEGS[workload.kind](kind, given.program, workload, count(kind.share))
            except (Unable, fetched.Unavailable) as why:
                problems[kind.name] = f"cannot: {why}"
            except (leg.Wrong, RuntimeError) as why:
                problems[kind.name] = "WRONG: " + (str(why).splitlines() or [type(why).__name__])[0]
                legs[kind.name] = []
            if kind.name in problems:
                print(f"{workload.name}: {kind.name}: {problems[kind.name]}", flush=True)
                continue
            legs[kind.name].append(result)
            print(f"{workload.name} {number + 1}/{given.rounds} {kind.name:9} " + "  ".join(
                f"{metric} {result[metric]:.4g}" for metric in ("delivered", "accepted", "drained", "capacity", "cpu", "memory", "tools_cpu")
                if metric in result) + f"  load {os.getloadavg()[0]:.1f}", flush=True)
    return legs, problems


def run_all(given, found: list, kinds: list, results=None) -> int:
    wrong = []
    for workload in found:
        before = os.getloadavg()[0]
        legs, problems = run(given, workload, kinds)
        rows = report.rows_of(workload, legs, problems)
        load = f"load average {before:.1f} before, {os.getloadavg()[0]:.1f} after"
        report.show(rows)
        print(f"{workload.name}: {load}", flush=True)
        if results:
            results.add(rows, load)
        wrong += [f"{workload.name}: {who}: {why}" for who, why in problems.items() if why.startswith("WRONG")]
    for line in wrong:
        print(f"compare: {line}: no figure of it is reported", file=sys.stderr)
    return 1 if wrong else 0


def run_alone(kind, parser) -> int:
    given = parser.parse_args()
    return run_all(given, chosen(parser, given), [kind])
