"""What mutt shows of a message, without a person at the keyboard."""

import os
import pty
import select
import shlex
import subprocess
import time
from pathlib import Path

PATIENCE_SECONDS = 30
# Nothing of the user's own, and no question that somebody would have to answer.
SETTINGS = 'set prompt_after=no wait_key=no move=no folder=~ spoolfile=/dev/null record=""'


def show(mailbox: Path | str, folder: Path, settings="", read_only=True) -> str:
    """The first message of a mailbox, as mutt hands it to its pager; `folder` is for what that takes."""
    page, pager = folder / "mutt.page", folder / "mutt.pager"
    page.unlink(missing_ok=True)
    pager.write_text(f'#!/bin/sh\ncat "$1" > {shlex.quote(str(page))}\n')
    pager.chmod(0o700)
    terminal, inner = pty.openpty()
    process = subprocess.Popen(
        ["mutt", "-n", "-F", "/dev/null", *(["-R"] if read_only else []), "-e", SETTINGS, *(["-e", settings] if settings else []),
         "-e", f'set pager="{pager} %s"', "-f", str(mailbox),
         "-e", 'push "<display-message><quit>"'],
        stdin=inner, stdout=inner, stderr=inner, start_new_session=True,
        env={"TERM": "xterm", "PATH": "/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8"})
    os.close(inner)
    screen, end = b"", time.monotonic() + PATIENCE_SECONDS
    try:
        while process.poll() is None and time.monotonic() < end:
            if select.select([terminal], [], [], 0.1)[0]:
                try:
                    screen += os.read(terminal, 65536)
                except OSError:  # the other side is closed
                    break
        process.wait(max(1, end - time.monotonic()))
    finally:
        process.kill()
        process.wait()
        os.close(terminal)
    if not page.exists():
        raise AssertionError(f"mutt showed no message: {screen[-500:]!r}")
    return page.read_text(encoding="utf-8")
