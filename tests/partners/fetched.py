"""Where tools/partners put the test partners, and how to run one from there."""

import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import unquote


class Unavailable(Exception):
    """The partner can't run on this machine; the message says why. A test skips on it (exit code 77 in Meson)."""


def folder() -> Path:
    chosen = os.environ.get("POSTRIDER_PARTNERS")
    cache = os.environ.get("POSTRIDER_CACHE")
    if chosen:
        return Path(chosen)
    if cache:
        return Path(cache) / "partners"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "postrider" / "partners"


def root() -> Path:
    """The unpacked packages: root()/usr/sbin and so on."""
    where = folder() / "root"
    if not where.is_dir():
        raise Unavailable(f"no test partners in {where}: run tools/partners")
    return where


def node_modules() -> Path:
    """What NODE_PATH must be for `require('nodemailer')`."""
    where = folder() / "node" / "node_modules"
    if not where.is_dir():
        raise Unavailable(f"no {where}: run tools/partners")
    return where


def library_path() -> str:
    libraries = root() / "usr" / "lib"
    machine = [str(path) for path in libraries.glob("*-linux-gnu")]
    return ":".join([*machine, str(libraries / "postfix")])


def environment() -> dict[str, str]:
    """The caller's environment, with the unpacked libraries found."""
    return {**os.environ, "LD_LIBRARY_PATH": library_path()}


def privileged() -> list[str]:
    """What must stand before a command that has to run as root; [] as root."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0:
        return ["sudo", "-n"]
    raise Unavailable("this partner must be started as root, and sudo asks for a password here")


_reserved: list[socket.socket] = []  # names of this process, one for each port that it was given


def free_port() -> int:
    """A port of 127.0.0.1 that is free for TCP and UDP, and given to nobody else that asks here while this process lives: tests
    run beside each other, and a server may start again on its port. It is below those that the kernel hands out, so that no
    connection takes it in between, and none meets itself. Prefer programs that bind port 0 themselves."""
    while True:
        port = random.randrange(12000, 32000)
        name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            name.bind(f"\0postrider-port-{port}")
            with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
                tcp.bind(("127.0.0.1", port))
                udp.bind(("127.0.0.1", port))
        except OSError:
            name.close()
            continue
        _reserved.append(name)
        return port


def wait_until(is_ready, process: subprocess.Popen, what: str, log: Path, seconds: float = 15) -> None:
    """Polls is_ready() until it is true; RuntimeError with the log's end if the process dies or time runs out."""
    end = time.monotonic() + seconds
    while not is_ready():
        if process.poll() is not None or time.monotonic() > end:
            why = f"exited with {process.returncode}" if process.poll() is not None else f"was not ready after {seconds} s"
            tail = log.read_text(errors="replace")[-2000:] if log.exists() else "(no log)"
            raise RuntimeError(f"{what} {why}:\n{tail}")
        time.sleep(0.02)


def group_is_gone(group: int) -> bool:
    """Whether no process of a process group is left, but for those that have ended and wait for their parent."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, its_group = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(its_group) == group and state not in "ZX":
            return False
    return True


def stop_group(process: subprocess.Popen, sudo: list[str], seconds: float = 10) -> None:
    """SIGTERM to the leader of a session, and SIGKILL to what is left of its group; returns when all are gone."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        subprocess.run([*sudo, "kill", f"-{number}", "--", f"-{process.pid}"], capture_output=True, check=False)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if process.poll() is not None and group_is_gone(process.pid):
                return
            time.sleep(0.02)
    raise RuntimeError(f"process group {process.pid} could not be ended")


def unpacked(name: str, *packages: str) -> Path:
    """Debian packages in folder()/name, fetched by apt when first asked for; nothing is installed. For what one script needs alone."""
    where = folder() / name
    if where.is_dir():
        return where
    where.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=where.parent) as temporary:
        work = Path(temporary)
        done = subprocess.run(["apt-get", "download", "-q", "-o", "APT::Sandbox::User=root", *packages], cwd=work, capture_output=True,
                              text=True, check=False)
        if done.returncode != 0:
            raise Unavailable(f"apt-get download {' '.join(packages)}: {done.stderr.strip() or done.stdout.strip()}")
        (work / "root").mkdir()
        versions = ""
        for package in sorted(work.glob("*.deb")):
            subprocess.run(["dpkg-deb", "--extract", package, work / "root"], check=True)
            versions += f"{package.name.partition('_')[0]} {unquote(package.name.split('_')[1])}\n"
        (work / "root" / "versions").write_text(versions)
        (work / "root").rename(where)
    return where


def package_version(name: str, package: str) -> str:
    """"package version" of what unpacked(name, ...) fetched."""
    for line in (folder() / name / "versions").read_text().splitlines():
        if line.startswith(package + " "):
            return line
    return package


def npm_package(name: str, module: str) -> Path:
    """A module at an exact version in folder()/name, fetched by npm when first asked for, without running its scripts."""
    where = folder() / name
    if (where / "module").exists() and (where / "module").read_text() == module:
        return where
    if not shutil.which("npm"):
        raise Unavailable("no npm: apt install npm")
    where.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["npm", "install", "--prefix", str(where), "--no-audit", "--no-fund", "--no-save", "--ignore-scripts",
                           "--loglevel=error", module], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Unavailable(f"npm install {module}: {done.stderr.strip()[-300:]}")
    (where / "module").write_text(module)
    return where
