#!/usr/bin/python3 -B
"""Debian's Exim as an expert tunes it for throughput, relaying everything to the sink. fsync as it ships.

Split spool, no per-message log, no lookups of clients, no limits of connections or of immediate deliveries a connection,
no load limits, deliveries as the Exim user (no second exec for privileges). DKIM and TLS are its own (GnuTLS).
"""

import sys
from pathlib import Path

from peer import Peer, Setup, Unable, main
import fetched  # found through peer
from private_machine import PrivateMachine

PACKAGES = ("exim4-config", "exim4-base", "exim4-daemon-light")
USER_ID = 64901


class EximPeer(Peer):
    name = "exim"

    def __init__(self, program: str, folder: Path, setup: Setup):
        super().__init__(program, folder, setup)
        self._root = fetched.unpacked("exim", *PACKAGES)
        if len(setup.dkim) > 1:
            raise Unable("one signature a message")
        self._machine = PrivateMachine(self.folder, self._root, {"Debian-exim": USER_ID})
        self._machine.write("etc/exim4/exim4.conf", self._configuration())
        for path in ("spool/exim4", "log/exim4", "lib/exim4"):
            (self.folder / path).mkdir(parents=True)
        for path in (self.folder / "spool/exim4", self.folder / "log/exim4", self.folder / "lib/exim4"):
            self.give(path, USER_ID)

    def _configuration(self) -> str:
        setup, user, password = self.setup, *self.login
        listener = f"local_interfaces = <; 127.0.0.1\ndaemon_smtp_ports = {self.port}\n"
        authenticator, condition = "", "hosts = 127.0.0.1"
        if setup.login:
            certificate, key = (self.readable(path, USER_ID) for path in self.certificate())
            listener += (f"tls_on_connect_ports = {self.port}\ntls_advertise_hosts = *\ntls_certificate = {certificate}\n"
                         f"tls_privatekey = {key}\nauth_advertise_hosts = *\n")
            authenticator = ("plain:\n driver = plaintext\n public_name = PLAIN\n server_prompts = :\n server_set_id = $auth2\n"
                             f" server_condition = ${{if and{{{{eq{{$auth2}}{{{user}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}\n")
            condition = "authenticated = *"
        else:
            listener += "tls_advertise_hosts =\n"
        signing = ""
        for kind, key in setup.dkim.items():
            signing = f" dkim_domain = example.org\n dkim_selector = {kind}\n dkim_private_key = {self.readable(key, USER_ID)}\n dkim_canon = relaxed\n"
        hop = "${if match{$domain}{^d(\\\\d+)\\\\.}{127.0.1.${eval:$1+1}}{127.0.0.1}}" if setup.sites else "127.0.0.1"
        tls = " hosts_require_tls = *\n tls_verify_hosts =\n tls_try_verify_hosts =\n" if setup.delivery_tls else " hosts_avoid_tls = *\n"
        return f"""primary_hostname = mail.example.org
{listener}exim_user = Debian-exim
exim_group = Debian-exim
never_users =
deliver_drop_privilege
split_spool_directory
message_logs = false
log_selector = -retry_defer
host_lookup =
rfc1413_hosts =
smtp_accept_max = 0
smtp_accept_max_per_connection = 0
smtp_accept_queue_per_connection = 0
smtp_connect_backlog = 256
remote_max_parallel = 20
recipients_max = 50000
received_headers_max = 50
message_size_limit = 60M
acl_smtp_rcpt = rcpt
acl_smtp_data = accept
keep_environment =
begin acl
rcpt:
 accept {condition}
   control = dkim_disable_verify
begin routers
out:
 driver = manualroute
 route_data = {hop}::{setup.sink_port}
 self = send
 host_find_failed = defer
 transport = out
begin transports
out:
 driver = smtp
 max_rcpt = 1000
{tls}{signing}begin retry
* * F,2h,1m
begin authenticators
{authenticator}"""

    def version(self) -> str:
        return fetched.package_version("exim", "exim4-daemon-light").replace("exim4-daemon-light", "Exim")

    def start(self) -> None:
        self.run_in(self._machine, ["/usr/sbin/exim4", "-bdf", "-q1m"])


if __name__ == "__main__":
    sys.exit(main(EximPeer))
