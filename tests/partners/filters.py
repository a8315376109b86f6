"""Real filters from Debian, unpacked and never installed: rspamd, clamd with a signature of our own, OpenDKIM, and
Python's bindings of libmilter. For tests of the suite `heavy`, and for those that skip where they can't be fetched."""

import os
import socket
import subprocess
import time
from pathlib import Path

import fetched

EICAR = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-" + "FILE!$H+H*"
GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-" + "EMAIL*C.34X"


def unpacked(name: str, *packages: str) -> Path:
    """What fetched.unpacked() gives, with all that these packages need and the machine does not have."""
    if (fetched.folder() / name).is_dir():
        return fetched.folder() / name
    done = subprocess.run(["apt-get", "install", "--simulate", "-y", "--no-install-recommends", *packages], capture_output=True,
                          text=True, check=False)
    if done.returncode != 0:
        raise fetched.Unavailable(f"apt-get install --simulate {' '.join(packages)}: {done.stderr.strip()}")
    needed = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("Inst ")}
    return fetched.unpacked(name, *sorted(needed | set(packages)))


class Partner:
    """A program in a folder of its own, for `with`; started anew by start() after kill()."""

    name = ""
    ready_seconds = 60.0

    def __init__(self, folder: Path):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = self.folder / "log"
        self._process = None

    def command(self) -> list[str]:
        raise NotImplementedError

    def is_ready(self) -> bool:
        raise NotImplementedError

    def environment(self, root: Path) -> dict[str, str]:
        libraries = [*(root / "usr" / "lib").glob("*-linux-gnu*"), root / "usr" / "lib" / "rspamd"]
        return {**os.environ, "LD_LIBRARY_PATH": ":".join(map(str, libraries))}

    def start(self, wait=True) -> None:
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                             env=self.environment(self.root), start_new_session=True)
        if wait:
            try:
                fetched.wait_until(self.is_ready, self._process, self.name, self.log, self.ready_seconds)
            except BaseException:
                self.stop()
                raise

    def wait(self) -> None:
        fetched.wait_until(self.is_ready, self._process, self.name, self.log, self.ready_seconds)

    def stop(self) -> None:
        if self._process:
            fetched.stop_group(self._process, [])
            self._process = None

    def kill(self) -> None:
        """At once, as a crash would."""
        os.killpg(self._process.pid, 9)
        self._process.wait()
        self._process = None

    def pause(self) -> None:
        """It takes connections (the kernel does) and says nothing more."""
        os.killpg(self._process.pid, 19)

    def resume(self) -> None:
        os.killpg(self._process.pid, 18)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


class Clamd(Partner):
    """clamd with one signature, EICAR's: nothing is downloaded. .socket"""

    name = "clamd"

    def __init__(self, folder: Path, stream_max="25M"):
        super().__init__(folder)
        self.root = unpacked("clamav", "clamav-daemon")
        self.socket = self.folder / "clamd.sock"
        database = self.folder / "db"
        database.mkdir(exist_ok=True)
        (database / "own.ndb").write_text(f"Eicar-Test:0:*:{EICAR.encode().hex()}\n")
        self.config = self.folder / "clamd.conf"
        self.config.write_text(f"Foreground yes\nDatabaseDirectory {database}\nLocalSocket {self.socket}\nFixStaleSocket yes\n"
                               f"TemporaryDirectory {self.folder}\nStreamMaxLength {stream_max}\nMaxThreads 4\n")

    def command(self):
        return [str(self.root / "usr/sbin/clamd"), "--config-file", str(self.config)]

    def is_ready(self):
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(5)
                connection.connect(str(self.socket))
                connection.sendall(b"zPING\0")
                return connection.recv(16).startswith(b"PONG")
        except OSError:
            return False


class Rspamd(Partner):
    """rspamd's normal worker without redis, network and DNS. .port; learns: and its controller, with a password and
    statistics in sqlite. .controller"""

    password = "q1 of the controller"

    name = "rspamd"

    def __init__(self, folder: Path, actions="reject = 15; add_header = 6; greylist = null;", learns=False):
        super().__init__(folder)
        self.learns = learns
        self.root = unpacked("rspamd", "rspamd")
        self.port, self.controller = fetched.free_port(), fetched.free_port()
        self.share = self.root / "usr/share/rspamd"
        local = self.folder / "local.d"
        for path in (local, self.folder / "override.d", self.folder / "data"):
            path.mkdir(exist_ok=True)
        dead = fetched.free_port()
        for name, text in {
            "worker-normal.inc": f'bind_socket = "127.0.0.1:{self.port}"; count = 1;',
            "worker-controller.inc": f'bind_socket = "127.0.0.1:{self.controller}"; count = 1; secure_ip = []; '
                                     f'password = "{self.password}"; enable_password = "{self.password}";' if learns else "enabled = false;",
            "classifier-bayes.conf": 'backend = "sqlite3"; min_learns = 1; cache { type = "sqlite3"; }' + "".join(
                f'statfile {{ symbol = "BAYES_{name}"; spam = {spam}; path = "{self.folder}/{name}.sqlite"; }}'
                for name, spam in (("HAM", "false"), ("SPAM", "true"))) if learns else "",
            "worker-proxy.inc": "enabled = false;",
            "logging.inc": 'type = "console"; level = "info";',
            # Nobody is asked: what needs DNS finds nothing.
            "options.inc": f'pidfile = "{self.folder}/rspamd.pid"; tempdir = "{self.folder}"; enable_test_patterns = true;'
                           f'dns {{ nameserver = ["127.0.0.1:{dead}"]; timeout = 0.05s; retransmits = 1; }}',
            "actions.conf": actions,
        }.items():
            (local / name).write_text(text + "\n")
        # What is one's own network is let by in much; the tests' clients come from there.
        for module in ("rbl", "surbl", "fuzzy_check", "asn", "phishing", "mid", "neural", "dkim", "arc", "spf", "dmarc", "hfilter", "mx_check"):
            (local / f"{module}.conf").write_text("enabled = false;\n")

    def command(self):
        paths = {"CONFDIR": self.root / "etc/rspamd", "LOCAL_CONFDIR": self.folder, "RULESDIR": self.share / "rules",
                 "LUALIBDIR": self.share / "lualib", "SHAREDIR": self.share, "WWWDIR": self.share / "www",
                 "PLUGINSDIR": self.share / "plugins", "DBDIR": self.folder / "data", "RUNDIR": self.folder, "LOGDIR": self.folder}
        names = [part for name, value in paths.items() for part in ("--var", f"{name}={value}")]
        return [str(self.root / "usr/bin/rspamd"), "-i", "-f", "-c", str(self.root / "etc/rspamd/rspamd.conf"), *names]

    def is_ready(self):
        return answers(self.port) and (not self.learns or answers(self.controller))


class OpenDkim(Partner):
    """OpenDKIM as a milter that signs for a domain what logged-in users send, and verifies the rest. .port"""

    name = "opendkim"

    def __init__(self, folder: Path, domain: str, key: Path, selector="s1", nameserver: int | None = None,
                 canonicalization="relaxed/simple", algorithm="rsa-sha256"):
        super().__init__(folder)
        self.root = unpacked("milters", "opendkim", "python3-milter")
        self.port = fetched.free_port()
        self.config = self.folder / "opendkim.conf"
        self.config.write_text(f"Domain {domain}\nSelector {selector}\nKeyFile {key}\nSocket inet:{self.port}@127.0.0.1\nMode sv\n"
                               f"Syslog no\nBackground no\nRequireSafeKeys no\nCanonicalization {canonicalization}\nUserID root\n"
                               f"SignatureAlgorithm {algorithm}\n"
                               + (f"Nameservers 127.0.0.1@{nameserver}\n" if nameserver else ""))

    def command(self):
        return [str(self.root / "usr/sbin/opendkim"), "-f", "-x", str(self.config)]

    def is_ready(self):
        return answers(self.port)


class PythonMilter(Partner):
    """A milter of python3-milter (libmilter): runs `script` with its port as argument. .port"""

    name = "python3-milter"

    def __init__(self, folder: Path, script: Path):
        super().__init__(folder)
        self.root = unpacked("milters", "opendkim", "python3-milter")
        self.script = script
        self.port = fetched.free_port()

    def environment(self, root):
        return {**super().environment(root), "PYTHONPATH": str(root / "usr/lib/python3/dist-packages"), "PYTHONDONTWRITEBYTECODE": "1"}

    def command(self):
        return ["/usr/bin/python3", "-B", str(self.script), str(self.port)]

    def is_ready(self):
        return answers(self.port)
