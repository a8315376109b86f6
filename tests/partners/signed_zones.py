"""A DNS hierarchy signed by ldns-signzone: root, tops and domains, right and wrong, served by nsd.

`with SignedZones(folder) as tree:` tree.anchors is the root's DS, tree.resolver an unbound (see unbound.py) that
validates by it. What each domain is for stands in DOMAINS; what each name must give, in the tests.
"""

import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fetched
from nsd import Nsd
from unbound import Unbound

# One body for all: what mail asks for, and what a denial or an expansion needs.
BODY = """\
@ MX 10 mx
@ MX 20 mx2
@ TXT "v=spf1 -all"
mx A 127.0.0.1
mx TXT "no address but one"
mx2 A 127.0.0.1
_25._tcp.mx TLSA 3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
*.wild A 127.0.0.1
*.wild MX 10 mx
there.wild TXT "no wildcard here"
a.b.empty A 127.0.0.1
chain CNAME chain2
chain2 CNAME mx
"""


class Domain:
    """algorithm: ldns's name. nsec3: options of ldns-signzone behind -n; None: NSEC. ds: what the parent holds of it."""

    def __init__(self, name, body=BODY, algorithm="ECDSAP256SHA256", nsec3=None, sign=True, ds=True, times=None, spoil=None,
                 parent_ds=None, other_key=False, extra=""):
        self.name, self.body, self.algorithm, self.nsec3, self.sign = name, body + extra, algorithm, nsec3, sign
        self.ds, self.times, self.spoil, self.parent_ds, self.other_key = ds, times, spoil, parent_ds, other_key

    @property
    def parent(self) -> str:
        return self.name.partition(".")[2]


def without(kind: str):
    """Spoils a zone: its records of a type, and what signs them, are gone."""

    def spoil(text: str) -> str:
        return "".join(line + "\n" for line in text.splitlines()
                       if f"\t{kind}\t" not in line and f"RRSIG\t{kind} " not in line)

    return spoil


def altered(text: str) -> str:
    return text.replace("\tA\t127.0.0.1", "\tA\t127.0.0.2")


def two_days_ago() -> tuple[str, str]:
    form = "%Y%m%d%H%M%S"
    now = time.time()
    return time.strftime(form, time.gmtime(now - 20 * 86400)), time.strftime(form, time.gmtime(now - 2 * 86400))


FAR = """\
to-opt CNAME mx.signed.opt.
to-insecure CNAME mx.insecure.test.
to-expired CNAME mx.expired.test.
to-nothing CNAME nothing.signed.opt.
_25._tcp.to-insecure TLSA 3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
moved DNAME signed.opt.
sub.insecure.deep A 127.0.0.1
"""

DOMAINS = [
    Domain("", body="", algorithm="RSASHA256"),
    Domain("test", body=""),
    Domain("opt", body="", nsec3=["-p", "-t", "1", "-s", "aabb"]),
    Domain("plain", body="", sign=False, ds=False),
    Domain("secure.test", extra=FAR),
    Domain("child.secure.test"),
    Domain("insecure.test", sign=False, ds=False),
    Domain("expired.test", times=two_days_ago()),
    Domain("wrongkey.test", other_key=True),
    Domain("missingds.test", ds=False),
    Domain("stripped.test", sign=False, parent_ds="12345 13 2 " + "ab" * 32),
    Domain("unsupported.test", sign=False, parent_ds="12345 12 2 " + "ab" * 32),
    Domain("unknowndigest.test", parent_ds="12345 13 99 " + "ab" * 32),
    Domain("nsec3.test", nsec3=["-t", "0"]),
    Domain("salted.test", nsec3=["-t", "50", "-s", "deadbeef"]),
    Domain("iterated.test", nsec3=["-t", "200"]),
    Domain("altered.test", spoil=altered),
    Domain("nodenial.test", spoil=without("NSEC")),
    Domain("nosoasig.test", spoil=without("RRSIG")),
    Domain("rsa.test", algorithm="RSASHA256"),
    Domain("rsa512.test", algorithm="RSASHA512", nsec3=["-t", "5"]),
    Domain("p384.test", algorithm="ECDSAP384SHA384"),
    Domain("ed25519.test", algorithm="ED25519"),
    Domain("signed.opt"),
    Domain("unsigned.opt", sign=False, ds=False),
    Domain("under.plain"),
]


class SignedZones:
    def __init__(self, folder: Path, domains=None, resolver=True, cache_ttl=0):
        self.folder = Path(folder)
        self._domains = domains or DOMAINS
        self._keys: dict[str, Path] = {}
        self._wants_resolver, self._cache_ttl = resolver, cache_ttl
        self.resolver = None

    def __enter__(self):
        if not shutil.which("ldns-signzone"):
            raise fetched.Unavailable("no ldns-signzone: apt install ldnsutils")
        self.folder.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor() as pool:  # an RSA key may take a second
            self._keys = dict(zip((domain.name for domain in self._domains), pool.map(self._make_key, self._domains)))
        zones = {domain.name: self._text(domain) for domain in self._domains}
        self.anchors = self._ds("")
        (self.folder / "anchors").write_text(self.anchors)
        self.authority = Nsd(self.folder / "nsd", zones)
        self.authority.start()
        if self._wants_resolver:
            try:
                self.resolver = Unbound(self.folder / "unbound", list(zones), ("127.0.0.1", self.authority.port), self.anchors,
                                        cache_ttl=self._cache_ttl)
                self.resolver.start()
            except BaseException:
                self.authority.stop()
                raise
        return self

    def __exit__(self, *_):
        if self.resolver:
            self.resolver.stop()
        self.authority.stop()

    def _run(self, *command) -> str:
        done = subprocess.run([str(part) for part in command], cwd=self.folder, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(map(str, command))}: {done.stdout}{done.stderr}")
        return done.stdout.strip()

    def _make_key(self, domain: Domain) -> Path:
        bits = ["-b", "2048"] if domain.algorithm.startswith("RSA") else []
        return self.folder / self._run("ldns-keygen", "-k", "-a", domain.algorithm, *bits, "-r", "/dev/urandom", domain.name + ".")

    def _ds(self, name: str) -> str:
        return Path(f"{self._keys[name]}.ds").read_text()

    def _text(self, domain: Domain) -> str:
        origin = domain.name + "."
        text = f"$ORIGIN {origin}\n$TTL 60\n@ SOA ns.root-servers.test. hostmaster.test. 1 3600 600 86400 30\n"
        text += "@ NS ns.root-servers.test.\n" + domain.body
        for child in self._domains:
            if child.name and child.parent == domain.name:
                text += f"{child.name}. NS ns.root-servers.test.\n"
                if child.parent_ds:
                    text += f"{child.name}. DS {child.parent_ds}\n"
                elif child.ds:
                    text += self._ds(child.name)
        if not domain.sign:
            return text
        return self._signed(domain, origin, text)

    def _signed(self, domain: Domain, origin: str, text: str) -> str:
        plain = self.folder / f"{domain.name or 'root'}.plain"
        signed = self.folder / f"{domain.name or 'root'}.signed"
        plain.write_text(text)
        key = self._make_key(domain) if domain.other_key else self._keys[domain.name]
        times = ["-i", domain.times[0], "-e", domain.times[1]] if domain.times else []
        kind = ["-n", *domain.nsec3] if domain.nsec3 is not None else []
        self._run("ldns-signzone", *kind, *times, "-o", origin, "-f", signed, plain, key)
        result = signed.read_text()
        return domain.spoil(result) if domain.spoil else result
