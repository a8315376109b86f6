"""What the machine can do at all: the limits that a message's cost is held against, each a short measurement."""

import json
import os
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from pathlib import Path

BLOCK = b"x" * 4096


def fsync_latency(folder: Path, seconds: float) -> tuple[float, float]:
    """(p50, p99) in ms of appending 4 KiB and fdatasync, one after the other."""
    taken = []
    with open(Path(folder) / "fsync.probe", "wb", buffering=0) as file:
        end = time.monotonic() + seconds
        while time.monotonic() < end or len(taken) < 20:
            file.write(BLOCK)
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append((time.perf_counter() - began) * 1000)
    os.unlink(Path(folder) / "fsync.probe")
    taken.sort()
    return statistics.median(taken), taken[int(len(taken) * 0.99)]


def fsync_rate(folder: Path, threads: int, seconds: float) -> float:
    """Appends of 4 KiB with fdatasync a second, each thread in a file of its own."""
    counts = [0] * threads
    end = time.monotonic() + seconds

    def append(number: int) -> None:
        path = Path(folder) / f"fsync.{number}"
        with open(path, "wb", buffering=0) as file:
            while time.monotonic() < end:
                file.write(BLOCK)
                os.fdatasync(file.fileno())
                counts[number] += 1
        path.unlink()

    workers = [threading.Thread(target=append, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(counts) / seconds


def disk_bandwidth(folder: Path, seconds: float) -> float:
    """MB/s of sequential writes that are synced every 4 MiB."""
    block, written = b"x" * (4 << 20), 0
    began = time.monotonic()
    with open(Path(folder) / "bandwidth.probe", "wb", buffering=0) as file:
        while time.monotonic() < began + seconds:
            written += file.write(block)
            os.fdatasync(file.fileno())
            if file.tell() >= 256 << 20:
                file.seek(0)
        taken = time.monotonic() - began
    os.unlink(Path(folder) / "bandwidth.probe")
    return written / 1e6 / taken


def loopback_round_trips(seconds: float) -> tuple[float, float]:
    """(round trips a second, connections a second) of one blocking client and one blocking server on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        child = os.fork()
        if child == 0:
            try:
                while True:
                    connection, _ = listener.accept()
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    while data := connection.recv(4096):
                        connection.send(data)
                    connection.close()
            finally:
                os._exit(0)
        try:
            trips = connects = 0
            with socket.create_connection(listener.getsockname()) as client:
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                end = time.monotonic() + seconds
                while time.monotonic() < end:
                    client.send(b"x" * 64)
                    client.recv(4096)
                    trips += 1
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                with socket.create_connection(listener.getsockname()) as client:
                    client.send(b"x")
                    client.recv(1)
                connects += 1
        finally:
            os.kill(child, 9)
            os.waitpid(child, 0)
    return trips / seconds, connects / seconds


def memory_bandwidth(seconds: float) -> float:
    """MB/s of copying 4 KiB blocks that are in the cache: what one more copy of a message costs."""
    source, target, count = bytearray(BLOCK), bytearray(4096), 0
    end = time.monotonic() + seconds
    view = memoryview(target)
    while time.monotonic() < end:
        for _ in range(1000):
            view[:] = source
        count += 1000
    return count * 4096 / 1e6 / seconds


def steadiness(seconds: float) -> tuple[float, float, float]:
    """A fixed piece of work again and again: (p99 and p99.9 as multiples of its p50, per cent of 10 ms windows at half speed or less).

    1 and a bit, and none, on a machine of one's own: no server's p99 can be better than what the machine does by itself.
    """
    source, target, taken = bytearray(1 << 18), memoryview(bytearray(1 << 18)), []
    windows: dict[int, list[float]] = {}
    end = time.monotonic() + seconds
    while (began := time.monotonic()) < end:
        target[:] = source
        target[:] = source
        taken.append(time.monotonic() - began)
        windows.setdefault(int(began * 100), []).append(taken[-1])
    p50 = statistics.median(taken)
    slow = sum(statistics.median(each) >= 2 * p50 for each in windows.values()) / len(windows)
    taken.sort()
    return taken[int(len(taken) * 0.99)] / p50, taken[int(len(taken) * 0.999)] / p50, slow * 100


def benchmark_rows(build: Path, name: str, pattern: str) -> list[dict]:
    """What build/bench/NAME_bench measures for the rows that match; [] if it is not built."""
    program = Path(build) / "bench" / f"{name}_bench"
    if not program.exists():
        return []
    done = subprocess.run([program, f"--benchmark_filter={pattern}", "--benchmark_format=json", "--benchmark_min_time=0.3"],
                          capture_output=True, text=True, check=False)
    return json.loads(done.stdout)["benchmarks"] if done.returncode == 0 and done.stdout else []


def cpu_us(row: dict) -> float:
    """CPU of one iteration of a row of Google Benchmark's."""
    return row["cpu_time"] * {"ns": 1e-3, "us": 1, "ms": 1e3}[row["time_unit"]]


def machine_limits(build: Path, seconds: float) -> list[tuple[str, float, str]]:
    """(what, value, unit)."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="postrider-limits-") as folder:
        p50, p99 = fsync_latency(Path(folder), seconds)
        rows += [("fdatasync of a 4 KiB append, p50", p50, "ms"), ("fdatasync of a 4 KiB append, p99", p99, "ms")]
        rows += [(f"fdatasync, {threads} at once", fsync_rate(Path(folder), threads, seconds), "1/s") for threads in (1, 16)]
        rows.append(("sequential writes, synced every 4 MiB", disk_bandwidth(Path(folder), seconds), "MB/s"))
    trips, connects = loopback_round_trips(seconds)
    rows += [("loopback round trips, one connection", trips, "1/s"), ("loopback connections with one round trip", connects, "1/s"),
             ("copies of 4 KiB within the cache", memory_bandwidth(seconds), "MB/s")]
    p99, p999, slow = steadiness(4 * seconds)
    rows += [("a fixed piece of work, p99", p99, "x its p50"), ("a fixed piece of work, p99.9", p999, "x its p50"),
             ("the machine at half its speed or less", slow, "% of the time")]
    for name, pattern in (("codec", "sign_"), ("tls", "handshake")):
        for row in benchmark_rows(build, name, pattern):
            rows.append((row["name"] + (", both sides" if name == "tls" else "") + ", a core", 1e6 / cpu_us(row), "1/s"))
    return rows
