"""Debian's Roundcube, unpacked and never installed, under PHP's own web server with a database in a file. For tests of the
suite `heavy`; chromium.py is what looks at it."""

import json
import secrets
from pathlib import Path

import fetched
from filters import Partner, answers, unpacked

# In the order that they load in; the rest is built in.
EXTENSIONS = ("ctype", "dom", "exif", "fileinfo", "iconv", "intl", "mbstring", "pdo", "pdo_sqlite", "posix", "simplexml", "sockets",
              "tokenizer", "xml", "xmlreader", "xmlwriter")


def php(value) -> str:
    """A value as PHP writes it."""
    if isinstance(value, dict):
        return "[" + ", ".join(f"{php(key)} => {php(inner)}" for key, inner in value.items()) + "]"
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return json.dumps(value)


def fetch() -> Path:
    """Where it is unpacked."""
    # php-cgi stands in for the web server that php would bring; libjs-jquery may be there, but only on the machine.
    return unpacked("roundcube", "roundcube-core", "roundcube-sqlite3", "php-cli", "php-cgi", "libjs-jquery")


class Roundcube(Partner):
    """The webmail of one mail server. settings: of its config.inc.php, above ours. .url

    One request at a time: Roundcube's keep what they know of folders in the session, and of two at once one forgets it.
    """

    name = "roundcube"

    def __init__(self, folder: Path, settings: dict):
        super().__init__(folder)
        self.root = fetch()
        self.port = fetched.free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self.site, self.logs = self.folder / "site", self.folder / "logs"
        config = self.site / "config"
        for path in (config, self.logs, self.folder / "temp"):
            path.mkdir(parents=True, exist_ok=True)
        share = self.root / "usr/share/roundcube"
        for name in ("index.php", "plugins", "program", "skins", "SQL"):
            (self.site / name).symlink_to(share / name)
        for name in ("defaults.inc.php", "mimetypes.php"):
            (config / name).symlink_to(self.root / "etc/roundcube" / name)
        settings = {
            "db_dsnw": f"sqlite:///{self.folder}/database?mode=0600", "des_key": secrets.token_hex(12), "log_driver": "file",
            "log_dir": str(self.logs) + "/", "temp_dir": str(self.folder / "temp"), "imap_debug": True, "smtp_debug": True,
            "plugins": [], "enable_spellcheck": False, "language": "en_US", "timezone": "UTC", **settings}
        (config / "config.inc.php").write_text("<?php\n" + "".join(f"$config[{php(key)}] = {php(value)};\n"
                                                                    for key, value in settings.items()))
        # Debian's says /var/lib/roundcube.
        (self.folder / "begin.php").write_text(f"<?php define('INSTALL_PATH', {php(str(self.site) + '/')});\n")

    def command(self):
        program = max(self.root.glob("usr/bin/php[0-9]*"))
        options = {"extension_dir": max(self.root.glob("usr/lib/php/20*")), "auto_prepend_file": self.folder / "begin.php",
                   "include_path": f".:{self.root}/usr/share/php", "session.save_path": self.folder / "temp",
                   "upload_tmp_dir": self.folder / "temp", "upload_max_filesize": "32M", "post_max_size": "40M", "memory_limit": "256M",
                   "error_log": self.folder / "logs/php", "log_errors": "1", "display_errors": "0", "date.timezone": "UTC"}
        words = [f"{name}={value}" for name, value in options.items()] + [f"extension={name}" for name in EXTENSIONS]
        return [str(program), "-n", *(part for word in words for part in ("-d", word)), "-S", f"127.0.0.1:{self.port}", "-t", str(self.site)]

    def is_ready(self):
        return answers(self.port)

    def log_of(self, name: str) -> str:
        """One of its logs: errors.log, imap.log, smtp.log."""
        path = self.logs / name
        return path.read_text(errors="replace") if path.exists() else ""
