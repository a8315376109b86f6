"""Postrider as a measured program: relays to the sink, or takes submissions. fsync as it ships."""

import os
import subprocess
from pathlib import Path

import fetched
from measured import ControlGroup
from postrider import make_certificate

USER, PASSWORD = "load@example.org", "measured-only"


class Ours:
    name = "postrider"

    def __init__(self, program: str, folder: Path, sink_port: int, tls_auth: bool):
        self.program, self.folder = program, Path(folder)
        self.folder.mkdir(parents=True)
        self.port = fetched.free_port()
        self.group = ControlGroup("postrider-ours")
        make_certificate(self.folder, "mail.example.org")
        listener = 'service = "submission"\ntls = "implicit"' if tls_auth else (
            'service = "relay"\ntls = "none"\nallow = ["127.0.0.1/32"]')
        self._config = self.folder / "postrider.toml"
        self._config.write_text(f"""hostname = "mail.example.org"
data_dir = "data"
[[listener]]
{listener}
address = "127.0.0.1:{self.port}"
[tls]
certificate = "mail.example.org.crt"
key = "mail.example.org.key"
[delivery]
tls = "off"
[[route]]
domain = "*"
via = ["127.0.0.1:{sink_port}"]
""")
        if tls_auth:
            subprocess.run([program, "account", "add", "--config", str(self._config), USER, "--password-stdin"],
                           input=PASSWORD + "\n", text=True, check=True, capture_output=True)
        self._process = None

    def version(self) -> str:
        return subprocess.run([self.program, "--version"], capture_output=True, text=True, check=True).stdout.strip()

    def __enter__(self):
        log = self.folder / "serve.log"
        with open(log, "wb") as output:
            self._process = subprocess.Popen([self.program, "serve", "--config", str(self._config)], stdin=subprocess.DEVNULL,
                                             stdout=output, stderr=output, start_new_session=True, preexec_fn=self.group.enter)
        self.group.watch(self._process.pid)
        fetched.wait_until(lambda: listens(self.port), self._process, "postrider", log, 30)
        return self

    def __exit__(self, *_):
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self.group.remove()

    @property
    def pid(self) -> int:
        return self._process.pid


def listens(port: int) -> bool:
    """Without connecting, which some programs would log and count."""
    wanted = f":{port:04X} "
    return any(wanted in line and " 0A " in line for line in Path("/proc/net/tcp").read_text().splitlines())
