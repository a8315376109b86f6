#!/usr/bin/env python3
"""python3-dkim must accept what we sign, and we what it signs: each canonicalisation, both kinds of key.

Usage: partners_test.py DKIM_TOOL. Exits 77 (skipped) where python3-dkim or python3-nacl is missing.
"""

import base64
import itertools
import os
import subprocess
import sys
import tempfile
import time

try:
    import dkim
    import nacl.signing
except ImportError as missing:
    print(f"skipped: {missing}: apt-get install python3-dkim python3-nacl")
    sys.exit(77)

TOOL = sys.argv[1]
NOW = str(int(time.time()))

HEADER = (
    b"From: Joe <joe@example.org>\r\nTo: a@example.net,\r\n\tb@example.net\r\n"
    b"Subject:  two  blanks \r\n\tand a fold \t \r\nDate: Sun, 22 Nov 2026 14:52:24 +0000\r\n"
    b"Message-ID: <1@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain;\r\n charset=utf-8\r\n"
)
MESSAGES = {
    "plain": HEADER + b"\r\nHello.\r\n",
    "empty body": HEADER + b"\r\n",
    "blank lines only": HEADER + b"\r\n\r\n\r\n",
    "blank lines at the end": HEADER + b"\r\nHello.\r\n\r\n\r\n",
    "no line end": HEADER + b"\r\nHello.",
    "blanks everywhere": HEADER + b"\r\n  a \t b  \r\n \t \r\n\tc\r\n  \r\n",
    "repeated fields": b"To: first@example.net\r\nReceived: by a\r\n" + HEADER + b"To: last@example.net\r\n\r\nx\r\n",
    "lists and resent": b"Resent-From: r@example.org\r\nResent-From: s@example.org\r\nList-Id: <l>\r\n"
    b"List-Unsubscribe: <mailto:x>\r\n" + HEADER + b"Content-Language: en\r\n\r\nx\r\n",
    "utf-8": HEADER + "X: ä\r\nReply-To: \"ä\" <a@example.org>\r\n\r\nGrüße \r\n".encode(),
    "long lines": HEADER + b"References: " + b"<x@y> " * 300 + b"\r\n\r\n" + b"z" * 5000 + b"\r\n",
}


def tool(*arguments, stdin=b""):
    return subprocess.run([TOOL, *arguments], input=stdin, stdout=subprocess.PIPE, check=True).stdout


def partner_key(kind, pem):
    """What dkim.sign wants: PEM for RSA, the seed in base64 for Ed25519."""
    if kind == "rsa":
        return pem
    der = base64.b64decode(b"".join(pem.strip().splitlines()[1:-1]))
    return base64.b64encode(der[16:48])


def main():
    failed = 0
    ran = 0

    def expect(holds, what):
        nonlocal failed, ran
        ran += 1
        if not holds:
            failed += 1
            print(f"FAILED: {what}")

    with tempfile.TemporaryDirectory() as folder:
        for kind in ("rsa", "ed25519"):
            made = tool("keygen", kind)
            pem, record = made.rsplit(b"-----\n", 1)
            pem, record = pem + b"-----\n", record.strip()
            key_file = os.path.join(folder, kind)
            with open(key_file, "wb") as out:
                out.write(pem)

            def dns(name, timeout=5):
                expect(name == b"s1._domainkey.example.org.", f"name {name!r}")
                return record

            for (what, message), header, body in itertools.product(
                MESSAGES.items(), ("simple", "relaxed"), ("simple", "relaxed")
            ):
                row = f"{kind} {header}/{body} {what}"
                ours = tool("sign", key_file, "s1", f"{header}/{body}", NOW, stdin=message)
                expect(ours.endswith(message), f"{row}: the message was touched")
                expect(dkim.verify(ours, dnsfunc=dns), f"{row}: partner refuses what we signed")
                changed = ours.replace(b"Subject:", b"Subject: no", 1)
                expect(not dkim.verify(changed, dnsfunc=dns), f"{row}: partner takes a change")
                theirs = dkim.sign(
                    message, b"s1", b"example.org", partner_key(kind, pem),
                    canonicalize=(header.encode(), body.encode()),
                    signature_algorithm=kind.encode() + b"-sha256",
                ) + message
                verdict = tool("verify", record.decode(), NOW, stdin=theirs)
                expect(verdict == b"pass\n", f"{row}: we refuse what the partner signed: {verdict!r}")
    print(f"{ran} checks, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
