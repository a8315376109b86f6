"""Starts the program under test as its users do: a configuration file, `serve`, the operator's commands."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "partners"))
import fetched  # noqa: E402

PROGRAM = os.environ.get("POSTRIDER", "build/src/app/postrider")


def make_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A self-signed certificate for name: (certificate, key)."""
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "3", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-keyout", str(key),
                    "-out", str(certificate)], check=True, capture_output=True)
    return certificate, key


class ControlSocket(http.client.HTTPConnection):
    def __init__(self, path: Path):
        super().__init__("localhost", timeout=30)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(30)
        self.sock.connect(str(self._path))


class Server:
    """A server in a folder of its own; its ports are free ones of 127.0.0.1.

    settings: text that is added to the configuration. start=False: start() it later.
    """

    def __init__(self, folder: Path, settings="", hostname="mail.example.org", delivery="", dns_port=None, env=None):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.submission = fetched.free_port()
        self.submissions = fetched.free_port()
        self.relay = fetched.free_port()
        self.config = self.folder / "postrider.toml"
        self.log = self.folder / "serve.log"
        self.events = self.folder / "data" / "events.jsonl"
        self.env = dict(os.environ, **(env or {}))
        self._process = None
        if not (self.folder / f"{hostname}.crt").exists():
            make_certificate(self.folder, hostname)
        dns = f'[dns]\nservers = ["127.0.0.1:{dns_port}"]\ndnssec = "off"\n' if dns_port else ""
        self.config.write_text(f"""hostname = "{hostname}"
data_dir = "data"
[[listener]]
service = "submission"
address = "127.0.0.1:{self.submission}"
tls = "starttls"
[[listener]]
service = "submission"
address = "127.0.0.1:{self.submissions}"
tls = "implicit"
[[listener]]
service = "relay"
address = "127.0.0.1:{self.relay}"
tls = "none"
allow = ["127.0.0.1/32"]
[tls]
certificate = "{hostname}.crt"
key = "{hostname}.key"
{dns}
[delivery]
{delivery}
{settings}
""")

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self, wait=True) -> None:
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen([PROGRAM, "serve", "--config", str(self.config)], stdin=subprocess.DEVNULL,
                                             stdout=log, stderr=log, env=self.env, start_new_session=True)
        if wait:
            try:
                fetched.wait_until(self._greets, self._process, "postrider", self.log, 30)
            except BaseException:
                self.kill()
                raise

    def _greets(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.relay), timeout=5) as connection:
                return connection.recv(3) == b"220"
        except OSError:
            return False

    @property
    def pid(self) -> int:
        return self._process.pid

    def stop(self, seconds=30) -> int:
        """SIGTERM and the drain; its exit code."""
        if not self._process:
            return 0
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
        code, self._process = self._process.returncode, None
        return code

    def kill(self) -> None:
        if self._process:
            if self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def hangup(self) -> None:
        self._process.send_signal(signal.SIGHUP)

    def command(self, *arguments, stdin: str | None = None, code: int | None = 0) -> str:
        """An operator's command; its output. code: the exit code that is expected (None: any)."""
        done = subprocess.run([PROGRAM, *arguments, "--config", str(self.config)], input=stdin,
                              capture_output=True, text=True, timeout=60)
        if code is not None and done.returncode != code:
            raise AssertionError(f"{arguments} exits {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout + (done.stderr if code != 0 else "")

    def add_account(self, name: str, password: str) -> None:
        self.command("account", "add", name, "--password-stdin", stdin=password + "\n")

    def queue(self, where="") -> list[dict]:
        return json.loads(self.command("queue", "list", "--json", "--limit", "0", "--where", where))

    def status(self) -> dict:
        """GET /v1/status."""
        with contextlib.closing(ControlSocket(self.folder / "data" / "control.sock")) as control:
            control.request("GET", "/v1/status")
            return json.loads(control.getresponse().read())

    def read_events(self) -> list[dict]:
        if not self.events.exists():
            return []
        return [json.loads(line) for line in self.events.read_text().splitlines() if line]

    def wait_for_events(self, kind: str, count=1, seconds=30) -> list[dict]:
        end = time.monotonic() + seconds
        while len(found := [event for event in self.read_events() if event.get("event") == kind]) < count:
            if time.monotonic() > end:
                raise TimeoutError(f"{len(found)} of {count} events '{kind}'; log: {self.log.read_text()[-3000:]}\n"
                                   f"events: {self.read_events()[-20:]}")
            time.sleep(0.02)
        return found

    def wait_until_empty(self, seconds=60) -> None:
        end = time.monotonic() + seconds
        while rows := self.queue():
            if time.monotonic() > end:
                raise TimeoutError(f"still queued: {rows[:5]}")
            time.sleep(0.1)
