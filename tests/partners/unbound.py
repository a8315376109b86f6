"""A private unbound: a validating recursive server for zones that an authoritative one serves, as oracle and as resolver.

`with Unbound(folder, zones=["", "test"], authority=("127.0.0.1", 5300), anchors="root.key text") as dns:`
"""

import socket
import struct
import subprocess
from pathlib import Path

import fetched

CONFIGURATION = """\
server:
  interface: 127.0.0.1@{port}
  username: ""
  chroot: ""
  directory: "{folder}"
  pidfile: ""
  logfile: "{folder}/unbound.log"
  use-syslog: no
  verbosity: 1
  val-log-level: 2
  num-threads: 1
  do-not-query-localhost: no
  module-config: "validator iterator"
  trust-anchor-file: "{folder}/root.key"
  cache-min-ttl: 0
  cache-max-ttl: {cache_ttl}
  neg-cache-size: 0
  val-bogus-ttl: 0
  val-clean-additional: no
  local-zone: "test." nodefault
  local-zone: "invalid." nodefault
  qname-minimisation: no
  harden-below-nxdomain: no
  aggressive-nsec: no
remote-control:
  control-enable: no
"""


class Unbound:
    """zones: names without a final dot, "" for the root. authority: (address, port). anchors: text of DS or DNSKEY records."""

    def __init__(self, folder: Path, zones: list[str], authority: tuple[str, int], anchors: str, cache_ttl=0):
        self.folder = Path(folder)
        self.address, self.port = "127.0.0.1", fetched.free_port()
        self._zones, self._authority, self._anchors, self._cache_ttl = zones, authority, anchors, cache_ttl
        self._process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self) -> None:
        if not (fetched.root() / "usr/sbin/unbound").exists():
            raise fetched.Unavailable("no unbound among the test partners: run tools/partners")
        self.folder.mkdir(parents=True, exist_ok=True)
        configuration = CONFIGURATION.format(port=self.port, folder=self.folder.resolve(), cache_ttl=self._cache_ttl)
        for zone in self._zones:
            configuration += f'stub-zone:\n  name: "{zone}."\n  stub-addr: {self._authority[0]}@{self._authority[1]}\n'
        (self.folder / "unbound.conf").write_text(configuration)
        (self.folder / "root.key").write_text(self._anchors)
        with open(self.folder / "unbound.out", "wb") as output:
            self._process = subprocess.Popen([fetched.root() / "usr/sbin/unbound", "-d", "-c", self.folder / "unbound.conf"],
                                             env=fetched.environment(), stdin=subprocess.DEVNULL, stdout=output,
                                             stderr=output, start_new_session=True)
        try:
            fetched.wait_until(self._answers, self._process, "unbound", self.folder / "unbound.log")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        if self._process:
            fetched.stop_group(self._process, [])
            self._process = None

    def _answers(self) -> bool:
        question = struct.pack(">HHHHHH", 0x2A2A, 0x0100, 1, 0, 0, 0) + b"\0" + struct.pack(">HH", 6, 1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.settimeout(1)
            try:
                udp.connect((self.address, self.port))
                udp.send(question)
                return len(udp.recv(4096)) > 12
            except OSError:
                return False
