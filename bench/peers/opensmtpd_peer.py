#!/usr/bin/python3 -B
"""Debian's OpenSMTPD, relaying everything to the sink, its limits on what one session may send lifted. It never syncs.

Its queue is written without fsync, as it ships: what it says 250 to can be lost in a power cut. Its listen backlog of 5
allows few connections at once. It has no DKIM of its own.
"""

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
        if setup.login:
            raise Unable("Debian 12's build ends each TLS handshake as a server with an internal error (SSL routines::EVP lib)")
        root = fetched.unpacked("opensmtpd", "opensmtpd")
        self._machine = PrivateMachine(self.folder, root, USERS)
        self._machine.write("etc/mailname", "mail.example.org\n")
        self._machine.write("etc/aliases", "root: load@example.org\n")
        self._machine.write("etc/smtpd.conf", self._configuration()).chmod(0o644)
        empty = self.folder / "lib/opensmtpd/empty"
        empty.mkdir(parents=True)
        empty.chmod(0o711)

    def _configuration(self) -> str:
        setup, head = self.setup, ""
        scheme = "smtp" if setup.delivery_tls else "smtp+notls"
        relay = f'host "{scheme}://127.0.0.1:{setup.sink_port}"' + (" tls no-verify" if setup.delivery_tls else "")
        if setup.sites:
            hops = "".join(f"{domain} {scheme}://{hop}:{setup.sink_port}\n" for domain, hop in setup.routes())
            self._machine.write("etc/hops", hops).chmod(0o644)
            head += "table hops file:/etc/hops\n"
            relay = "domain <hops>"
        return (f"{head}listen on 127.0.0.1 port {self.port} hostname mail.example.org\n"
                'smtp limit max-mails 1000000\nsmtp limit max-rcpt 100000\nsmtp max-message-size "60M"\n'
                f'action "out" relay {relay}\nmatch from any for any action "out"\n')

    def version(self) -> str:
        version = fetched.package_version("opensmtpd", "opensmtpd").replace("opensmtpd", "OpenSMTPD")
        return version + f", which never syncs, {self.sessions_max} sessions at most"

    def start(self) -> None:
        self.run_in(self._machine, ["/usr/sbin/smtpd", "-d", "-f", "/etc/smtpd.conf"])


if __name__ == "__main__":
    sys.exit(main(OpensmtpdPeer))
