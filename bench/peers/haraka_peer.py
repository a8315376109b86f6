#!/usr/bin/python3 -B
"""Haraka from npm, relaying everything to the sink: a process a core, no plugin that a relay does not need. It never syncs.

Its outbound queue is written and renamed without fsync, as it ships. DKIM is its plugin, RSA alone.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from peer import Peer, Setup, Unable, main
import fetched  # found through peer

MODULE = "Haraka@3.3.4"


class HarakaPeer(Peer):
    name = "haraka"

    def __init__(self, program: str, folder: Path, setup: Setup):
        super().__init__(program, folder, setup)
        if not shutil.which("node"):
            raise fetched.Unavailable("no node: apt install nodejs")
        if set(setup.dkim) - {"rsa"}:
            raise Unable("its DKIM plugin signs with RSA alone")
        self._home = fetched.npm_package("haraka", MODULE) / "node_modules/Haraka"
        self._configure()

    def _write(self, name: str, text: str) -> None:
        path = self.folder / "config" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def _configure(self) -> None:
        setup, (user, password) = self.setup, self.login
        plugins = ["relay"]
        (self.folder / "queue").mkdir()
        self._write("smtp.ini", f"listen=127.0.0.1:{self.port}\nnodes={os.cpu_count()}\n"
                    + (f"smtps_port={self.port}\n" if setup.login else ""))
        self._write("me", "mail.example.org\n")
        self._write("log.ini", "level=error\n")
        self._write("relay.ini", "[relay]\nacl=true\nforce_routing=true\ndest_domains=false\nall=false\n")
        self._write("relay_acl_allow", "192.0.2.1/32\n" if setup.login else "127.0.0.1/32\n")
        hops = [*setup.routes(), ("any", "127.0.0.1")]
        self._write("relay_dest_domains.ini", "[domains]\n" + "".join(
            '%s = {"action": "continue", "nexthop": "%s:%d"}\n' % (domain, hop, setup.sink_port) for domain, hop in hops))
        self._write("outbound.ini", f"enable_tls={'true' if setup.delivery_tls else 'false'}\nalways_split=false\nconcurrency_max=100\n")
        self._write("connection.ini", (self._home / "config/connection.ini").read_text())  # it has no defaults elsewhere
        if setup.login or setup.delivery_tls:
            certificate, key = self.certificate()
            self._write("tls_cert.pem", certificate.read_text())
            self._write("tls_key.pem", key.read_text())
            # else it makes its own at its start, which takes up to a minute
            group = subprocess.run(["openssl", "genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:ffdhe2048"], capture_output=True,
                                   text=True, check=True).stdout
            self._write("dhparams.pem", group)
            self._write("tls.ini", "[main]\nrequestCert=false\n[outbound]\nrejectUnauthorized=false\n")
            plugins.append("tls")
        if setup.login:
            self._write("auth_flat_file.ini", f"[core]\nmethods=PLAIN\n[users]\n{user}={password}\n")
            plugins.append("auth/flat_file")
        for kind, key in setup.dkim.items():
            self._write("dkim.ini", "[sign]\nenabled=true\nheaders=From,To,Subject,Date,Message-ID\n[verify]\nenabled=false\n")
            self._write("dkim/example.org/private", Path(key).read_text())
            self._write("dkim/example.org/selector", f"{kind}\n")
            plugins.append("dkim")
        self._write("plugins", "\n".join(plugins) + "\n")

    def version(self) -> str:
        return f"Haraka {json.loads((self._home / 'package.json').read_text())['version']}, which never syncs"

    def start(self) -> None:
        self.run(["node", str(self._home / "haraka.js")], environment={**os.environ, "HARAKA": str(self.folder), "NODE_ENV": "production"})


if __name__ == "__main__":
    sys.exit(main(HarakaPeer))
