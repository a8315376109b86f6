"""Logins with access tokens (RFC 7628), looked up at a real introspection endpoint (RFC 7662) over HTTPS."""

import base64
import http.server
import imaplib
import json
import poplib
import shutil
import smtplib
import subprocess
import threading
import time
import unittest
import urllib.parse
from email.message import EmailMessage

from hosted import ADA, BOB, PASSWORD, Hosted, trusting
from policy_peers import Pki, server_context, trust
from postrider import fetched

SCOPE = "https://mail.home.example/"


class Endpoint:
    """Tokens and what is said of them; asked: the tokens it was asked for."""

    def __init__(self, port: int, context):
        self.tokens: dict[str, dict] = {}
        self.asked: list[str] = []
        self.unauthorized = 0
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                expected = "Basic " + base64.b64encode(b"postrider:c%2Bl%3Aient").decode()
                if self.headers["authorization"] != expected or self.path != "/introspect":
                    owner.unauthorized += 1
                    return self.answer(401, {})
                token = urllib.parse.parse_qs(body)["token"][0]
                owner.asked.append(token)
                self.answer(200, owner.tokens.get(token, {"active": False}))

            def answer(self, status, value):
                text = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def bearer(token: str, user="") -> bytes:
    return f"n,{'a=' + user if user else ''},\x01host=localhost\x01auth=Bearer {token}\x01\x01".encode()


def xoauth2(token: str, user: str) -> bytes:
    return f"user={user}\x01auth=Bearer {token}\x01\x01".encode()


class Oauth(Hosted):
    def listeners(self) -> str:
        self.imaps, self.pop3s = fetched.free_port(), fetched.free_port()
        return "".join(f'[[listener]]\nservice = "{service}"\naddress = "127.0.0.1:{port}"\ntls = "implicit"\n'
                       for service, port in (("imap", self.imaps), ("pop3", self.pop3s)))

    def setUp(self):
        super().setUp()
        pki = Pki(self.folder / "pki")
        pki.make_ca("root")
        pki.make("login", "root", None, ["subjectAltName=IP:127.0.0.1"])
        self.context = server_context(pki, "login")
        self.port = fetched.free_port()
        self.endpoint = Endpoint(self.port, self.context)
        self.addCleanup(lambda: self.endpoint.stop())
        (self.server.folder / "secret").write_text("c+l:ient\n")
        trust(self.server, pki.pem("root"))
        config = self.server.config.read_text()
        self.server.config.write_text(config + (
            f'[oauth]\nintrospection = "https://127.0.0.1:{self.port}/introspect"\nclient_id = "postrider"\n'
            f'secret_file = "secret"\naccount = "email"\nscope = ["{SCOPE}"]\naudience = "mail"\ntimeout = "3s"\ncache = "2s"\n'))
        self.server.stop()  # ca_file counts from the start on
        self.server.start()
        self.endpoint.tokens = {"ada-token.x~y": self.grant(ADA), "bob": self.grant(BOB)}

    def grant(self, account: str, **more) -> dict:
        return {"active": True, "email": account, "scope": f"openid {SCOPE}", "aud": ["web", "mail"],
                "exp": int(time.time()) + 3600, **more}

    def imap(self) -> imaplib.IMAP4_SSL:
        client = imaplib.IMAP4_SSL("127.0.0.1", self.imaps, ssl_context=trusting())
        self.addCleanup(client.shutdown)
        return client

    def imap_login(self, message: bytes, mechanism="OAUTHBEARER") -> tuple[str, list[bytes]]:
        """How it ends, and the challenges behind the first, empty one."""
        client, challenges = self.imap(), []

        def answer(challenge: bytes) -> bytes:
            if not challenge:
                return message
            challenges.append(challenge)
            return b"\x01"

        try:
            client.authenticate(mechanism, answer)
            return client.getquotaroot("INBOX")[0], challenges
        except imaplib.IMAP4.error as why:
            return str(why), challenges

    def test_every_protocol(self):
        client = self.imap()
        self.assertIn("AUTH=OAUTHBEARER", client.capabilities)
        self.assertIn("AUTH=XOAUTH2", client.capabilities)
        self.assertEqual(self.imap_login(bearer("ada-token.x~y", ADA))[0], "OK")
        self.assertEqual(self.imap_login(xoauth2("ada-token.x~y", ADA), "XOAUTH2")[0], "OK")

        with smtplib.SMTP("127.0.0.1", self.server.submission) as smtp:
            smtp.ehlo()
            self.assertNotIn("auth", smtp.esmtp_features)
            smtp.starttls(context=trusting())
            smtp.ehlo()
            self.assertIn("OAUTHBEARER", smtp.esmtp_features["auth"])
            smtp.user = smtp.password = ""
            code, _ = smtp.auth("OAUTHBEARER", lambda challenge=None: bearer("ada-token.x~y").decode())
            self.assertEqual(code, 235)
            mail = EmailMessage()
            mail["From"], mail["To"], mail["Subject"] = ADA, ADA, "by token"
            mail.set_content("x")
            smtp.send_message(mail)

        self.server.wait_for_events("delivered")
        pop = poplib.POP3_SSL("127.0.0.1", self.pop3s, context=trusting())
        self.assertIn("OAUTHBEARER", pop.capa()["SASL"])
        self.assertTrue(pop._shortcmd("AUTH OAUTHBEARER " + base64.b64encode(bearer("ada-token.x~y")).decode()).startswith(b"+OK"))
        self.assertEqual(pop.stat()[0], 1)
        pop.quit()

        # Within `cache`, nobody was asked twice.
        self.assertLessEqual(len(self.endpoint.asked), 4)
        self.assertEqual(self.endpoint.unauthorized, 0)
        self.assertNotIn("ada-token", self.server.events.read_text() + self.server.log.read_text())

    def test_what_is_not_taken(self):
        self.endpoint.tokens.update({
            "expired": self.grant(ADA, exp=int(time.time()) - 5),
            "noscope": self.grant(ADA, scope="openid"),
            "noaud": self.grant(ADA, aud="web"),
            "unverified": self.grant(ADA, email_verified=False),
            "stranger": self.grant("stranger@home.example"),
            "off": self.grant(BOB),
        })
        self.server.command("account", "set", BOB, "--disable")
        for token, user in (("unknown", ""), ("expired", ""), ("noscope", ""), ("noaud", ""), ("unverified", ""),
                            ("stranger", ""), ("ada-token.x~y", BOB)):
            with self.subTest(token=token):
                outcome, challenges = self.imap_login(bearer(token, user))
                self.assertIn("AUTHENTICATIONFAILED", outcome)
                self.assertEqual(json.loads(challenges[0]), {"status": "invalid_token", "scope": SCOPE})
        self.assertIn("CONTACTADMIN", self.imap_login(bearer("off"))[0])
        failed = self.server.wait_for_events("login_failed", 8)
        self.assertIn("has not the scope", " ".join(event["text"] for event in failed))
        self.assertNotIn("noscope", " ".join(event["text"] for event in failed))

    def test_the_endpoint_is_down(self):
        self.endpoint.stop()
        self.addCleanup(setattr, self, "endpoint", self.endpoint)
        outcome, challenges = self.imap_login(bearer("ada-token.x~y"))
        self.assertIn("UNAVAILABLE", outcome)
        self.assertEqual(challenges, [])
        with smtplib.SMTP_SSL("127.0.0.1", self.server.submissions, context=trusting()) as smtp:
            smtp.ehlo()
            code, _ = smtp.docmd("AUTH", "OAUTHBEARER " + base64.b64encode(bearer("ada-token.x~y")).decode())
            self.assertEqual(code, 454)
            smtp.login(ADA, PASSWORD)  # passwords are nobody's business but ours
        self.assertIn("introspection endpoint", self.server.wait_for_events("login_failed", 2)[0]["text"])
        self.endpoint = Endpoint(self.port, self.context)
        self.endpoint.tokens = {"ada-token.x~y": self.grant(ADA)}
        self.assertNotIn("UNAVAILABLE", self.imap_login(bearer("ada-token.x~y"))[0])

    def test_a_token_that_is_revoked_and_a_reload(self):
        def login():
            return self.imap_login(bearer("bob"))[0]

        self.assertEqual(login(), "OK")
        del self.endpoint.tokens["bob"]
        time.sleep(2.2)  # what `cache` allows for
        self.assertIn("AUTHENTICATIONFAILED", login())
        config = self.server.config.read_text()
        self.server.config.write_text(config[:config.index("[oauth]")])
        self.server.hangup()
        end = time.monotonic() + 20
        while "AUTH=OAUTHBEARER" in self.imap().capabilities:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)
        self.assertIn("CANNOT", login())

    @unittest.skipUnless(shutil.which("curl"), "curl is not installed")
    def test_curl(self):
        for url in (f"imaps://127.0.0.1:{self.imaps}/INBOX", f"pop3s://127.0.0.1:{self.pop3s}/"):
            with self.subTest(url=url):
                done = subprocess.run(["curl", "-sSkv", "--max-time", "20", "--user", ADA, "--oauth2-bearer", "ada-token.x~y",
                                       "--login-options", "AUTH=OAUTHBEARER", url, *(["-X", "NOOP"] if "imap" in url else [])],
                                      capture_output=True, text=True, timeout=60)
                self.assertEqual(done.returncode, 0, done.stderr)
        (self.folder / "mail").write_text(f"From: {ADA}\r\nTo: {ADA}\r\nSubject: curl\r\n\r\nx\r\n")
        done = subprocess.run(["curl", "-sSkv", "--max-time", "20", "--user", ADA, "--oauth2-bearer", "ada-token.x~y",
                               "--mail-from", ADA, "--mail-rcpt", ADA, "--upload-file", str(self.folder / "mail"),
                               f"smtps://127.0.0.1:{self.server.submissions}"], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.server.wait_for_events("delivered")


if __name__ == "__main__":
    unittest.main()
