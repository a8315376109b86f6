"""The legs that are more than one run of the generator: a backlog that is drained, and rates that are kept."""

import time

import fetched
from leg import SETTLE_SECONDS, MemoryWatch, Wrong, closed, refuse_wrong, server_and_sink, written, written_bytes
from limits import fsync_latency
from measured import Sink, run_load
from peer import Unable

EDGE = 10_000  # messages at the beginning and the end of a backlog whose pace is compared
SETTLED = 20_000  # and so many before the beginning: past the store's first flush, background work is part of both
SHARES = (10, 50, 80)  # per cent of the capacity
OPEN_SECONDS = 10


def backlog(make, program: str, workload, messages: int) -> dict:
    """Accepts with the next hop down; then a sink takes its place and everything is drained."""
    if not hasattr(make, "flush"):
        raise Unable("its queue is not flushed by this bench")
    port = fetched.free_port()
    edge = min(EDGE, messages // 4)
    with server_and_sink(make, program, workload, sink_port=port) as (server, _, folder):
        common = ["--port", str(server.port), *workload.load(make)]
        warm = max(workload.warm_up(messages), SETTLED if messages >= 10 * EDGE else 0)
        run_load(program, *common, "--messages", str(warm))
        paces, costs, cpu, before = [], [], server.group.cpu_seconds(), written_bytes(server)
        with MemoryWatch(server.group) as memory:
            for count in (edge, messages - 2 * edge, edge):
                spent = server.group.cpu_seconds()
                load = run_load(program, *common, "--messages", str(count))
                if load["failed"]:
                    raise Wrong(f"{load['failed']} refused: {load['failures']}")
                paces.append(load)
                costs.append((server.group.cpu_seconds() - spent) / count * 1000)
            accepted = {"cpu": server.group.cpu_seconds() - cpu, **written(server, before, messages * workload.size)}
            sink = Sink(program, "--port", str(port))
            try:
                began, cpu = time.time(), server.group.cpu_seconds()
                server.flush()
                expected = messages + warm
                received = sink.wait_for(expected, 120)
            finally:
                sink.stop()
        time.sleep(SETTLE_SECONDS)
        refuse_wrong({"failed": 0}, received, expected)
        return {"accepted": messages / sum(part["seconds"] for part in paces), "first": paces[0]["rate"], "last": paces[2]["rate"],
                "first_cpu": costs[0], "last_cpu": costs[2], "first_p50": paces[0]["accept_ms"]["p50"], "last_p50": paces[2]["accept_ms"]["p50"],
                "slower": (1 - paces[2]["rate"] / paces[0]["rate"]) * 100, "cpu": accepted["cpu"] / messages * 1000,
                "drained": expected / (received["last_ms"] / 1000 - began),
                "drain_cpu": (server.group.cpu_seconds() - cpu) / expected * 1000, "memory": memory.peak / 1e6,
                **({"written": accepted["written"]} if "written" in accepted else {}), "version": server.version(), "how": server.group.how}


def open_loop(make, program: str, workload, messages: int) -> dict:
    """Capacity first; then each share of it as a rate, with the disk's own fsync before and after, and the same load straight into the sink."""
    capacity = closed(make, program, workload, messages)["delivered"]
    result = {"capacity": capacity}
    for share in SHARES:
        rate = capacity * share / 100
        count = int(rate * min(OPEN_SECONDS, messages / capacity * 100 / share))
        with server_and_sink(make, program, workload) as (server, sink, folder):
            common = ["--port", str(server.port), *workload.load(make)]
            warm = workload.warm_up(messages)
            run_load(program, *common, "--messages", str(warm))
            sink.wait_for(warm, 60)
            disk = fsync_latency(folder, 0.5)
            load = run_load(program, *common, "--messages", str(count), "--rate", f"{rate:.3f}")
            received = sink.wait_for(warm + count, 30)
            disk = [min(pair) for pair in zip(disk, fsync_latency(folder, 0.5))]
            floor = run_load(program, "--port", str(sink.port), *workload.load(make), "--messages", str(count), "--rate", f"{rate:.3f}")
            refuse_wrong(load, received, warm + count)
            result |= {f"fsync_p50@{share}": disk[0], f"fsync_p99@{share}": disk[1], "version": server.version()}
            for quantile in ("p50", "p99", "p99.9"):
                result[f"accept_{quantile}@{share}"] = load["accept_ms"][quantile]
                result[f"deliver_{quantile}@{share}"] = received["deliver_ms"][quantile]
                result[f"floor_{quantile}@{share}"] = floor["accept_ms"][quantile]  # the same dialogues, kept nowhere
            result[f"late_p99@{share}"] = load["late_ms"]["p99"]
    return result
