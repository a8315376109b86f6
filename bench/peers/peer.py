"""What every measured server is: started in a private folder on loopback, relaying to the sink, its tree counted."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "bench/lab"), str(ROOT / "tests/partners"), str(ROOT / "tests/e2e")]
import fetched  # noqa: E402
from measured import ControlGroup, listens  # noqa: E402

USER, PASSWORD = "load@example.org", "measured-only"


class Unable(Exception):
    """The server has no such feature; the message says which."""


@dataclass(frozen=True)
class Setup:
    """What a workload asks of a server, beside relaying to the sink.

    login: implicit TLS and AUTH instead of a plain relay. certificate: p256 or rsa2048. dkim: kind to the key's file,
    for example.org. delivery_tls: STARTTLS towards the sink, without verification. sites: domain dN.example.net has a next
    hop of its own, 127.0.1.(N+1), for N below it; other domains have the sink at 127.0.0.1.
    """
    sink_port: int
    login: bool = False
    certificate: str = "p256"
    dkim: dict = field(default_factory=dict)
    delivery_tls: bool = False
    sites: int = 0


    def routes(self) -> list[tuple[str, str]]:
        """Domain and address of the next hop, for those that have their own."""
        return [(f"d{number}.example.net", f"127.0.1.{number + 1}") for number in range(self.sites)]


class Peer:
    """Starts in __enter__, and is gone after the block. `group` counts it; `port` takes the mail."""

    name = "?"
    share = 8  # it gets so many times fewer messages than we do, since it takes so much longer
    sessions_max = None  # if it cannot take as many as the workload has
    login = (USER, PASSWORD)

    def __init__(self, program: str, folder: Path, setup: Setup):
        self.program, self.folder, self.setup = program, Path(folder), setup
        self.folder.mkdir(parents=True)
        self.port = fetched.free_port()
        self.group = ControlGroup(f"postrider-{self.name}")
        self.log = self.folder / "output.log"
        self._process = None

    def certificate(self) -> tuple[Path, Path]:
        kind = ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"] if self.setup.certificate == "p256" else ["rsa:2048"]
        certificate, key = self.folder / "mail.crt", self.folder / "mail.key"
        if not certificate.exists():
            subprocess.run(["openssl", "req", "-x509", "-newkey", *kind, "-nodes", "-days", "3", "-subj", "/CN=mail.example.org",
                            "-addext", "subjectAltName=DNS:mail.example.org", "-keyout", str(key), "-out", str(certificate)],
                           check=True, capture_output=True)
        return certificate, key

    def readable(self, path: Path, owner: int) -> Path:
        """A copy of a secret that the server's user may read, passable from the root on."""
        copy = self.folder / Path(path).name
        if copy != Path(path):
            shutil.copy(path, copy)
        os.chown(copy, owner, owner)
        for above in self.folder.parents:
            if above == Path("/tmp"):
                break
            if above.stat().st_uid == os.geteuid() and above.parts[:2] == ("/", "tmp"):
                above.chmod(above.stat().st_mode | 0o011)
        return copy

    @staticmethod
    def give(path: Path, owner: int) -> None:
        os.chown(path, owner, owner)

    def run(self, command: list[str], environment=None) -> None:
        with open(self.log, "wb") as output:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment,
                                             start_new_session=True, preexec_fn=self.group.enter)

    def run_in(self, machine, command: list[str]) -> None:
        self._process = machine.start(command, self.log, self.group.enter)

    def start(self) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        fetched.stop_group(self._process, [], 15)

    def version(self) -> str:
        raise NotImplementedError

    def __enter__(self):
        self.start()
        self.group.watch(self._process.pid)
        try:
            fetched.wait_until(lambda: listens(self.port), self._process, self.name, self.log, 30)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.stop()
        self.group.remove()

    @property
    def pid(self) -> int:
        return self._process.pid


def end_tidily() -> None:
    """SIGTERM leaves all blocks on its way, so that no server stays behind."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def main(kind: type) -> int:
    """One peer by itself: the same rows as bench/compare prints."""
    import runner  # bench/lab, which knows all peers
    end_tidily()
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    runner.add_options(parser)
    return runner.run_alone(kind, parser)
