"""Debian's Dovecot as an expert tunes it: LMTP, IMAP and POP3 on loopback in a private machine, fsync as it ships.

sdbox with index and cache files, processes kept for many connections, the login processes in their high-performance mode, users from
a passwd-file through the authentication cache, plain passwords (nothing is hashed for a login).
"""

import os
from pathlib import Path

import fetched
from measured import ControlGroup, listens
from private_machine import PrivateMachine

PACKAGES = ("dovecot-core", "dovecot-imapd", "dovecot-lmtpd", "dovecot-pop3d", "libexttextcat-2.0-0", "libexttextcat-data", "libstemmer0d",
            "liblua5.4-0", "libtirpc3", "libunwind8", "libwrap0", "libsodium23")
USERS = {"dovecot": 64911, "dovenull": 64912, "vmail": 64913}


class Dovecot:
    name = "dovecot"

    def __init__(self, folder: Path, accounts: dict[str, str]):
        self.folder = Path(folder)
        self.lmtp, self.imap, self.pop3 = fetched.free_port(), fetched.free_port(), fetched.free_port()
        self.group = ControlGroup("postrider-dovecot")
        self.log = self.folder / "output.log"
        root = fetched.unpacked("dovecot", *PACKAGES)
        self._machine = PrivateMachine(self.folder, root, USERS)
        mail = self.folder / "lib" / "vmail"
        mail.mkdir(parents=True)
        os.chown(mail, USERS["vmail"], USERS["vmail"])
        self._machine.write("etc/dovecot/users", "".join(f"{name}:{{PLAIN}}{password}\n" for name, password in accounts.items()))
        self.configure()

    def configure(self, syncs: bool = True) -> None:
        """Counts from the next start. syncs=False: for filling a mailbox, not for measuring."""
        user = USERS["vmail"]
        self._machine.write("etc/dovecot/dovecot.conf", f"""
protocols = imap pop3 lmtp
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
base_dir = /run/dovecot
log_path = /var/log/dovecot.log
mail_location = sdbox:/var/lib/vmail/%u
mail_fsync = {"optimized" if syncs else "never"}
mailbox_list_index = yes
mail_max_userip_connections = 1000
auth_cache_size = 10M
auth_verbose = no
first_valid_uid = {user}
verbose_proctitle = no
protocol lmtp {{
  info_log_path = /dev/null
}}
protocol imap {{
  imap_max_line_length = 1M
  info_log_path = /dev/null
}}
protocol pop3 {{
  info_log_path = /dev/null
}}
passdb {{
  driver = passwd-file
  args = username_format=%u /etc/dovecot/users
}}
userdb {{
  driver = static
  args = uid={user} gid={user} home=/var/lib/vmail/%u allow_all_users=yes
}}
service imap-login {{
  service_count = 0
  process_min_avail = 2
  client_limit = 10000
  inet_listener imap {{
    port = {self.imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service pop3-login {{
  service_count = 0
  process_min_avail = 2
  client_limit = 10000
  inet_listener pop3 {{
    port = {self.pop3}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
service imap {{
  service_count = 1000
  process_min_avail = 20
  process_limit = 1000
}}
service pop3 {{
  service_count = 1000
  process_min_avail = 20
}}
service lmtp {{
  service_count = 0
  process_min_avail = 20
  process_limit = 200
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {self.lmtp}
  }}
}}
service anvil {{
  client_limit = 5000
}}
service auth {{
  client_limit = 5000
}}
""")

    def forget_listings(self, account: str) -> None:
        """Of what it has parsed for clients (dovecot.index.cache), as a mailbox is after its delivery. Not while it runs."""
        caches = list((self.folder / "lib" / "vmail" / account).rglob("dovecot.index.cache"))
        if not caches:
            raise RuntimeError(f"{account} has no dovecot.index.cache")
        for cache in caches:
            cache.unlink()

    def version(self) -> str:
        return fetched.package_version("dovecot", "dovecot-core")

    def start(self) -> None:
        self._process = self._machine.start(["/usr/sbin/dovecot", "-F", "-c", "/etc/dovecot/dovecot.conf"], self.log, self.group.enter)
        self.group.watch(self._process.pid)
        try:
            for port in (self.lmtp, self.imap, self.pop3):
                fetched.wait_until(lambda port=port: listens(port), self._process, self.name, self.log, 30)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        fetched.stop_group(self._process, [], 15)

    def remove(self) -> None:
        self.group.remove()

    def disk_bytes(self) -> int:
        """What the mail takes, with its indexes."""
        return sum(file.stat().st_blocks * 512 for file in (self.folder / "lib" / "vmail").rglob("*") if file.is_file())
