#!/usr/bin/python3 -B
"""Postrider as a measured program: relays to the sink, or takes submissions. fsync as it ships.

All load comes from one address, so what one address may do is lifted, as an operator does for the application's hosts.
"""

import subprocess
import sys
from pathlib import Path

from peer import PASSWORD, USER, Peer, Setup, main


class Ours(Peer):
    name = "postrider"
    share = 1

    def __init__(self, program: str, folder: Path, setup: Setup):
        super().__init__(program, folder, setup)
        certificate, key = self.certificate()
        listener = 'service = "submission"\ntls = "implicit"' if setup.login else 'service = "relay"\ntls = "none"\nallow = ["127.0.0.1/32"]'
        dkim = "".join(f'[[dkim]]\ndomain = "example.org"\nselector = "{kind}"\nkey = "{path}"\n' for kind, path in setup.dkim.items())
        routes = "".join(f'[[route]]\ndomain = "{domain}"\nvia = ["{hop}:{setup.sink_port}"]\n' for domain, hop in setup.routes())
        self._config = self.folder / "postrider.toml"
        self._config.write_text(f"""hostname = "mail.example.org"
data_dir = "data"
[[listener]]
{listener}
address = "127.0.0.1:{self.port}"
[tls]
certificate = "{certificate.name}"
key = "{key.name}"
[delivery]
tls = "{'required' if setup.delivery_tls else 'off'}"
{routes}[[route]]
domain = "*"
via = ["127.0.0.1:{setup.sink_port}"]
[limits]
messages_per_session = 1000000
sessions_per_address = 10000
connections_per_address = "1000000/m"
recipients = 10000
{dkim}""")
        if setup.login:
            subprocess.run([program, "account", "add", "--config", str(self._config), USER, "--password-stdin"],
                           input=PASSWORD + "\n", text=True, check=True, capture_output=True)

    def version(self) -> str:
        return subprocess.run([self.program, "--version"], capture_output=True, text=True, check=True).stdout.strip()

    def start(self) -> None:
        self.run([self.program, "serve", "--config", str(self._config)])

    def flush(self) -> None:
        subprocess.run([self.program, "queue", "retry", "--config", str(self._config), "--where", "age>=0s"], capture_output=True, check=True)


if __name__ == "__main__":
    sys.exit(main(Ours))
