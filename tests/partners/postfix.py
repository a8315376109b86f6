"""A private Postfix as a receiving MTA: `with Postfix(folder) as mta:` delivers what it gets to a Maildir.

It comes from tools/partners' cache, knows nothing of a Postfix that the machine may have, listens on a loopback
port alone, and is gone after the block. It needs root (or sudo without a password): its parts change their user.
"""

import os
import pwd
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import fetched

# Users and groups of base-passwd that every Debian has and nobody uses: Postfix wants a mail_owner that no other
# account shares, and a setgid_group, but checks only that they exist and are not root's.
MAIL_OWNER = "uucp"
SETGID_GROUP = "news"

QUEUE_FOLDERS = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "maildrop",
                 "private", "public", "saved", "trace")

# What Postfix passes on by default, and where its libraries are.
ENVIRONMENT = "MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C POSTLOG_SERVICE POSTLOG_HOSTNAME LD_LIBRARY_PATH"

MASTER_CF = """\
{address}:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
lmtp unix - - n - - lmtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """Accepts mail for `domains` and delivers a file a recipient, who stands in its Delivered-To; sends nothing out.

    reject: local parts that get 550 5.1.1 at RCPT. settings: further lines of main.cf, as a dict; they win.
    certificate and key: offers STARTTLS with them. address and port: 127.0.0.1 and a free port by default.
    """

    def __init__(self, folder: Path, domains=("example.net",), reject=(), settings=None, certificate=None, key=None,
                 address="127.0.0.1", port=None, hostname="mx.example.net"):
        self.folder = Path(folder)
        self.address, self.port = address, port or fetched.free_port()
        self.mail_folder = self.folder / "mail"
        self.log = self.folder / "maillog"
        self._domains, self._reject, self._hostname = domains, reject, hostname
        self._settings = dict(settings or {})
        if certificate:
            self._settings |= {"smtpd_tls_security_level": "may", "smtpd_tls_cert_file": str(certificate),
                               "smtpd_tls_key_file": str(key or certificate), "smtpd_tls_loglevel": "1"}
        self._process = None
        self._sudo = []

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self) -> None:
        program = fetched.root() / "usr/lib/postfix/sbin/master"
        self._sudo = fetched.privileged()
        self._write_configuration()
        self._let_others_pass()
        with open(self.folder / "master.out", "wb") as output:
            self._process = subprocess.Popen(
                [*self._sudo, "env", f"LD_LIBRARY_PATH={fetched.library_path()}", str(program), "-c", str(self.folder / "etc"), "-d"],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)
        try:
            fetched.wait_until(self._greets, self._process, "Postfix", self.log)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Ends every process of it. What is queued stays in the folder; start() goes on with it."""
        if self._process:
            fetched.stop_group(self._process, self._sudo)
            self._process = None
            if self._sudo:  # whoever runs the test must be able to remove the folder; start() gives it back
                subprocess.run([*self._sudo, "chown", "-R", f"{os.geteuid()}:{os.getegid()}", self.folder], check=True)

    def messages(self) -> list[Path]:
        """The files of all messages delivered so far, in order of arrival."""
        found = [path for path in (self.mail_folder / "inbox" / "new").glob("*") if path.is_file()]
        return sorted(found, key=lambda path: path.stat().st_mtime_ns)

    def wait_for_messages(self, count: int, seconds: float = 30) -> list[Path]:
        end = time.monotonic() + seconds
        while len(found := self.messages()) < count:
            if time.monotonic() > end:
                raise TimeoutError(f"{len(found)} of {count} messages after {seconds} s; the end of {self.log}:\n"
                                   + self.log.read_text(errors="replace")[-3000:])
            time.sleep(0.02)
        return found

    def _greets(self) -> bool:
        try:
            with socket.create_connection((self.address, self.port), timeout=5) as connection:
                return connection.recv(512).startswith(b"220")
        except OSError:
            return False

    def _let_others_pass(self) -> None:
        """Folders of tests are often private (0700), and Postfix's parts do not run as their owner."""
        temporary = Path(tempfile.gettempdir()).resolve()
        for above in [self.folder.resolve(), *self.folder.resolve().parents]:
            if above == temporary or temporary not in above.parents:
                break
            above.chmod(above.stat().st_mode | 0o011)

    def _write_configuration(self) -> None:
        root = fetched.root()
        etc, queue, data = self.folder / "etc", self.folder / "queue", self.folder / "data"
        for path in (etc, queue, data, self.mail_folder):
            path.mkdir(parents=True, exist_ok=True)
        # Mail is delivered as the one who runs the test, so that they can read it; Postfix refuses root.
        owner = pwd.getpwnam(MAIL_OWNER)
        uid, gid = (owner.pw_uid, owner.pw_gid) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
        (etc / "rejected").write_text("".join(f"/^{name}@/ 550 5.1.1 no such user\n" for name in self._reject))
        settings = {
            "compatibility_level": "3.6",
            "queue_directory": queue, "data_directory": data, "config_directory": etc, "meta_directory": root / "etc/postfix",
            "command_directory": root / "usr/sbin", "daemon_directory": root / "usr/lib/postfix/sbin",
            "shlib_directory": root / "usr/lib/postfix",
            "mail_owner": MAIL_OWNER, "setgid_group": SETGID_GROUP, "default_privs": "nobody",
            "import_environment": ENVIRONMENT, "export_environment": ENVIRONMENT,
            "maillog_file": self.log, "maillog_file_prefixes": self.folder,
            "myhostname": self._hostname, "mydestination": "", "mynetworks": "127.0.0.0/8",
            "inet_interfaces": "all", "inet_protocols": "ipv4",
            "virtual_mailbox_domains": " ".join(self._domains), "virtual_mailbox_base": self.mail_folder,
            "virtual_mailbox_maps": "static:inbox/", "virtual_transport": "virtual",
            "default_transport": "error:5.4.4 this Postfix only receives", "relay_transport": "error:5.4.4 this Postfix only receives",
            "virtual_uid_maps": f"static:{uid}", "virtual_gid_maps": f"static:{gid}", "virtual_minimum_uid": "1",
            "alias_maps": "", "alias_database": "", "local_recipient_maps": "", "default_database_type": "texthash",
            "smtpd_recipient_restrictions": f"check_recipient_access regexp:{etc / 'rejected'}, reject_unauth_destination",
            "smtpd_peername_lookup": "no", "smtputf8_enable": "yes", "mailbox_size_limit": "0",
            "virtual_mailbox_limit": "0", "message_size_limit": "0", "in_flow_delay": "0s",
            "smtpd_client_connection_rate_limit": "0", "smtpd_client_connection_count_limit": "0",
            **self._settings,
        }
        (etc / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
        (etc / "master.cf").write_text(MASTER_CF.format(address=self.address, port=self.port))
        (etc / "dynamicmaps.cf").write_text("")
        self._lay_out_queue(queue, data, uid, gid)

    def _lay_out_queue(self, queue: Path, data: Path, uid: int, gid: int) -> None:
        """The folders and owners that `postfix check` would make."""
        (queue / "pid").mkdir(exist_ok=True)
        for name in QUEUE_FOLDERS:
            (queue / name).mkdir(exist_ok=True)
            (queue / name).chmod(0o710 if name == "public" else 0o730 if name == "maildrop" else 0o700)
        # Across a restart the folders are there, with what is queued, and sockets of the last run.
        own = [*self._sudo, "chown"]
        subprocess.run([*own, "-R", MAIL_OWNER, data, *(queue / name for name in QUEUE_FOLDERS)], check=True)
        subprocess.run([*self._sudo, "chgrp", SETGID_GROUP, queue / "maildrop", queue / "public"], check=True)
        subprocess.run([*own, "root:root", self.folder / "etc", queue, queue / "pid"], check=True)
        subprocess.run([*own, f"{uid}:{gid}", self.mail_folder], check=True)
