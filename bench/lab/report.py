"""Legs to rows, rows to a table on the terminal and to bench/results/."""

import os
import platform
import shlex
import statistics
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
UNITS = {
    "delivered": "messages/s", "cpu": "s CPU per 1000 messages", "memory": "MB peak PSS",
    "tools_cpu": "s CPU per 1000 messages", "commit_cpu": "s CPU per 1000 messages",
    "crypto_cpu": "s CPU per 1000 messages", "commit_rate": "messages/s", "p50": "ms to 250", "p99": "ms to 250",
    "p99.9": "ms to 250", "written": "bytes written per byte accepted", "accepted": "messages/s",
    "first": "messages/s, first 10000", "last": "messages/s, last 10000", "first_p50": "ms to 250, first 10000",
    "last_p50": "ms to 250, last 10000", "slower": "% slower at the end", "drained": "messages/s",
    "drain_cpu": "s CPU per 1000 messages", "capacity": "messages/s", "operations": "operations/s",
}
COMPARED = ("delivered", "operations", "accepted", "drained", "cpu", "drain_cpu", "memory")  # as ratios; of these the costs are turned round
COSTS = ("cpu", "drain_cpu", "memory")


def unit_of(metric: str) -> str:
    if "@" in metric:
        return f"ms at {metric.partition('@')[2]} % of capacity"
    return UNITS.get(metric, "")


def median(legs: list[dict], metric: str) -> float:
    return statistics.median(leg[metric] for leg in legs)


def rows_of(workload, legs: dict, problems: dict) -> list[list[str]]:
    """[what, value, unit, note] of a workload: each who's medians with their ranges, then the ratios of ours to each peer."""
    out = []
    for who, results in legs.items():
        if problem := problems.get(who):
            out.append([f"{workload.name}: {who}", "-", "not measured", problem])
        if not results:
            continue
        for metric in results[0]:
            if metric in ("version", "how"):
                continue
            values = [leg[metric] for leg in results]
            about = f"{len(values)} runs, {min(values):.4g} to {max(values):.4g}; {results[0]['version']}"
            if metric == "cpu" and "how" in results[0]:
                about += f"; {results[0]['how']}"
            out.append([f"{workload.name}: {who}: {metric}", f"{statistics.median(values):.4g}", unit_of(metric), about])
    return out + ratios(workload, legs)


def ratios(workload, legs: dict) -> list[list[str]]:
    ours, out = legs.get("postrider"), []
    if not ours:
        return out
    for who, results in legs.items():
        if who in ("postrider", "floor") or not results:
            continue
        for metric in COMPARED:
            if metric in ours[0] and metric in results[0] and median(ours, metric) and median(results, metric):
                ratio = median(ours, metric) / median(results, metric)
                is_cost = metric in COSTS
                out.append([f"{workload.name}: postrider against {who}: {metric}", f"{1 / ratio if is_cost else ratio:.3g}",
                            "times " + ("less" if is_cost else "more"), "medians of the same run"])
    if legs.get("floor") and "cpu" in legs["floor"][0] and "cpu" in ours[0]:
        out.append([f"{workload.name}: postrider against floor: cpu", f"{median(ours, 'cpu') / median(legs['floor'], 'cpu'):.3g}",
                    "times more", "of generator, sink and bare committer in the same run"])
    return out


def machine() -> str:
    model = next((line.partition(": ")[2] for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    system = next((line.partition("=")[2].strip('"') for line in Path("/etc/os-release").read_text().splitlines()
                   if line.startswith("PRETTY_NAME=")), "")
    return f"{model}, {os.cpu_count()} cores, {platform.release()}, {system}"


def show(rows: list[list[str]]) -> None:
    for what, value, unit, note in rows:
        print(f"{what:52} {value:>9} {unit:26} {note}", flush=True)


class Results:
    """A file of bench/results/, whole after each workload, so that a run that is broken off leaves what it has."""

    def __init__(self, path: Path, command: list[str]):
        self._path, self._command = path, shlex.join(command)
        self._commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True,
                                      check=False).stdout.strip() or "-"
        self._lines = []

    def add(self, rows: list[list[str]], load: str) -> None:
        day = time.strftime("%Y-%m-%d")
        self._lines += [[day, self._commit, machine(), self._command, what, value, unit, f"{note}; {load}"] for what, value, unit, note in rows]
        with open(self._path, "w") as out:
            for line in [["date", "commit", "machine", "command", "what", "value", "unit", "note"], *self._lines]:
                print(*(" ".join(str(field).split()) for field in line), sep="\t", file=out)
