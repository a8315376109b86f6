"""The directory as operators care for it: domains, accounts, app passwords, aliases, lists, import and export."""

import json
import os
import smtplib
import ssl
import subprocess
import tempfile
import unittest
from pathlib import Path

import postrider
from postrider import Server

USER, PASSWORD = "app@shop.example", "correct horse battery staple"


class Directory(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="postrider-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.server = Server(self.folder / "p")
        self.addCleanup(self.server.kill)

    def run_at(self, server, *arguments, stdin=None, code=0) -> str:
        """A command; its output, or what it says on stderr if code isn't 0."""
        done = subprocess.run([postrider.PROGRAM, *arguments], input=stdin, capture_output=True, text=True, timeout=60,
                              env=dict(os.environ, POSTRIDER_CONFIG=str(server.config)))
        self.assertEqual(done.returncode, code, f"{arguments}: {done.stdout}{done.stderr}")
        return done.stdout if code == 0 else done.stderr + done.stdout

    def do(self, *arguments, **options) -> str:
        return self.run_at(self.server, *arguments, **options)

    def rows(self, *arguments) -> list[dict]:
        return json.loads(self.do(*arguments, "--json"))

    def add_account(self, name, *options) -> None:
        self.do("account", "add", name, "--password-stdin", *options, stdin=PASSWORD + "\n")

    def log_in(self, name, password):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with smtplib.SMTP_SSL("127.0.0.1", self.server.submissions, context=context, timeout=20) as client:
            client.ehlo()
            client.user, client.password = name, password
            return client.auth("PLAIN", client.auth_plain)[0]

    def test_domains(self):
        self.add_account(USER)
        self.assertEqual([(d["name"], d["hosted"]) for d in self.rows("domain", "list")], [("shop.example", False)])
        self.assertIn("not kept here", self.do("domain", "add", "other.example"))
        self.assertNotIn("not kept here", self.do("domain", "set", "shop.example", "--hosted", "yes", "--quota", "5GB"))
        shop = self.rows("domain", "list")[1]
        self.assertEqual((shop["hosted"], shop["postmaster"]), (True, USER))
        self.assertEqual(shop["quota_bytes"], 5_000_000_000)
        self.do("domain", "add", "shop.test", "--alias-of", "shop.example")
        self.assertIn("as shop.example", self.do("domain", "list"))
        self.assertIn("no alias itself", self.do("domain", "add", "x.test", "--alias-of", "other.example", code=2))
        self.assertIn("still has", self.do("domain", "remove", "shop.example", code=1))
        self.assertIn("true or false", self.do("domain", "set", "shop.example", "--hosted", "perhaps", code=2))
        self.do("domain", "remove", "other.example")

    def test_accounts(self):
        self.add_account(USER, "--quota", "1GB", "--messages-per-hour", "50", "--scope", "smtp", "imap",
                         "--forward", "a@far.example", "--keep-copy", "no")
        row = self.rows("account", "list")[0]
        self.assertEqual((row["quota_bytes"], row["messages_per_hour"], row["scopes"], row["forward_to"], row["keeps_copy"]),
                         (1_000_000_000, 50, ["smtp", "imap"], ["a@far.example"], False))
        self.do("account", "set", USER, "--forward", "", "--scope", "all")
        row = self.rows("account", "list")[0]
        self.assertEqual((row["forward_to"], len(row["scopes"])), ([], 4))
        self.assertIn("unknown scope", self.do("account", "set", USER, "--scope", "ftp", code=2))

    def test_aliases_and_lists(self):
        self.add_account(USER)
        self.do("alias", "add", "sales@shop.example", USER, "x@far.example")
        self.do("alias", "add", "team@shop.example", "sales@shop.example", "--kind", "group", "--posters", "members")
        self.assertIn("is a loop", self.do("alias", "set", "sales@shop.example", "--add", "team@shop.example", code=2))
        self.assertIn("is an account", self.do("alias", "add", USER, "x@far.example", code=1))
        self.do("list", "add", "news@shop.example", "--member", "a@far.example", "b@far.example", "--title", "Our news")
        self.do("list", "set", "news@shop.example", "--add", "c@far.example", "--remove", "a@far.example")
        self.assertEqual([a["address"] for a in self.rows("alias", "list")], ["sales@shop.example", "team@shop.example"])
        news = self.rows("list", "list")
        self.assertEqual([(n["title"], n["targets"], n["posters"]) for n in news],
                         [("Our news", ["b@far.example", "c@far.example"], "members")])
        self.do("list", "remove", "news@shop.example")
        self.assertIn("There are none", self.do("list", "list"))
        self.assertIn("does not exist", self.do("alias", "remove", "none@shop.example", code=1))

    def test_app_passwords_log_in_where_they_are_good_for(self):
        self.add_account(USER)
        self.server.start()
        phone = self.do("account", "app-password", "add", USER, "phone", "--scope", "smtp").splitlines()[0]
        reader = self.do("account", "app-password", "add", USER, "reader", "--scope", "imap").splitlines()[0]
        self.assertNotIn(phone, self.do("account", "list", "--json"))
        self.assertEqual(self.log_in(USER, phone), 235)
        self.assertEqual(self.log_in(USER, phone.replace("-", " ").upper()), 235)
        self.assertEqual(self.log_in(USER, PASSWORD), 235)
        with self.assertRaises(smtplib.SMTPAuthenticationError):
            self.log_in(USER, reader)
        self.do("account", "app-password", "remove", USER, "phone")
        with self.assertRaises(smtplib.SMTPAuthenticationError):
            self.log_in(USER, phone)  # at once
        self.do("account", "set", USER, "--scope", "imap")
        with self.assertRaises(smtplib.SMTPAuthenticationError):
            self.log_in(USER, PASSWORD)
        self.assertEqual(self.server.stop(), 0)
        self.assertIn("not good for smtp", self.server.events.read_text())

    def test_an_account_has_its_own_rate(self):
        self.add_account(USER, "--messages-per-hour", "2")
        self.server.start()
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with smtplib.SMTP_SSL("127.0.0.1", self.server.submissions, context=context, timeout=20) as client:
            client.login(USER, PASSWORD)
            codes = []
            for _ in range(3):
                codes.append(client.mail(USER)[0])
                client.rset()
        self.assertEqual(codes, [250, 250, 451])
        self.assertEqual(self.server.stop(), 0)
        self.assertIn(f"Too many messages of {USER}", self.server.events.read_text())

    def fill(self):
        self.add_account(USER, "--quota", "1GB", "--send-as", "@shop.example")
        self.do("domain", "set", "shop.example", "--hosted", "yes", "--catch-all", USER)
        self.do("domain", "add", "a.example", "--alias-of", "shop.example")
        self.do("account", "app-password", "add", USER, "my phone", "--scope", "imap", "pop3")
        self.do("alias", "add", "sales@shop.example", USER)
        self.do("list", "add", "news@shop.example", "--member", "a@far.example", "--title", 'Our "news", daily')

    def test_an_export_is_imported_as_it_was(self):
        self.fill()
        for form in ("--json", "--csv"):
            exported = self.do("account", "export", form)
            other = Server(self.folder / form.strip("-"))
            self.addCleanup(other.kill)
            file = self.folder / ("export" + form)
            file.write_text(exported)
            self.assertIn("Imported 5, refused 0", self.run_at(other, "account", "import", str(file)))
            for kind in ("account", "domain", "alias", "list"):
                rows = [json.loads(self.run_at(s, kind, "list", "--json")) for s in (self.server, other)]
                for row in rows[0] + rows[1]:
                    for stamp in ("created", "changed"):
                        row.pop(stamp, None)
                    for password in row.get("app_passwords", []):
                        password.pop("created")
                self.assertEqual(rows[0], rows[1], (form, kind))
            self.assertIn("exists already", self.run_at(other, "account", "import", str(file), code=1))
            self.assertIn("Imported 5", self.run_at(other, "account", "import", str(file), "--update"))
        self.server, old = other, self.server
        self.server.start()
        self.assertEqual(self.log_in(USER, PASSWORD), 235)
        self.assertEqual(self.server.stop(), 0)
        self.assertEqual(old.stop(), 0)

    def test_lines_that_are_wrong_are_named_and_the_others_taken(self):
        file = self.folder / "people.csv"
        file.write_text("name,password,quota_bytes,forward_to\r\n"
                        'a@shop.example,"pass, word one",1GB,"x@far.example y@far.example"\r\n'
                        "nobody,password two,,\r\n"
                        "b@shop.example,password three,much,\r\n"
                        "c@shop.example,password four\r\n"
                        "d@shop.example,password five,,\r\n")
        said = self.do("account", "import", str(file), "--json", code=1)
        report = json.loads(said)
        self.assertEqual(report["imported"], 2)
        self.assertEqual([e["line"] for e in report["errors"]], [3, 4, 5])
        rows = self.rows("account", "list")
        self.assertEqual([r["name"] for r in rows], ["a@shop.example", "d@shop.example"])
        self.assertEqual(rows[0]["forward_to"], ["x@far.example", "y@far.example"])
        lines = "\n".join(['{"type":"domain","name":"n.example","hosted":true}', "no json", '{"type":"what"}',
                           '{"type":"alias","address":"s@n.example","targets":["a@shop.example"],"colour":"red"}'])
        said = self.do("account", "import", "-", stdin=lines, code=1)
        for text in ("-:2:", "-:3:", "-:4: unknown member 'colour'", "Imported 1, refused 3"):
            self.assertIn(text, said)


if __name__ == "__main__":
    unittest.main()
