"""Debian's Postfix as an expert tunes it for throughput, relaying everything to the sink. fsync as it ships.

No chroot (tests/partners' master.cf), 250 processes, destination concurrency 20 from the start, no anvil, no address
mappings, no connection cache (it costs), no DNS. TLS and AUTH need saslpasswd2 of Debian's sasl2-bin, fetched with
`apt-get download` into the partners' cache, and libsasl2-modules-db.
"""

import shutil
import subprocess
from pathlib import Path

import fetched
import postfix
from measured import ControlGroup
from ours import PASSWORD, USER, listens
from postrider import make_certificate

REALM = "mail.example.org"


class PostfixPeer(postfix.Postfix):
    name = "postfix"

    def __init__(self, _program: str, folder: Path, sink_port: int, tls_auth: bool):
        folder = Path(folder)
        folder.mkdir(parents=True)
        settings = {
            "relayhost": f"[127.0.0.1]:{sink_port}", "default_transport": "smtp", "relay_transport": "smtp",
            "virtual_mailbox_domains": "", "smtpd_relay_restrictions": "permit_mynetworks, permit_sasl_authenticated, reject",
            "smtpd_recipient_restrictions": "permit_mynetworks, permit_sasl_authenticated, reject",
            "default_process_limit": "250", "default_destination_concurrency_limit": "20",
            "initial_destination_concurrency": "20", "smtp_connection_cache_on_demand": "no",
            "receive_override_options": "no_address_mappings", "smtp_dns_support_level": "disabled",
            "smtpd_client_event_limit_exceptions": "static:all", "smtp_tls_security_level": "none",
        }
        if tls_auth:
            settings |= self._accounts(folder)
        super().__init__(folder, settings=settings, hostname=REALM)
        self.group = ControlGroup("postrider-postfix")

    @staticmethod
    def _accounts(folder: Path) -> dict:
        passwords = fetched.folder() / "sasl" / "usr/sbin/saslpasswd2"
        if not passwords.exists():
            raise fetched.Unavailable(f"no {passwords}: cd $(mktemp -d) && apt-get download sasl2-bin && "
                                      f"dpkg -x sasl2-bin_*.deb {fetched.folder() / 'sasl'}")
        certificate, key = make_certificate(folder, REALM)
        database, sasl = folder / "sasldb2", folder / "etc" / "sasl"  # where Debian's Postfix looks
        sasl.mkdir(parents=True)
        subprocess.run([str(passwords), "-p", "-c", "-f", str(database), "-u", USER.split("@")[1], USER.split("@")[0]],
                       input=PASSWORD, text=True, check=True, capture_output=True)
        shutil.chown(database, postfix.MAIL_OWNER)
        (sasl / "smtpd.conf").write_text(f"pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: {database}\n"
                                         "mech_list: PLAIN LOGIN\n")
        return {"smtpd_tls_wrappermode": "yes", "smtpd_tls_security_level": "encrypt", "smtpd_tls_auth_only": "yes",
                "smtpd_tls_cert_file": certificate, "smtpd_tls_key_file": key, "tls_random_source": "dev:/dev/urandom",
                "smtpd_sasl_auth_enable": "yes", "smtpd_sasl_type": "cyrus",
                "mynetworks": "192.0.2.1/32"}

    def version(self) -> str:
        done = subprocess.run([fetched.root() / "usr/sbin/postconf", "-c", self.folder / "etc", "-h", "mail_version"],
                              env=fetched.environment(), capture_output=True, text=True, check=False)
        return f"Postfix {done.stdout.strip() or 'of Debian'}"

    def __enter__(self):
        self.group.enter()  # inherited by all that starts now
        try:
            self.start()
        finally:
            self.group.leave()
        self.group.watch(self._process.pid)
        return self

    def __exit__(self, *_):
        self.stop()
        self.group.remove()

    def _greets(self) -> bool:
        return listens(self.port)  # which speaks no TLS and leaves no line in the log

    @property
    def pid(self) -> int:
        return self._process.pid
