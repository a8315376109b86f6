"""The floor under a workload: what generator, sink and the bare commit path cost by themselves, in the same run."""

import re
from pathlib import Path

import leg
from limits import benchmark_rows, cpu_us


def build_of(program: str) -> Path:
    """The build directory that a program of ours stands in: BUILD/src/app/postrider."""
    return Path(program).resolve().parent.parent.parent


def committer(program: str, workload) -> dict | None:
    """Commit and settlement of messages of this size, so many at once, through the real store and disk; None if not built."""
    kib = workload.size // 1024
    rows = benchmark_rows(build_of(program), "commit", f"commit_and_settle/kib:{kib}/concurrent:{workload.sessions}/")
    if not rows:
        return None
    row = rows[0]
    return {"delivered": row["items_per_second"], "cpu": row["cpu_us"] / 1000, "group": row["per_group"],
            "version": re.sub("/.*", "", row["name"])}


def bare_cryptography(program: str, workload) -> float | None:
    """Seconds of CPU for 1,000 messages that signing or the server's side of the handshake takes alone; None: nothing to say."""
    wanted = [("codec", f"^sign_{ {'rsa': 'rsa_2048'}.get(kind, kind) }$", 1.0) for kind in workload.signatures]
    if workload.setup.get("login") and "--per-connection" in workload.options and workload.setup.get("certificate", "p256") == "p256":
        wanted.append(("tls", "^handshake/tls13_p256$", 0.5))  # that bench does the work of both sides
    total = 0.0
    for name, pattern, share in wanted:
        rows = benchmark_rows(build_of(program), name, pattern)
        if not rows:
            return None
        total += cpu_us(rows[0]) * share / 1000
    return total or None


def floor(program: str, workload, messages: int) -> dict:
    """tools: generator into sink. commit: the bare committer; crypto: bare signatures or handshakes (each absent where there
    is no such bench). cpu: the sum of tools and commit.
    """
    result = {**leg.direct(program, workload, messages)}
    if bare := committer(program, workload):
        result |= {"commit_cpu": bare["cpu"], "commit_rate": bare["delivered"], "cpu": result["tools_cpu"] + bare["cpu"]}
    if crypto := bare_cryptography(program, workload):
        result["crypto_cpu"] = crypto
    return result
