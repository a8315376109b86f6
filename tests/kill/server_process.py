"""The server of the kill test: its configuration, its lives, and the operator's commands."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from server_judge import Loss
from server_load import CLIENTS, PASSWORD, USER, Client
from server_mailboxes import BOXES, Mailboxes

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "partners"))
import fetched  # noqa: E402

START_SECONDS = 30
GREETING_SECONDS = 5
FATES = "retry = [\"1s\"]\nconnections_per_site = 8\n"
SHORT_FATES = FATES + "max_age = \"3s\"\ndelay_warning = \"1s\"\n"


def peers_of(port):
    """The ports of all that the kernel has connected to this one of ours."""
    ends = [line.split()[1:3] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {int(remote.split(":")[1], 16) for local, remote in ends if int(local.split(":")[1], 16) == port}


class Server:
    def __init__(self, program, folder, sink, scanner, judge, rng):
        self.program, self.folder, self.sink, self.scanner, self.judge, self.rng = program, folder, sink, scanner, judge, rng
        self.config = folder / "postrider.toml"
        self.trace = folder / "trace"
        self.log = folder / "serve.log"
        self.relay, self.submission, self.inbound, self.pop3, self.imap = (fetched.free_port() for _ in range(5))
        self.mailboxes = Mailboxes(judge, rng, self.pop3, self.imap)
        self.process = None
        self.lives = 0

    async def prepare(self):
        self.folder.mkdir(parents=True)
        await self.command("dkim", "keygen", "--domain", "shop.example", "--selector", "s1", "--algorithm", "ed25519",
                           "--out", str(self.folder / "s1.pem"), has_config=False)
        self.configure(FATES)
        await self.command("account", "add", USER, "--password-stdin", stdin=PASSWORD)
        await self.mailboxes.prepare(self.command)

    def configure(self, delivery, folder=None):
        self.config.write_text(f"""hostname = "mail.example.org"
data_dir = "{folder or "data"}"
[[listener]]
service = "relay"
address = "127.0.0.1:{self.relay}"
tls = "none"
allow = ["127.0.0.1/32"]
[[listener]]
service = "submission"
address = "127.0.0.1:{self.submission}"
tls = "none"
plain_auth = true
[[listener]]
service = "inbound"
address = "127.0.0.1:{self.inbound}"
tls = "none"
[[listener]]
service = "pop3"
address = "127.0.0.1:{self.pop3}"
tls = "none"
plain_auth = true
[[listener]]
service = "imap"
address = "127.0.0.1:{self.imap}"
tls = "none"
plain_auth = true
[inbound]
spf = "off"
dmarc = "off"
client_limit = "1s"
[dns]
servers = ["127.0.0.1:9"]
dnssec = "off"
[delivery]
{delivery}
[[route]]
domain = "*"
via = ["127.0.0.1:{self.sink.port}"]
[[filter]]
kind = "clamav"
address = "127.0.0.1:{self.scanner.port}"
[[dkim]]
domain = "shop.example"
selector = "s1"
key = "s1.pem"
""")

    def environment(self, point=None):
        out = dict(os.environ, POSTRIDER_KILL_TRACE=str(self.trace))
        if point:
            out["POSTRIDER_KILL_POINT"] = point
        return out

    async def start(self, point=None, wait=True):
        """wait: until it greets, or has died of `point`."""
        self.lives += 1
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([self.program, "serve", "--config", str(self.config)], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, env=self.environment(point))
        self._watch = asyncio.create_task(self._watch_for_death(self.process))
        end = time.monotonic() + START_SECONDS
        while wait and not await self._greets():
            if self.is_dead():
                if point:
                    return
                raise Loss(f"the server does not start: {self.log.read_text()[-2000:]}")
            if time.monotonic() > end:
                raise Loss(f"the server does not greet: {self.log.read_text()[-2000:]}")
            await asyncio.sleep(0.01)

    async def _watch_for_death(self, process):
        while process.poll() is None:
            await asyncio.sleep(0.005)
        self.judge.on_death()

    async def _greets(self):
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.relay)
        except OSError:
            return False
        own_port = writer.get_extra_info("sockname")[1]
        try:
            return (await asyncio.wait_for(reader.readline(), GREETING_SECONDS)).startswith(b"220")
        except TimeoutError:
            # Seen once, behind a kill; why is not known. No server can greet an end that only this side knows.
            if own_port in peers_of(self.relay):
                raise Loss(f"a connection was taken and not greeted: {self.log.read_text()[-2000:]}") from None
            print(f"a connection from port {own_port} that nobody else knows: tried again", flush=True)
            return False
        except OSError:
            return False
        finally:
            writer.close()

    def is_dead(self):
        return self.process is None or self.process.poll() is not None

    def load(self, ports=None):
        """Clients that go on until the server is gone; await it after that."""
        clients = []
        for number in range(CLIENTS):
            kind = "proxy" if ports else ("relay", "inbound", "submission")[number % 3]
            port = self.rng.choice(ports) if ports else getattr(self, kind)
            clients.append(Client(self.judge, self.rng, f"l{self.lives}c{number}", port, logs_in=kind == "submission",
                                  to_hosted=kind == "inbound").run())
        return asyncio.gather(*clients, self.mailboxes.run_reader(BOXES[0]), self.mailboxes.imap.run())

    async def wait_for_death(self, seconds):
        """True if it died by SIGKILL of its own."""
        end = time.monotonic() + seconds
        while not self.is_dead():
            if time.monotonic() > end:
                return False
            await asyncio.sleep(0.005)
        if self.process.returncode not in (0, -signal.SIGKILL):
            raise Loss(f"the server ended with {self.process.returncode}: {self.log.read_text()[-3000:]}")
        return self.process.returncode == -signal.SIGKILL

    async def kill(self):
        if self.process:
            if self.process.poll() is None:
                self.process.kill()
            await self.wait_for_death(START_SECONDS)
            await self._watch
            self.process = None

    def signal(self, number):
        self.process.send_signal(number)

    async def command(self, *words, stdin="", has_config=True, point=None):
        """An operator's command. (exit code, output)"""
        where = ["--config", str(self.config)] if has_config else []
        process = await asyncio.create_subprocess_exec(
            str(self.program), *words, *where,
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, env=self.environment(point))
        out, _ = await asyncio.wait_for(process.communicate(stdin.encode() + b"\n" if stdin else None), 60)
        return process.returncode, out.decode()

    async def queue(self, where=""):
        code, out = await self.command("queue", "list", "--json", "--limit", "0", "--where", where)
        if code != 0:
            raise Loss(f"queue list exits {code}: {out}")
        return json.loads(out)
