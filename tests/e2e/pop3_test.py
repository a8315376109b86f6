"""POP3 to the programs that people use it with: each gets each octet, and keeps or deletes what it says it does."""

import base64
import json
import os
import poplib
import shutil
import socket
import subprocess
import time
import unittest
from pathlib import Path

from hosted import ADA, BOB, ODD, PASSWORD, Hosted, odd_message, trusting
from postrider import fetched, make_certificate

WHOLE = [name for name in ODD if name != "unfinished"]


def as_sent(message: bytes) -> bytes:
    """What RETR must give: a response of several lines ends its last line (RFC 1939 3)."""
    return message if message.endswith(b"\r\n") else message + b"\r\n"


def local_lines(message: bytes) -> bytes:
    """As programs of this machine keep it."""
    return as_sent(message).replace(b"\r\n", b"\n")


class Pop3(Hosted):
    def listeners(self):
        self.pop3s, self.pop3, self.clear = fetched.free_port(), fetched.free_port(), fetched.free_port()
        return (f'[[listener]]\nservice = "pop3"\naddress = "127.0.0.1:{self.pop3s}"\ntls = "implicit"\n'
                f'[[listener]]\nservice = "pop3"\naddress = "127.0.0.1:{self.pop3}"\ntls = "starttls"\n'
                f'[[listener]]\nservice = "pop3"\naddress = "127.0.0.1:{self.clear}"\ntls = "none"\nplain_auth = true\n')

    def connect(self, account=ADA, password=PASSWORD) -> poplib.POP3:
        client = poplib.POP3_SSL("127.0.0.1", self.pop3s, context=trusting(), timeout=60)
        self.addCleanup(client.close)
        if account:
            client.user(account)
            client.pass_(password)
        return client

    def fill(self, names=tuple(ODD)) -> list[bytes]:
        """Those messages in ADA's inbox; as the store has them."""
        self.hand_in(*map(odd_message, names))
        self.wait_for_mail(ADA, len(names))
        return self.export(ADA)

    def count(self) -> int:
        return self.mailboxes(ADA)["messages"]

    # --- python's poplib

    def test_poplib_gets_each_octet(self):
        kept = self.fill()
        client = self.connect()
        self.assertEqual(client.stat(), (len(kept), sum(map(len, kept))))
        sizes = [int(line.split()[1]) for line in client.list()[1]]
        self.assertEqual(sizes, list(map(len, kept)))
        for number, message in enumerate(kept, 1):
            name = message.partition(b"Message-ID: <")[2].partition(b"@")[0].decode()
            self.assertTrue(message.endswith(odd_message(name)), name)
            response, lines, _ = client.retr(number)
            self.assertEqual(response, b"+OK %d octets" % len(message))
            self.assertEqual(b"".join(line + b"\r\n" for line in lines), as_sent(message), name)
            header, _, body = as_sent(message).partition(b"\r\n\r\n")
            for wanted in (0, 2):
                top = b"".join(line + b"\r\n" for line in client.top(number, wanted)[1])
                first = b"".join(line + b"\r\n" for line in body.split(b"\r\n")[:-1][:wanted])
                self.assertEqual(top, header + b"\r\n\r\n" + first, (name, wanted))
        client.quit()
        self.assertEqual(self.count(), len(kept))

    def test_stls_and_what_is_offered(self):
        client = poplib.POP3("127.0.0.1", self.pop3, timeout=30)
        self.addCleanup(client.close)
        before = client.capa()
        self.assertIn("STLS", before)
        self.assertNotIn("USER", before)
        with self.assertRaisesRegex(poplib.error_proto, "TLS"):
            client.user(ADA)
        client.stls(trusting())
        after = client.capa()
        self.assertNotIn("STLS", after)
        for word in ("USER", "TOP", "UIDL", "PIPELINING", "RESP-CODES", "AUTH-RESP-CODE", "UTF8", "IMPLEMENTATION", "EXPIRE"):
            self.assertIn(word, after)
        self.assertEqual(set(after["SASL"]), {"PLAIN", "LOGIN", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"})
        client.utf8()
        client.user(ADA)
        client.pass_(PASSWORD)
        self.assertEqual(client.stat(), (0, 0))
        client.quit()

    def test_auth_with_and_without_the_initial_response(self):
        proof = base64.b64encode(f"\0{ADA}\0{PASSWORD}".encode()).decode()
        client = self.connect(account=None)
        self.assertTrue(client._shortcmd(f"AUTH PLAIN {proof}").startswith(b"+OK"))
        client.quit()
        client = self.connect(account=None)
        self.assertEqual(client._shortcmd("AUTH PLAIN")[:1], b"+")
        self.assertTrue(client._shortcmd(proof).startswith(b"+OK"))
        client.quit()

    def test_unique_ids_outlive_the_server_and_the_neighbours(self):
        self.fill(("dots", "eight", "empty"))
        client = self.connect()
        before = [line.split()[1] for line in client.uidl()[1]]
        client.dele(2)
        client.quit()
        self.server.kill()
        self.server.start()
        client = self.connect()
        after = [line.split()[1] for line in client.uidl()[1]]
        self.assertEqual(after, [before[0], before[2]])
        self.assertEqual(client.uidl(2).split()[-1], before[2])
        client.quit()

    def test_deleted_after_quit_only(self):
        self.fill(("dots", "eight"))
        client = self.connect()
        client.dele(1)
        with self.assertRaisesRegex(poplib.error_proto, "-ERR"):
            client.retr(1)
        client.close()  # no QUIT
        self.assertEqual(self.count(), 2)
        client = self.connect()
        client.dele(1)
        client.rset()
        client.quit()
        self.assertEqual(self.count(), 2)
        client = self.connect()
        client.dele(1)
        client.quit()
        self.assertEqual(self.count(), 1)
        # Like all that is deleted, it can be brought back.
        [gone] = json.loads(self.server.command("mailbox", "expunged", ADA, "--json"))["messages"]
        self.assertEqual(gone["uid"], 1)

    def test_a_snapshot_and_no_lock(self):
        first, second = self.fill(("dots", "eight"))
        one, other = self.connect(), self.connect()
        one.dele(1)
        one.quit()
        self.hand_in(odd_message("empty"))
        self.wait_for_mail(ADA, 2)
        # What the other saw at login is what it has: what was deleted beside it, and not what came.
        self.assertEqual(other.stat(), (2, len(first) + len(second)))
        self.assertEqual(b"".join(line + b"\r\n" for line in other.retr(1)[1]), first)
        other.dele(1)
        other.dele(2)
        self.assertTrue(other.quit().startswith(b"+OK"))
        self.assertEqual(self.count(), 1)
        self.assertEqual(self.connect().stat()[0], 1)

    def test_leave_on_server(self):
        self.fill(("dots",))
        text = self.server.config.read_text()
        self.server.config.write_text(text + "\n[pop3]\nkeeps_deleted = true\n")
        held = self.connect()
        self.server.hangup()
        end = time.monotonic() + 20
        while b"reloaded" not in self.server.log.read_bytes():
            self.assertLess(time.monotonic(), end, self.server.log.read_text()[-2000:])
            time.sleep(0.02)
        client = self.connect()
        client.dele(1)
        self.assertTrue(client.quit().startswith(b"+OK"))
        self.assertEqual(self.count(), 1)
        # Who came under the other rules is sent away, before it can delete by them.
        with self.assertRaisesRegex(poplib.error_proto, r"\[SYS/TEMP\]"):
            held.dele(1)
        self.assertEqual(self.count(), 1)

    def test_pipelining(self):
        self.fill(("dots", "empty"))
        context = trusting()
        with socket.create_connection(("127.0.0.1", self.pop3s), timeout=30) as plain, context.wrap_socket(plain) as line:
            line.sendall(f"CAPA\r\nUSER {ADA}\r\nPASS {PASSWORD}\r\nSTAT\r\nRETR 1\r\nUIDL 2\r\nNOOP\r\nQUIT\r\n".encode())
            said = b""
            while piece := line.recv(65536):
                said += piece
        self.assertIn(b"PIPELINING\r\n", said)
        answers = [answer for answer in said.split(b"\r\n") if answer.startswith((b"+OK", b"-ERR"))]
        self.assertEqual(len(answers), 9, answers)  # with the greeting
        self.assertFalse([answer for answer in answers if answer.startswith(b"-ERR")])

    def test_a_reload_shows_a_new_certificate(self):
        def shown(port):
            with socket.create_connection(("127.0.0.1", port), timeout=30) as plain, trusting().wrap_socket(plain) as line:
                return line.getpeercert(binary_form=True)
        before = shown(self.pop3s)
        self.assertEqual(before, shown(self.server.submissions))
        for file in self.server.folder.glob("mail.home.example.*"):
            file.unlink()
        make_certificate(self.server.folder, "mail.home.example")
        self.server.hangup()
        end = time.monotonic() + 20
        while shown(self.pop3s) == before:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)
        self.assertEqual(shown(self.pop3s), shown(self.server.submissions))

    # --- who may

    def test_wrong_passwords_cost_time_and_end_the_connection(self):
        took = []
        for _ in range(1 + os.cpu_count()):  # each core forgives three
            client = self.connect(account=None)
            for _ in range(3):
                client.user(ADA)
                began = time.monotonic()
                with self.assertRaisesRegex(poplib.error_proto, r"\[AUTH\] Wrong name or password"):
                    client.pass_("wrong")
                took.append(time.monotonic() - began)
            with self.assertRaises((poplib.error_proto, OSError)):
                client.noop()
        self.assertGreater(max(took[3:]), 0.5, took)
        failed = self.server.wait_for_events("login_failed", 6)
        self.assertTrue(failed[0]["tls"].startswith("TLSv1.3"), failed[0])

    def test_an_app_password_is_for_its_protocols(self):
        def app_password(name, *scopes):
            return self.server.command("account", "app-password", "add", ADA, name, "--scope", *scopes).splitlines()[0]
        for_imap, for_pop3 = app_password("phone", "imap"), app_password("laptop", "pop3")
        with self.assertRaisesRegex(poplib.error_proto, r"\[AUTH\]"):
            self.connect(ADA, for_imap)
        self.assertEqual(self.connect(ADA, for_pop3).stat(), (0, 0))
        self.server.command("account", "set", ADA, "--scope", "smtp", "imap")
        with self.assertRaisesRegex(poplib.error_proto, r"\[AUTH\]"):
            self.connect(ADA)
        self.assertEqual(self.connect(BOB).stat(), (0, 0))

    # --- other programs

    def run_client(self, *command, **more) -> bytes:
        done = subprocess.run(list(map(str, command)), capture_output=True, timeout=120, check=False, **more)
        self.assertEqual(done.returncode, 0, (command, done.stdout[-2000:], done.stderr[-2000:]))
        return done.stdout

    def test_curl(self):
        kept = self.fill()
        for how, base in (("implicit", f"pop3s://127.0.0.1:{self.pop3s}"), ("stls", f"pop3://127.0.0.1:{self.pop3}")):
            curl = ["curl", "-sS", "-k", "--ssl-reqd", "--user", f"{ADA}:{PASSWORD}"]
            for number, message in enumerate(kept, 1):
                self.assertEqual(self.run_client(*curl, f"{base}/{number}"), as_sent(message), (how, number))
        listing = self.run_client(*curl, f"{base}/").decode().split()
        self.assertEqual(listing[1::2], [str(len(message)) for message in kept])
        self.run_client(*curl, "--request", "DELE 1", "--head", f"{base}/")
        self.assertEqual(self.count(), len(kept) - 1)

    def maildir(self, name: str) -> Path:
        folder = self.folder / name
        for part in ("cur", "new", "tmp"):
            (folder / part).mkdir(parents=True)
        return folder

    def keeper(self, folder: Path) -> Path:
        """A delivery agent that adds nothing: what it is given becomes a file of the Maildir."""
        program = self.folder / "keeper"
        program.write_text(f'#!/bin/sh\nexec cat > "{folder}/new/$$"\n')
        program.chmod(0o700)
        return program

    def assert_fetched(self, folder: Path, kept):
        found = [file.read_bytes() for file in folder.glob("new/*")]
        self.assertEqual(sorted(found), sorted(map(local_lines, kept)))

    def test_getmail(self):
        kept = self.fill()
        folder, settings = self.maildir("getmail"), self.folder / "getmailrc"
        settings.write_text(f"""[retriever]
type = SimplePOP3SSLRetriever
server = 127.0.0.1
port = {self.pop3s}
username = {ADA}
password = {PASSWORD}
[destination]
type = MDA_external
path = {self.keeper(folder)}
allow_root_commands = true
[options]
delivered_to = false
received = false
read_all = false
delete = false
verbose = 0
""")
        getmail = ["getmail", f"--getmaildir={self.folder}", f"--rcfile={settings}"]
        self.run_client(*getmail)
        self.assert_fetched(folder, kept)
        self.run_client(*getmail)  # by their unique ids it has them all
        self.assert_fetched(folder, kept)
        self.run_client(*getmail, "--delete")
        self.assertEqual(self.count(), 0)

    def test_fetchmail(self):
        kept = self.fill(WHOLE)
        folder, settings = self.maildir("fetchmail"), self.folder / "fetchmailrc"
        settings.write_text(f"""set invisible
poll 127.0.0.1 service {self.pop3s} protocol POP3 uidl username "{ADA}" password "{PASSWORD}"
  ssl sslproto "TLS1.2+" no sslcertck sslcommonname "mail.home.example"
  mda "{self.keeper(folder)}" no rewrite pass8bits keep
""")
        settings.chmod(0o600)
        env = dict(os.environ, FETCHMAILHOME=str(self.folder), HOME=str(self.folder), LC_ALL="C")
        fetchmail = ["fetchmail", "--nosyslog", "-f", settings]
        self.run_client(*fetchmail, env=env)
        self.assert_fetched(folder, kept)
        again = subprocess.run(list(map(str, fetchmail)), capture_output=True, env=env, timeout=60, check=False)
        self.assertEqual(again.returncode, 1, again.stdout + again.stderr)  # there is no new mail
        self.run_client(*fetchmail, "--all", "--nokeep", env=env)
        self.assertEqual(self.count(), 0)

    def test_mpop_by_each_way_to_log_in(self):
        kept = self.fill()
        for number, method in enumerate(("user", "plain", "scram-sha-256"), 1):
            folder, settings = self.maildir(f"mpop{number}"), self.folder / f"mpoprc{number}"
            settings.write_text(f"""account default
host 127.0.0.1
port {self.pop3}
user {ADA}
password "{PASSWORD}"
auth {method}
tls on
tls_starttls on
tls_certcheck off
received_header off
keep {'off' if number == 3 else 'on'}
delivery maildir {folder}
uidls_file {self.folder}/uidls{number}
""")
            settings.chmod(0o600)
            self.run_client("mpop", "-q", "-C", settings)
            self.assert_fetched(folder, kept)
        self.assertEqual(self.count(), 0)

    def test_a_client_from_npm(self):
        if not shutil.which("node"):
            self.skipTest("no node")
        if not (fetched.node_modules() / "node-pop3").is_dir():
            self.skipTest("no node-pop3: run tools/partners")
        kept = self.fill(("dots", "long", "blanks"))
        script = """
const Pop3Command = require('node-pop3');
const [port, user, password] = process.argv.slice(1);
(async () => {
  const pop3 = new Pop3Command({host: '127.0.0.1', port: +port, user, password, tls: true,
    tlsOptions: {rejectUnauthorized: false}});
  const ids = await pop3.UIDL();
  const out = [];
  for (const [number] of ids) out.push(await pop3.RETR(number));
  await pop3.QUIT();
  console.log(JSON.stringify({ids, out}));
})().catch(error => { console.error(error); process.exit(1); });
"""
        done = self.run_client("node", "-e", script, self.pop3s, ADA, PASSWORD,
                               env=dict(os.environ, NODE_PATH=str(fetched.node_modules())))
        shown = json.loads(done)
        self.assertEqual(len(shown["ids"]), 3)
        for text, message in zip(shown["out"], kept, strict=True):
            # It leaves the dots and the end of the last line to its caller.
            octets = b"\r\n".join(line.removeprefix(b".") for line in text.encode().split(b"\r\n"))
            self.assertEqual(octets.rstrip(b"\r\n"), message.rstrip(b"\r\n"))


if __name__ == "__main__":
    unittest.main()
