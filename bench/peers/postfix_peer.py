#!/usr/bin/python3 -B
"""Debian's Postfix as an expert tunes it for throughput, relaying everything to the sink. fsync as it ships.

No chroot (tests/partners' master.cf), 250 processes, destination concurrency 20 from the start, no anvil, no address
mappings, no connection cache (it costs), no DNS. It signs with DKIM through a milter alone, which is not measured here.
"""

import subprocess
import sys
from pathlib import Path

from peer import Peer, Setup, Unable, main
import fetched  # found through peer
import postfix

REALM = "mail.example.org"


class TunedPostfix(postfix.Postfix):
    def _greets(self) -> bool:
        return True  # the peer looks by itself, without a connection that is logged and counted

    @property
    def process(self):
        return self._process


class PostfixPeer(Peer):
    name = "postfix"
    share = 4

    def __init__(self, program: str, folder: Path, setup: Setup):
        super().__init__(program, folder, setup)
        if setup.dkim:
            raise Unable("no DKIM without a milter")
        settings = {
            "relayhost": f"[127.0.0.1]:{setup.sink_port}", "default_transport": "smtp", "relay_transport": "smtp",
            "virtual_mailbox_domains": "", "smtpd_relay_restrictions": "permit_mynetworks, permit_sasl_authenticated, reject",
            "smtpd_recipient_restrictions": "permit_mynetworks, permit_sasl_authenticated, reject",
            "default_process_limit": "250", "default_destination_concurrency_limit": "20",
            "initial_destination_concurrency": "20", "smtp_connection_cache_on_demand": "no",
            "smtp_destination_recipient_limit": "1000", "smtpd_recipient_limit": "10000",
            "minimal_backoff_time": "60s", "queue_run_delay": "30s",
            "receive_override_options": "no_address_mappings", "smtp_dns_support_level": "disabled",
            "smtpd_client_event_limit_exceptions": "static:all",
            "smtp_tls_security_level": "encrypt" if setup.delivery_tls else "none",
            "smtp_tls_session_cache_database": "",
        }
        if setup.sites:
            hops = self.folder / "hops"
            hops.write_text("".join(f"/@{domain}$/ smtp:[{hop}]:{setup.sink_port}\n" for domain, hop in setup.routes()))
            settings["transport_maps"] = f"regexp:{hops}"
        if setup.login:
            settings |= self._accounts()
        self._mta = TunedPostfix(self.folder, settings=settings, hostname=REALM, port=self.port)
        self.log = self._mta.log

    def _accounts(self) -> dict:
        passwords = fetched.unpacked("sasl", "sasl2-bin") / "usr/sbin/saslpasswd2"
        certificate, key = self.certificate()
        user, password = self.login
        database, sasl = self.folder / "sasldb2", self.folder / "etc" / "sasl"  # where Debian's Postfix looks
        sasl.mkdir(parents=True)
        local, _, domain = user.partition("@")
        subprocess.run([str(passwords), "-p", "-c", "-f", str(database), "-u", domain, local], input=password, text=True, check=True,
                       capture_output=True)
        self.readable(database, postfix.pwd.getpwnam(postfix.MAIL_OWNER).pw_uid)
        (sasl / "smtpd.conf").write_text(f"pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: {database}\nmech_list: PLAIN LOGIN\n")
        return {"smtpd_tls_wrappermode": "yes", "smtpd_tls_security_level": "encrypt", "smtpd_tls_auth_only": "yes",
                "smtpd_tls_cert_file": certificate, "smtpd_tls_key_file": key, "tls_random_source": "dev:/dev/urandom",
                "smtpd_sasl_auth_enable": "yes", "smtpd_sasl_type": "cyrus", "mynetworks": "192.0.2.1/32"}

    def version(self) -> str:
        done = subprocess.run([fetched.root() / "usr/sbin/postconf", "-c", self.folder / "etc", "-h", "mail_version"],
                              env=fetched.environment(), capture_output=True, text=True, check=False)
        return f"Postfix {done.stdout.strip() or 'of Debian'}"

    def start(self) -> None:
        self.group.enter()  # inherited by all that starts now
        try:
            self._mta.start()
        finally:
            self.group.leave()
        self._process = self._mta.process

    def stop(self) -> None:
        self._mta.stop()

    def flush(self) -> None:
        subprocess.run([fetched.root() / "usr/sbin/postqueue", "-c", self.folder / "etc", "-f"], env=fetched.environment(), check=True,
                       capture_output=True)


if __name__ == "__main__":
    sys.exit(main(PostfixPeer))
