"""Postrider as a mailbox server: LMTP, IMAP and POP3 in the clear on loopback, as dovecot_peer has them. fsync as it ships."""

import json
import subprocess
import time
from pathlib import Path

import fetched
from measured import ControlGroup, listens


class OurMailboxes:
    name = "postrider"

    def __init__(self, program: str, folder: Path, accounts: dict[str, str]):
        self.program, self.folder = program, Path(folder)
        self.folder.mkdir(parents=True)
        self.lmtp, self.imap, self.pop3 = fetched.free_port(), fetched.free_port(), fetched.free_port()
        self.group = ControlGroup("postrider-mailboxes")
        self.log = self.folder / "output.log"
        self._accounts = accounts
        self._config = self.folder / "postrider.toml"
        self._config.write_text(f"""hostname = "mail.example.org"
data_dir = "data"
[[listener]]
service = "lmtp"
address = "127.0.0.1:{self.lmtp}"
tls = "none"
allow = ["127.0.0.1"]
[[listener]]
service = "imap"
address = "127.0.0.1:{self.imap}"
tls = "none"
plain_auth = true
[[listener]]
service = "pop3"
address = "127.0.0.1:{self.pop3}"
tls = "none"
plain_auth = true
[limits]
messages_per_session = 1000000
sessions_per_address = 10000
connections_per_address = "1000000/m"
[mailbox]
search_index = false
""")
        self._has_index = False

    def configure(self, syncs: bool = True) -> None:
        """It always syncs."""

    def use_index(self, account: str | None) -> None:
        """Switches the full-text index on and waits until it has all of the account; None: off."""
        if (account is not None) != self._has_index:
            self._has_index = account is not None
            on, off = "search_index = true", "search_index = false"
            text = self._config.read_text()
            self._config.write_text(text.replace(off, on) if self._has_index else text.replace(on, off))
            self.stop()
            self.start()
        if account is None:
            return
        state = json.loads(self.command("mailbox", "index", account, "--json"))
        if state["state"] == "absent":
            before = self.group.cpu_seconds()
            self.command("mailbox", "index", account, "--rebuild")
            while (state := json.loads(self.command("mailbox", "index", account, "--json")))["state"] != "current":
                time.sleep(0.2)
            print(f"{self.name}: {account}: {state['indexed']} messages indexed in {self.group.cpu_seconds() - before:.2f} s of CPU, "
                  f"{state['bytes'] / 1e6:.1f} MB", flush=True)

    def forget_listings(self, account: str) -> None:
        """There is nothing: what listings show is made at delivery."""

    def version(self) -> str:
        return subprocess.run([self.program, "--version"], capture_output=True, text=True, check=True).stdout.strip()

    def command(self, *words: str, text: str | None = None) -> str:
        done = subprocess.run([self.program, *words, "--config", str(self._config)], input=text, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"postrider {' '.join(words)}: {done.stderr or done.stdout}")
        return done.stdout

    def start(self) -> None:
        with open(self.log, "ab") as output:
            self._process = subprocess.Popen([self.program, "serve", "--config", str(self._config)], stdin=subprocess.DEVNULL, stdout=output,
                                             stderr=output, start_new_session=True, preexec_fn=self.group.enter)
        self.group.watch(self._process.pid)
        try:
            for port in (self.lmtp, self.imap, self.pop3):
                fetched.wait_until(lambda port=port: listens(port), self._process, self.name, self.log, 30)
            if self._accounts:
                for name, password in self._accounts.items():
                    self.command("account", "add", name, "--password-stdin", text=password + "\n")
                self.command("domain", "set", "example.org", "--hosted", "yes")
                self._accounts = {}
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        fetched.stop_group(self._process, [], 30)

    def remove(self) -> None:
        self.group.remove()

    def messages(self, account: str) -> int:
        return json.loads(self.command("mailbox", "list", account, "--json"))["messages"]

    def disk_bytes(self) -> int:
        return sum(file.stat().st_blocks * 512 for file in (self.folder / "data").rglob("*") if file.is_file())
