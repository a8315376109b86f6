"""What the measured programs have in common: how their CPU, memory and deliveries are counted."""

import itertools
import json
import os
import signal
import subprocess
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
NUMBERS = itertools.count()  # a group that could not be removed yet does not stand in the next one's way


class ControlGroup:
    """Counts CPU of a process tree: by cgroup where one may be made (v2, then v1's cpuacct), else by /proc.

    With a cgroup nothing is missed. By /proc the sum is that of living processes and of the children that they
    have reaped; `how` says which it is.
    """

    def __init__(self, name: str):
        self._folder = None
        self._root = None
        self._home = ""
        for mount, usage in (("/sys/fs/cgroup/cpuacct", "cpuacct.usage"), ("/sys/fs/cgroup/unified", "cpu.stat"),
                             ("/sys/fs/cgroup", "cpu.stat")):
            folder = Path(mount) / f"{name}-{os.getpid()}-{next(NUMBERS)}"
            try:
                folder.mkdir()
            except OSError:
                continue
            if (folder / usage).exists():
                self._folder, self._usage = folder, folder / usage
                self._home = own_group(Path(mount).name).lstrip("/")
                break
            folder.rmdir()
        self.how = f"cgroup {self._usage.name}" if self._folder else "/proc, with reaped children"

    def enter(self) -> None:
        """In the child, before exec: preexec_fn."""
        if self._folder:
            (self._folder / "cgroup.procs").write_text(str(os.getpid()))

    def leave(self) -> None:
        """After enter() in this process: back to where it was. For a program that another module starts."""
        if self._folder:
            (self._folder.parent / self._home / "cgroup.procs").write_text(str(os.getpid()))

    def watch(self, pid: int) -> None:
        self._root = pid

    def processes(self) -> list[int]:
        if self._folder:
            return [int(pid) for pid in (self._folder / "cgroup.procs").read_text().split()]
        parents = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError):
                continue
        found, edge = [], [self._root]
        while edge:
            found += edge
            edge = [pid for pid, parent in parents.items() if parent in edge]
        return found

    def cpu_seconds(self) -> float:
        if self._folder:
            text = self._usage.read_text()
            if self._usage.name == "cpuacct.usage":
                return int(text) / 1e9
            return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("usage_usec")) / 1e6
        total = 0
        for pid in self.processes():
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            total += sum(int(field) for field in fields[11:15])
        return total / TICKS

    def memory_bytes(self) -> int:
        """PSS of all of them: what is shared counts once."""
        total = 0
        for pid in self.processes():
            try:
                for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                    if line.startswith("Pss:"):
                        total += int(line.split()[1]) * 1024
            except OSError:
                continue
        return total

    def remove(self) -> None:
        if self._folder:
            for _ in range(100):
                try:
                    self._folder.rmdir()
                    return
                except OSError:
                    time.sleep(0.05)


def own_group(hierarchy: str) -> str:
    """Where this process stands in a hierarchy: "cpuacct", or anything else for version 2."""
    version_2 = "/"
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if hierarchy in controllers.split(","):
            return path
        if not controllers:
            version_2 = path
    return version_2


class Sink:
    """`postrider sink`; `report` asks it for its counts while it runs."""

    def __init__(self, program: str, *options: str):
        self._process = subprocess.Popen([program, "sink", "--json", "--quiet", *(() if "--port" in options else ("--port", "0")), *options],
                                         stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.port = json.loads(self._process.stdout.readline())["port"]

    def report(self) -> dict:
        """Its counts; the latencies are those since the last call."""
        self._process.send_signal(signal.SIGUSR1)
        return json.loads(self._process.stdout.readline())

    def wait_for(self, deliveries: int, seconds: float) -> dict:
        """Until so many distinct deliveries are there, or none has come for so long. Its counts, with the latencies of them all."""
        latencies = {}
        before, end = -1, 0.0
        while True:
            counts = self.report()
            merge_latencies(latencies, counts["deliver_ms"]["buckets"])
            if counts["distinct"] != before:
                before, end = counts["distinct"], time.monotonic() + seconds
            if counts["distinct"] >= deliveries or time.monotonic() > end:
                return {**counts, "deliver_ms": {f"p{share:g}": quantile(latencies, share / 100) for share in (50, 90, 99, 99.9)}}
            time.sleep(0.1)

    def cpu_seconds(self) -> float:
        # of the whole process: /proc/PID/stat counts ticks, schedstat nanoseconds of the one thread
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()


def merge_latencies(into: dict, buckets: list) -> None:
    for upper, count in buckets:
        into[upper] = into.get(upper, 0) + count


def quantile(buckets: dict, share: float) -> float:
    """Of bucket bound to count; 0 if there is none."""
    wanted, seen = share * sum(buckets.values()), 0
    for upper in sorted(buckets):
        seen += buckets[upper]
        if seen >= wanted:
            return upper
    return 0.0


def run_load(program: str, *options: str) -> dict:
    """`postrider load` to its end: its counts, and its CPU seconds."""
    process = subprocess.Popen([program, "load", "--json", "--quiet", *options], stdout=subprocess.PIPE, text=True)
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if not text:
        raise RuntimeError(f"postrider load {' '.join(options)}: exits {process.returncode}")
    return {**json.loads(text), "cpu": usage.ru_utime + usage.ru_stime}


def listens(port: int) -> bool:
    """Without connecting, which some programs would log and count."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            _, local, _, state = line.split()[:4]
            if state == "0A" and int(local.rpartition(":")[2], 16) == port:
                return True
    return False
