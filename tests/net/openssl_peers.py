"""OpenSSL as the other end: certificates, `openssl s_server` and `openssl s_client`."""

import re
import selectors
import subprocess
import time
from pathlib import Path

KEYS = {
    "p256": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "ed25519": ["-newkey", "ed25519"],
    "rsa512": ["-newkey", "rsa:512"],
    "rsa1024": ["-newkey", "rsa:1024"],
    "rsa2048": ["-newkey", "rsa:2048"],
}
CA = ["basicConstraints=critical,CA:true"]


def openssl(*arguments, stdin=b"") -> bytes:
    done = subprocess.run(["openssl", *map(str, arguments)], input=stdin, capture_output=True, timeout=60)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {' '.join(map(str, arguments))}: {done.stderr.decode()}")
    return done.stdout


class Pki:
    """Certificates in a folder, each with its key: NAME.pem, NAME.key."""

    def __init__(self, folder: Path):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    def pem(self, name: str) -> Path:
        return self.folder / f"{name}.pem"

    def key(self, name: str) -> Path:
        return self.folder / f"{name}.key"

    def make(self, name, issuer=None, subject=None, extensions=(), key="p256", digest="sha256", is_expired=False):
        if is_expired:
            openssl("req", *KEYS[key], "-nodes", "-subj", f"/CN={subject or name}", "-keyout", self.key(name),
                    "-out", self.folder / "csr")
            (self.folder / "ext").write_text("\n".join(extensions))
            openssl("x509", "-req", "-in", self.folder / "csr", "-days", "-1", "-extfile", self.folder / "ext",
                    "-out", self.pem(name), *(["-CA", self.pem(issuer), "-CAkey", self.key(issuer), "-CAcreateserial"]
                                              if issuer else ["-signkey", self.key(name)]))
            return
        # Nothing but what is asked for: the default configuration would make every certificate a CA.
        (self.folder / "req.cnf").write_text("[req]\ndistinguished_name=dn\n[dn]\n")
        signed_by = ["-CA", self.pem(issuer), "-CAkey", self.key(issuer)] if issuer else []
        more = [word for extension in extensions for word in ("-addext", extension)]
        openssl("req", "-x509", "-config", self.folder / "req.cnf", *KEYS[key], f"-{digest}", "-nodes", "-days", "30",
                "-subj", f"/CN={subject or name}", *more, *signed_by, "-keyout", self.key(name), "-out", self.pem(name))

    def make_ca(self, name, issuer=None, subject=None, more="", **other):
        self.make(name, issuer, subject, [CA[0] + more], **other)

    def make_leaf(self, name, issuer=None, host="mx.example.org", more=(), **other):
        self.make(name, issuer, None, [f"subjectAltName=DNS:{host}", *more], **other)

    def der(self, name: str) -> bytes:
        return openssl("x509", "-in", self.pem(name), "-outform", "DER")

    def spki(self, name: str) -> bytes:
        return openssl("pkey", "-pubin", "-outform", "DER",
                       stdin=openssl("x509", "-in", self.pem(name), "-pubkey", "-noout"))

    def bundle(self, names) -> Path:
        """One file with these certificates, in this order."""
        path = self.folder / ("-".join(names) + ".bundle")
        path.write_text("".join(self.pem(name).read_text() for name in names))
        return path


class Lines:
    """A child process and the lines that it prints, each with a deadline."""

    def __init__(self, command, **more):
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, bufsize=0, **more)
        self._unread = b""
        self.seen: list[str] = []

    def next(self, pattern="", seconds=20) -> re.Match:
        """The next line that holds the pattern."""
        end = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while True:
                while b"\n" not in self._unread:
                    if not selector.select(max(0, end - time.monotonic())):
                        raise TimeoutError(f"no line with {pattern!r} after {self.seen[-10:]}")
                    octets = self.process.stdout.read(65536)
                    if not octets:
                        raise EOFError(f"no line with {pattern!r} after {self.seen[-10:]}")
                    self._unread += octets
                line, self._unread = self._unread.split(b"\n", 1)
                self.seen.append(line.decode("utf-8", "replace"))
                if found := re.search(pattern, self.seen[-1]):
                    return found

    def say(self, text: str) -> None:
        self.process.stdin.write(text.encode())

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class OpensslServer(Lines):
    """`openssl s_server` that turns lines around. chain: names, the server's own certificate first."""

    def __init__(self, pki: Pki, chain, *options):
        more = ["-cert_chain", pki.bundle(chain[1:])] if len(chain) > 1 else []
        super().__init__(["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", pki.pem(chain[0]), "-key",
                          pki.key(chain[0]), *more, "-rev", *options])
        self.port = int(self.next(r"ACCEPT .*:(\d+)")[1])


def openssl_client(port: int, *options, stdin=b"", seconds=20) -> tuple[int, str]:
    """`openssl s_client`: its exit code and all it says."""
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *map(str, options)], input=stdin,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def fields(line: str) -> dict[str, str]:
    """KEY=VALUE, separated by tabs, as tls_probe prints it."""
    return dict(part.split("=", 1) for part in line.strip().split("\t"))


def probe(program: str, port: int, name: str, *options, seconds=30) -> list[dict[str, str]]:
    """Our client: one row a connection."""
    done = subprocess.run([program, "connect", str(port), name, *map(str, options)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=seconds)
    if done.returncode != 0 or done.stderr:
        raise AssertionError(f"tls_probe exits {done.returncode}: {done.stdout}{done.stderr}")
    return [fields(line) for line in done.stdout.splitlines()]
