#!/usr/bin/env python3
"""python3-dkim must accept the chains that we seal, and we those that it seals, also hand in hand; neither what was changed.
It knows RSA only.

Usage: partners_test.py ARC_TOOL DKIM_TOOL. Exits 77 (skipped) where python3-dkim or python3-authres is missing.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "partners"))
import fetched  # noqa: E402

try:
    sys.path.append(str(fetched.root() / "usr/lib/python3/dist-packages"))
    import authres  # noqa: F401
    import dkim
except (ImportError, fetched.Unavailable) as missing:
    print(f"skipped: {missing}: apt-get install python3-dkim python3-authres")
    sys.exit(77)

ARC_TOOL, DKIM_TOOL = sys.argv[1:3]
NOW = int(time.time())
HEADER = (
    b"From: Joe <joe@example.net>\r\nTo: a@example.org,\r\n\tb@example.org\r\nSubject:  two  blanks \r\n\tand a fold\r\n"
    b"Date: Sun, 22 Nov 2026 14:52:24 +0000\r\nMessage-ID: <1@example.net>\r\nDKIM-Signature: v=1; a=none\r\n"
)
MESSAGES = {"plain": HEADER + b"\r\nHello.\r\n", "empty": HEADER + b"\r\n", "blanks": HEADER + b"\r\n a  b \r\n\r\n\r\n"}
AR = b"Authentication-Results: mx.example.org; spf=pass smtp.mailfrom=example.net%s\r\n"

failed = ran = 0


def expect(holds, what):
    global failed, ran
    ran += 1
    if not holds:
        failed += 1
        print(f"FAILED: {what}")


def tool(*arguments, stdin=b""):
    return subprocess.run(arguments, input=stdin, stdout=subprocess.PIPE, check=True).stdout


class Key:
    def __init__(self, folder: str):
        made = tool(DKIM_TOOL, "keygen", "rsa")
        pem, record = made.rsplit(b"-----\n", 1)
        self.pem, self.record = pem + b"-----\n", record.strip()
        self.file = os.path.join(folder, "key")
        Path(self.file).write_bytes(self.pem)

    def seal_ours(self, message: bytes, status: str) -> bytes:
        return tool(ARC_TOOL, "seal", self.file, status, str(NOW), stdin=message)

    def seal_theirs(self, message: bytes, status: str) -> bytes:
        marked = AR % (b"" if status == "none" else b"; arc=" + status.encode()) + message
        # The time is in the past: within this second both would do.
        fields = dkim.arc_sign(marked, b"s1", b"example.org", self.pem, b"mx.example.org", timestamp=NOW - 1)
        return b"".join(field if field.endswith(b"\r\n") else field + b"\r\n" for field in fields) + message

    def judge_ours(self, message: bytes) -> str:
        return tool(ARC_TOOL, "validate", self.record.decode(), str(NOW), stdin=message).decode().strip()

    def judge_theirs(self, message: bytes) -> str:
        status, _, why = dkim.arc_verify(message, dnsfunc=lambda name, timeout=5: self.record)
        return f"{(status or b'fail').decode()}: {why}"  # it has no status for what makes no chain


def hands(key: Key, message: bytes, order: str):
    """The message after each hand: o is ours, t theirs."""
    for number, hand in enumerate(order):
        seal = key.seal_ours if hand == "o" else key.seal_theirs
        message = seal(message, "pass" if number else "none")
        yield message


def run_chains(key: Key) -> None:
    for what, message in MESSAGES.items():
        for order in ("ooo", "ttt", "ot", "to", "otot"):
            for number, sealed in enumerate(hands(key, message, order)):
                row = f"{what} {order} set {number + 1}"
                ours, theirs = key.judge_ours(sealed), key.judge_theirs(sealed)
                expect(ours.startswith("pass"), f"{row}: we say {ours}")
                expect(theirs.startswith("pass"), f"{row}: the partner says {theirs}")


def run_changes(key: Key) -> None:
    *_, sealed = hands(key, MESSAGES["plain"], "oto")
    changes = {
        "the subject": sealed.replace(b"two", b"too"),
        "the body": sealed.replace(b"Hello", b"Hallo"),
        "what the first hand found": sealed.replace(b"i=1; mx.example.org;\r\n\tspf=pass", b"i=1; mx.example.org;\r\n\tspf=fail"),
        "what the last hand found": sealed.replace(b"i=3; mx.example.org;\r\n\tspf=pass", b"i=3; mx.example.org;\r\n\tspf=fail"),
        "a seal's time": sealed.replace(b"t=%d" % (NOW - 1), b"t=%d" % (NOW - 2)),
        "a set gone": b"".join(field for field in split(sealed) if b"i=2;" not in field),
        "a field gone": b"".join(field for field in split(sealed) if not (b"i=2;" in field and b"Seal" in field)),
        "a field twice": sealed.replace(split(sealed)[2], split(sealed)[2] * 2),
        "cv=none inside": sealed.replace(b"cv=pass", b"cv=none"),
        "cv=fail": key.seal_ours(sealed, "fail"),
    }
    for what, changed in changes.items():
        expect(changed != sealed, f"{what}: the test changes nothing")
        ours, theirs = key.judge_ours(changed), key.judge_theirs(changed)
        expect(ours.startswith("fail"), f"{what}: we say {ours}")
        expect(theirs.startswith("fail"), f"{what}: the partner says {theirs}")
    expect(key.judge_ours(MESSAGES["plain"]).startswith("none"), "no chain")
    refused = subprocess.run([ARC_TOOL, "seal", key.file, "fail", str(NOW)], input=changes["cv=fail"], capture_output=True)
    expect(refused.returncode == 3, "nobody seals what was sealed as failed")


def split(message: bytes) -> list[bytes]:
    """The fields with their folds, and last the body with the blank line."""
    header, body = message.split(b"\r\n\r\n", 1)
    fields = []
    for line in (header + b"\r\n").splitlines(keepends=True):
        if line[:1] in b" \t":
            fields[-1] += line
        else:
            fields.append(line)
    return [*fields, b"\r\n" + body]


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        key = Key(folder)
        run_chains(key)
        run_changes(key)
    print(f"{ran} checks, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
