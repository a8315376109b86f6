#!/usr/bin/python3
"""Runs test suites in the format of openspf's RFC 7208 test suite through our evaluator.

Usage: suite.py SPF_TOOL [--verbose] FILE... ("debian" as FILE: the suite that comes with Debian's python3-spf).

A file holds YAML documents of `tests: {name: {host, helo, mailfrom, result, explanation}}` and
`zonedata: {name: [{TYPE: data} | TIMEOUT ...]}`; `result` may be a list of what is right. Names without TXT have
their SPF entries (type 99) as TXT, as the format wants it. An entry may also be RCODEn, SERVFAIL or REFUSED. Exits 77 (skipped) without python3-yaml.
"""

import argparse
import gzip
import subprocess
import sys
from pathlib import Path

try:
    import yaml
except ImportError:
    print("skipped: python3-yaml is missing: apt-get install python3-yaml")
    sys.exit(77)

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "partners"))
import fetched  # noqa: E402

DEBIAN = "usr/share/doc/python3-spf/rfc7208-tests.yml.gz"
CHAIN_MAX = 10  # CNAMEs in a row
FAILURES = ("TIMEOUT", "SERVFAIL", "REFUSED")  # for one type of a name; for all as an entry by itself


class TimedOut(Exception):
    """The zone data says that no answer comes."""


def octets(value) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def canonical(name: bytes) -> bytes:
    return name.lower().removesuffix(b".")


class Zone:
    """What DNS would say."""

    def __init__(self, zonedata: dict):
        self.names = {canonical(octets(name)): self._entries(entries or []) for name, entries in (zonedata or {}).items()}

    @staticmethod
    def _entries(entries: list) -> list:
        """(TYPE, value) or "TIMEOUT", in order."""
        pairs = []
        for entry in entries:
            if isinstance(entry, str):
                # NXDOMAIN is what a name without records gets anyhow.
                pairs += [] if entry in ("RCODE0", "RCODE3", "NXDOMAIN") else [("TIMEOUT", None)]
                continue
            for kind, value in entry.items():
                several = isinstance(value, list) and kind in ("A", "AAAA", "PTR")
                pairs += [(kind, one) for one in value] if several else [(kind, value)]
        has_txt = any(kind == "TXT" for kind, _ in pairs)
        copied = [] if has_txt else [("TXT", value) for kind, value in pairs if kind == "SPF"]
        return [(kind, value) for kind, value in pairs if value != "NONE"] + copied

    def ask(self, name: bytes, kind: str, depth: int = 0) -> list[bytes]:
        found = []
        alias = None
        for entry, value in self.names.get(canonical(name), []):
            if entry == "TIMEOUT" or (entry == kind and value in FAILURES):
                if entry == "TIMEOUT" and found:
                    break
                raise TimedOut
            if entry == kind:
                found.append(self._text(kind, value))
            elif entry == "CNAME":
                alias = octets(value)
        if not found and alias is not None:
            if depth == CHAIN_MAX:
                raise TimedOut
            return self.ask(alias, kind, depth + 1)
        return found

    @staticmethod
    def _text(kind: str, value) -> bytes:
        if kind == "MX":
            value = value[1] if isinstance(value, list) else str(value).split()[-1]
        elif isinstance(value, list):
            return b"".join(octets(part) for part in value)
        return octets(value)


class Tool:
    """One spf_tool, asked for one check after the other."""

    def __init__(self, path: str):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def say(self, *words) -> None:
        self.process.stdin.write(b" ".join(words) + b"\n")
        self.process.stdin.flush()

    def check(self, zone: Zone, case: dict) -> tuple[str, str, str]:
        """(result, explanation, reason)"""
        fields = [case["host"], case.get("helo") or "", case.get("mailfrom") or "", case.get("receiver") or ""]
        self.say(b"check", *(encode(octets(field)) for field in fields))
        while True:
            words = self.process.stdout.readline().split()
            if not words:
                raise RuntimeError(f"spf_tool ended at {case}")
            if words[0] == b"done":
                return words[1].decode(), decode(words[2]), decode(words[3])
            try:
                found = zone.ask(bytes.fromhex(words[2].decode()), words[1].decode())
            except TimedOut:
                self.say(b"failed")
                continue
            self.say(b"found" if found else b"nothing", *(encode(text) for text in found))

    def close(self) -> int:
        self.process.stdin.close()
        return self.process.wait()


def encode(text: bytes) -> bytes:
    return text.hex().encode() or b"-"


def decode(word: bytes) -> str:
    return "" if word == b"-" else bytes.fromhex(word.decode()).decode(errors="replace")


def wrong(case: dict, result: str, explanation: str) -> str | None:
    wanted = case["result"] if isinstance(case["result"], list) else [case["result"]]
    if result not in wanted:
        return f"{result}, not {' or '.join(wanted)}"
    meant = case.get("explanation")
    # "DEFAULT" stands for what a receiver says where the domain has no explanation.
    meant_any = meant if isinstance(meant, list) else [meant]
    if meant is not None and explanation not in ["" if one == "DEFAULT" else str(one) for one in meant_any]:
        return f"explanation {explanation!r}, not {meant!r}"
    return None


def text_of(file: str) -> str | None:
    if file != "debian":
        return Path(file).read_text(encoding="utf-8")
    try:
        path = fetched.root() / DEBIAN
    except fetched.Unavailable as missing:
        print(f"skipped: {missing}")
        return None
    return gzip.decompress(path.read_bytes()).decode() if path.exists() else None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tool")
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    ran = failed = 0
    tool = Tool(args.tool)
    for file in args.files:
        text = text_of(file)
        if text is None:
            print(f"skipped: {file}: run tools/partners")
            return 77
        for document in yaml.safe_load_all(text):
            if not document:
                continue
            zone = Zone(document.get("zonedata"))
            for name, case in document["tests"].items():
                result, explanation, reason = tool.check(zone, case)
                problem = wrong(case, result, explanation)
                ran += 1
                failed += problem is not None
                if problem or args.verbose:
                    print(f"{'FAILED' if problem else 'ok'}: {name} of {document.get('description', file)!r}: "
                          f"{problem or result} ({reason})")
    if tool.close() != 0:
        print("FAILED: spf_tool did not end well")
        failed += 1
    print(f"{ran} cases, {failed} failed")
    return 1 if failed or not ran else 0


if __name__ == "__main__":
    sys.exit(main())
