"""A private nsd as the authoritative DNS server: `with Nsd(folder, {"example.net": text}) as dns:`.

It comes from tools/partners' cache, listens on a loopback port for UDP and TCP, and is gone after the block. It
needs no root. Zone texts are master files; what they leave out of $ORIGIN, $TTL, SOA and NS is put before them.
"""

import re
import signal
import socket
import struct
import subprocess
from pathlib import Path

import fetched

CONFIGURATION = """\
server:
  ip-address: {address}@{port}
  username: ""
  chroot: ""
  zonesdir: "{folder}"
  zonelistfile: "{folder}/zone.list"
  database: ""
  pidfile: ""
  xfrdfile: "{folder}/xfrd.state"
  xfrdir: "{folder}"
  logfile: "{folder}/nsd.log"
  verbosity: 1
  server-count: 1
  rrl-ratelimit: 0
  zonefiles-check: yes
remote-control:
  control-enable: no
"""

HEAD = """\
$ORIGIN {origin}
$TTL 60
"""
SOA = "@ SOA ns.{zone}. hostmaster.{zone}. {serial} 3600 600 86400 30\n"
NS = "@ NS ns.{zone}.\nns A 127.0.0.1\n"


class Nsd:
    """zones: {name: master file text}. address and port: 127.0.0.1 and a free port by default."""

    def __init__(self, folder: Path, zones: dict[str, str], address="127.0.0.1", port=None):
        self.folder = Path(folder)
        self.address, self.port = address, port or fetched.free_port()
        self.zones = dict(zones)
        self._process = None
        self._serial = 1

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        configuration = CONFIGURATION.format(address=self.address, port=self.port, folder=self.folder.resolve())
        for number, zone in enumerate(self.zones):
            configuration += f'zone:\n  name: "{zone or "."}"\n  zonefile: "{number}.zone"\n'
        self._write_zones()
        (self.folder / "nsd.conf").write_text(configuration)
        with open(self.folder / "nsd.out", "wb") as output:
            self._process = subprocess.Popen([fetched.root() / "usr/sbin/nsd", "-d", "-c", self.folder / "nsd.conf"],
                                             env=fetched.environment(), stdin=subprocess.DEVNULL, stdout=output,
                                             stderr=output, start_new_session=True)
        try:
            fetched.wait_until(self._answers, self._process, "nsd", self.folder / "nsd.log")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        if self._process:
            fetched.stop_group(self._process, [])
            self._process = None

    def reload(self, zones: dict[str, str]) -> None:
        """New texts for zones that it has; returns when it answers with them."""
        self.zones |= zones
        self._serial += 1
        self._write_zones()
        self._process.send_signal(signal.SIGHUP)
        fetched.wait_until(self._answers, self._process, "nsd after a reload", self.folder / "nsd.log")

    def _write_zones(self) -> None:
        for number, (zone, text) in enumerate(self.zones.items()):
            head = HEAD.format(origin=zone + ".")
            if not re.search(r"\sSOA\s", text):
                head += SOA.format(zone=zone, serial=self._serial)
            if not re.search(r"\sNS\s", text):
                head += NS.format(zone=zone)
            path = self.folder / f"{number}.zone"
            path.write_text(head + text + "\n")
            checked = subprocess.run([fetched.root() / "usr/sbin/nsd-checkzone", zone or ".", path], env=fetched.environment(),
                                     text=True, capture_output=True, check=False)
            if checked.returncode != 0:
                raise ValueError(f"zone {zone}: {checked.stdout.strip() or checked.stderr.strip()}")

    def _answers(self) -> bool:
        """Whether each zone whose SOA is ours is served with the present serial."""
        return all(self._serves(zone, None if re.search(r"\sSOA\s", text) else self._serial) for zone, text in self.zones.items())

    def _serves(self, zone: str, serial: int | None) -> bool:
        name = b"".join(bytes([len(label)]) + label.encode() for label in zone.strip(".").split(".") if label) + b"\0"
        question = struct.pack(">HHHHHH", 0x2A2A, 0, 1, 0, 0, 0) + name + struct.pack(">HH", 6, 1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.settimeout(0.5)
            try:
                udp.connect((self.address, self.port))
                udp.send(question)
                answer = udp.recv(4096)
            except OSError:
                return False
        found = answer[3] & 0x0F == 0 and struct.unpack(">H", answer[6:8])[0] > 0
        # The serial is the first of the five numbers that end the SOA; nothing follows it in our zones' answers
        # but the authority section, so it is searched by value.
        return found and (serial is None or struct.pack(">IIIII", serial, 3600, 600, 86400, 30) in answer)
