#!/usr/bin/python3 -B
"""Debian's OpenSMTPD, relaying everything to the sink, its limits on what one session may send lifted. It never syncs.

Its listen backlog of 5 allows few connections at once. Its queue is written without fsync, as it ships: what it says 250 to can be lost in a power cut. It has no DKIM of its own.
"""

import subprocess
import sys
from pathlib import Path

from peer import Peer, Setup, Unable, main
import fetched  # found through peer
from private_machine import PrivateMachine

USERS = {"opensmtpd": 64902, "opensmtpq": 64903}


class OpensmtpdPeer(Peer):
    name = "opensmtpd"
    share = 60
    sessions_max = 4  # its listen backlog is 5: of 20 that connect at once some wait for ever

    def __init__(self, program: str, folder: Path, setup: Setup):
        super().__init__(program, folder, setup)
        if setup.dkim:
            raise Unable("no DKIM of its own")
        root = fetched.unpacked("opensmtpd", "opensmtpd")
        self._machine = PrivateMachine(self.folder, root, USERS)
        self._machine.write("etc/mailname", "mail.example.org\n")
        self._machine.write("etc/aliases", "root: load@example.org\n")
        self._machine.write("etc/smtpd.conf", self._configuration()).chmod(0o644)
        empty = self.folder / "lib/opensmtpd/empty"
        empty.mkdir(parents=True)
        empty.chmod(0o711)

    def _configuration(self) -> str:
        setup, (user, password) = self.setup, self.login
        listen, source = f"listen on 127.0.0.1 port {self.port} hostname mail.example.org", "any"
        head = ""
        if setup.login:
            certificate, key = self.certificate()
            key.chmod(0o600)
            secret = subprocess.run(["openssl", "passwd", "-6", password], capture_output=True, text=True, check=True).stdout.strip()
            self._machine.write("etc/logins", f"{user} {secret}\n").chmod(0o644)
            head = f'pki mail cert "{certificate}"\npki mail key "{key}"\ntable logins file:/etc/logins\n'
            listen = f"listen on 127.0.0.1 port {self.port} smtps pki mail auth <logins> hostname mail.example.org"
            source = "auth"
        scheme = "smtp" if setup.delivery_tls else "smtp+notls"
        relay = f'host "{scheme}://127.0.0.1:{setup.sink_port}"' + (" tls no-verify" if setup.delivery_tls else "")
        if setup.sites:
            self._machine.write("etc/hops", "".join(f"{domain} {scheme}://{hop}:{setup.sink_port}\n" for domain, hop in setup.routes())).chmod(0o644)
            head += "table hops file:/etc/hops\n"
            relay = "domain <hops>"
        return (f'{head}{listen}\nsmtp limit max-mails 1000000\nsmtp limit max-rcpt 100000\nsmtp max-message-size "60M"\n'
                f'action "out" relay {relay}\nmatch from {source} for any action "out"\n')

    def version(self) -> str:
        return fetched.package_version("opensmtpd", "opensmtpd").replace("opensmtpd", "OpenSMTPD") + f", which never syncs, {self.sessions_max} sessions at most"

    def start(self) -> None:
        self.run_in(self._machine, ["/usr/sbin/smtpd", "-d", "-f", "/etc/smtpd.conf"])


if __name__ == "__main__":
    sys.exit(main(OpensmtpdPeer))
