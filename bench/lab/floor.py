"""The floor under a workload: what generator, sink and the bare commit path cost by themselves, in the same run."""

import re
from pathlib import Path

import leg
from limits import benchmark_rows


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


def floor(program: str, workload, messages: int) -> dict:
    """tools: generator into sink. commit: the bare committer (absent where there is no such bench). cpu: their sum."""
    result = {**leg.direct(program, workload, messages)}
    if bare := committer(program, workload):
        result |= {"commit_cpu": bare["cpu"], "commit_rate": bare["delivered"], "cpu": result["tools_cpu"] + bare["cpu"]}
    return result
