"""One leg: a fresh server and a fresh sink, a warm-up, the messages, and what they cost."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from measured import Sink, run_load
from peer import Setup

SETTLE_SECONDS = 0.5


class Wrong(Exception):
    """The leg gives no figure: messages were lost, came twice or were refused. Says how many and why."""


class MemoryWatch:
    """The peak of a tree's PSS, looked at twice a second: often enough for a plateau, too rare to disturb."""

    def __init__(self, group):
        self.peak = 0
        self._group, self._over = group, threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()
        self.peak = max(self.peak, self._group.memory_bytes())

    def _run(self):
        while not self._over.wait(0.5):
            self.peak = max(self.peak, self._group.memory_bytes())


def dkim_keys(folder: Path, kinds) -> dict:
    """Kind to the file of a fresh key."""
    keys = {}
    for kind in kinds:
        algorithm = ["rsa", "-pkeyopt", "rsa_keygen_bits:2048"] if kind == "rsa" else ["ed25519"]
        keys[kind] = folder / f"{kind}.pem"
        subprocess.run(["openssl", "genpkey", "-algorithm", *algorithm, "-out", str(keys[kind])], check=True, capture_output=True)
    return keys


@contextlib.contextmanager
def server_and_sink(make, program: str, workload, sink_port=None):
    """(server, sink or None, folder): with sink_port there is no sink yet, and the server is told that it will be there."""
    folder = Path(tempfile.mkdtemp(prefix="postrider-compare-"))
    sink = None
    try:
        if sink_port is None:
            sink = Sink(program, *workload.sink)
        setup = Setup(sink.port if sink else sink_port, dkim=dkim_keys(folder, workload.signatures), sites=workload.sites, **workload.setup)
        with make(program, folder / make.name, setup) as server:
            yield server, sink, folder
    finally:
        if sink:
            sink.stop()
        shutil.rmtree(folder, ignore_errors=True)


def refuse_wrong(load: dict, sink: dict, expected: int) -> None:
    lost = expected - sink["distinct"]
    if not (lost or sink["duplicates"] or load["failed"]):
        return
    why = "; ".join(f"{count} x {text}" for text, count in list(load.get("failures", {}).items())[:3])
    raise Wrong(f"{lost} lost, {sink['duplicates']} twice, {load['failed']} refused{': ' + why if why else ''}")


def written_bytes(server) -> int:
    """What the process has handed to write(2) and its like: RocksDB's log, flushes and compactions, and the event log.

    Sockets are written through the ring, which does not count here. Of a server that is one process; 0 for others.
    """
    if server.name != "postrider":
        return 0
    fields = dict(line.split(": ") for line in Path(f"/proc/{server.pid}/io").read_text().splitlines())
    return int(fields["wchar"])


def written(server, before: int, octets: int) -> dict:
    now = written_bytes(server)
    return {"written": (now - before) / octets} if now else {}


def closed(make, program: str, workload, messages: int) -> dict:
    """As fast as the server answers. Raises Wrong, Unable, fetched.Unavailable."""
    with server_and_sink(make, program, workload) as (server, sink, _):
        common = ["--port", str(server.port), *workload.load(make)]
        warm = workload.warm_up(messages)
        warmed = run_load(program, *common, "--messages", str(warm))
        refuse_wrong(warmed, sink.wait_for(warm * workload.recipients, 60), warm * workload.recipients)
        time.sleep(SETTLE_SECONDS)  # what the warm-up left is settled
        before = {"cpu": server.group.cpu_seconds(), "sink": sink.cpu_seconds(), "written": written_bytes(server), "time": time.time()}
        with MemoryWatch(server.group) as memory:
            load = run_load(program, *common, "--messages", str(messages))
            expected = (warm + messages) * workload.recipients
            received = sink.wait_for(expected, 5 if load["failed"] else 30)
        time.sleep(SETTLE_SECONDS)  # the last settlements
        cpu = server.group.cpu_seconds() - before["cpu"]
        tools = load["cpu"] + sink.cpu_seconds() - before["sink"]
        refuse_wrong(load, received, expected)
        seconds = received["last_ms"] / 1000 - before["time"]
        return {"delivered": messages / seconds, "cpu": cpu / messages * 1000, "memory": memory.peak / 1e6,
                "p50": load["accept_ms"]["p50"], "p99": load["accept_ms"]["p99"], "p99.9": load["accept_ms"]["p99.9"],
                "tools_cpu": tools / messages * 1000, **written(server, before["written"], messages * workload.size),
                "version": server.version(), "how": server.group.how}


def direct(program: str, workload, messages: int) -> dict:
    """Generator into sink: what the tools cost without a server between them."""
    sink = Sink(program, *(["--implicit-tls"] if workload.setup.get("login") else []))
    options = workload.load()
    if "--auth" in options:  # the sink takes everybody
        at = options.index("--auth")
        options = options[:at] + options[at + 2:]
    try:
        common = ["--port", str(sink.port), *options]
        warm = workload.warm_up(messages)
        run_load(program, *common, "--messages", str(warm))
        before = sink.cpu_seconds()
        load = run_load(program, *common, "--messages", str(messages))
        expected = (warm + messages) * workload.recipients
        refuse_wrong(load, sink.wait_for(expected, 30), expected)
        return {"delivered": load["rate"], "tools_cpu": (load["cpu"] + sink.cpu_seconds() - before) / messages * 1000,
                "p50": load["accept_ms"]["p50"], "p99": load["accept_ms"]["p99"], "version": "generator into sink"}
    finally:
        sink.stop()


def load_average() -> float:
    return os.getloadavg()[0]
