"""Runs a server that has its paths and users compiled in, in a machine view of its own: namespaces, nothing installed.

Its /usr is the system's with the unpacked package in front; its /etc is the system's with our files in front; /run,
/var/spool, /var/lib and /var/log are folders of ours, on the same disk, so that a sync there costs what it costs.
All its processes end with the first one, since that is the init of their own pid namespace.
"""

import os
import shlex
import subprocess
from pathlib import Path

import fetched

OWN = {"spool": "/var/spool", "lib": "/var/lib", "log": "/var/log", "run": "/run"}


class PrivateMachine:
    """folder: where its files lie. package: what dpkg -x made. users: names of users and groups that it wants, made up."""

    def __init__(self, folder: Path, package: Path, users: dict[str, int]):
        if os.geteuid() != 0:
            raise fetched.Unavailable("a mount namespace needs root: start this as root")
        self.folder, self._package = Path(folder), package
        for name in [*OWN, "etc", "etc-work"]:
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.write("etc/passwd", Path("/etc/passwd").read_text() + "".join(
            f"{name}:x:{number}:{number}::/nonexistent:/usr/sbin/nologin\n" for name, number in users.items()))
        self.write("etc/group", Path("/etc/group").read_text() + "".join(f"{name}:x:{number}:\n" for name, number in users.items()))

    def write(self, path: str, text: str) -> Path:
        """A file under the folder: "etc/exim4/exim4.conf" is what the server sees as /etc/exim4/exim4.conf."""
        full = self.folder / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(text)
        return full

    def start(self, command: list[str], output: Path, preexec) -> subprocess.Popen:
        at = {name: shlex.quote(str(self.folder / name)) for name in [*OWN, "etc", "etc-work"]}
        steps = ["mount --make-rprivate /",
                 f"mount -t overlay overlay -o lowerdir={shlex.quote(str(self._package / 'usr'))}:/usr /usr",
                 f"mount -t overlay overlay -o lowerdir=/etc,upperdir={at['etc']},workdir={at['etc-work']} /etc",
                 *(f"mount --bind {at[name]} {where}" for name, where in OWN.items()), "mkdir -p /run/lock",
                 "exec " + shlex.join(command)]
        with open(output, "wb") as out:
            return subprocess.Popen(["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-ec", "\n".join(steps)],
                                    stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True, preexec_fn=preexec)
