"""Debian's Roundcube in a headless Chromium: a person logs in, reads, searches, sorts mail into folders and answers it, and
what the page shows is what the server has."""

import email
import email.header
import email.message
import email.policy
import imaplib
import re
import tempfile
import unittest
from pathlib import Path

from hosted import ADA, BOB, PASSWORD, Hosted, odd_message, trusting
from postrider import fetched
from webmail import Webmail

import roundcube
from chromium import Chromium

DATE = "Date: Sun, 22 Nov 2026 10:00:00 +0000\r\n"
UMLAUTS = "Grüße aus Köln – ☃"
BLOB = bytes(range(256)) * 300 + b"\r\n.\r\n\0"


def mail(subject: str, body: bytes, fields="", sender="Bob Bauer <bob@home.example>") -> bytes:
    words = email.header.Header(subject, "utf-8").encode() if not subject.isascii() else subject
    name = re.sub(r"\W+", "-", subject.encode("ascii", "ignore").decode())
    return (f"From: {sender}\r\nTo: {ADA}\r\nSubject: {words}\r\n{DATE}Message-ID: <{name}@home.example>\r\n{fields}MIME-Version: 1.0\r\n"
            ).encode() + body


def text(words: str, transfer="8bit") -> bytes:
    return f"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: {transfer}\r\n\r\n{words}\r\n".encode()


class RoundcubeInChromium(Hosted):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="postrider-e2e-", ignore_cleanup_errors=True)
        cls.addClassCleanup(folder.cleanup)
        try:
            cls.chromium = Chromium(Path(folder.name) / "chromium")
            roundcube.fetch()
        except fetched.Unavailable as why:
            raise unittest.SkipTest(str(why))
        cls.addClassCleanup(cls.chromium.stop)
        cls.chromium.start()
        cls.browser = cls.chromium.open()

    def listeners(self):
        self.imaps, self.imap = fetched.free_port(), fetched.free_port()
        return (f'[[listener]]\nservice = "imap"\naddress = "127.0.0.1:{self.imaps}"\ntls = "implicit"\n'
                f'[[listener]]\nservice = "imap"\naddress = "127.0.0.1:{self.imap}"\ntls = "starttls"\n')

    def webmail(self, **settings) -> Webmail:
        """A Roundcube of this test's own; over STARTTLS, unless settings say otherwise."""
        trusted = {"ssl": {"cafile": str(self.server.folder / "mail.home.example.crt"), "peer_name": "mail.home.example"}}
        self.roundcube = roundcube.Roundcube(Path(tempfile.mkdtemp(prefix="roundcube-", dir=self.folder)), {
            "imap_host": f"tls://127.0.0.1:{self.imap}", "imap_conn_options": trusted,
            "smtp_host": f"tls://127.0.0.1:{self.server.submission}", "smtp_conn_options": trusted, **settings})
        self.addCleanup(self.roundcube.stop)
        self.roundcube.start()
        self.browser.delete_all_cookies()
        return Webmail(self.browser, self.roundcube.url)

    def entered(self, *messages: bytes, **settings) -> Webmail:
        """ADA's inbox with these messages, on the page."""
        self.hand_in(*messages)
        self.wait_for_mail(ADA, len(messages))
        page = self.webmail(**settings)
        page.enter(ADA, PASSWORD)
        return page

    def client(self, account=ADA, mailbox="INBOX") -> imaplib.IMAP4:
        client = imaplib.IMAP4_SSL("127.0.0.1", self.imaps, ssl_context=trusting(), timeout=60)
        self.addCleanup(client.shutdown)
        client.login(account, PASSWORD)
        self.assertEqual(client.select(f'"{mailbox}"')[0], "OK")
        return client

    def check_logs(self, *errors: str) -> None:
        """No PHP warning, no IMAP command refused, and no error but these."""
        self.assertEqual(self.roundcube.log_of("php"), "")
        found = [line for line in self.roundcube.log_of("errors.log").splitlines() if line.strip()]
        self.assertEqual([line for line in found if not any(error in line for error in errors)], [])
        refused = re.findall(r"S: (?:[A-Z]\d+ (?:NO|BAD)|\* (?:NO|BAD|PREAUTH)).*", self.roundcube.log_of("imap.log"))
        self.assertEqual([line for line in refused if not any(error in line for error in errors)], [])

    def kept(self, mailbox: str, account=ADA) -> list[bytes]:
        """What the store has in a mailbox, octet for octet."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        self.server.command("mailbox", "export", account, "--maildir", str(folder), "--mailbox", mailbox)
        return [path.read_bytes() for path in sorted(folder.rglob("*")) if path.parent.name in ("new", "cur") and path.is_file()]

    def flags_of(self, client, message_id: str) -> set[str]:
        [uid] = client.uid("search", "HEADER", "Message-ID", message_id)[1][0].split()
        return set(re.search(rb"FLAGS \((.*?)\)", client.uid("fetch", uid, "(FLAGS)")[1][0])[1].decode().split())

    def test_log_in_and_out(self):
        for protocol in ("STARTTLS", "TLS"):
            with self.subTest(protocol):
                page = self.webmail(**({} if protocol == "STARTTLS" else {"imap_host": f"ssl://127.0.0.1:{self.imaps}"}))
                page.log_in(ADA, "wrong")
                self.assertIn("Login failed", page.read("#messagestack .alert"))
                page.see("#rcmloginuser")
                page.enter(ADA, PASSWORD)
                self.assertEqual(page.read(".header-title.username"), ADA)
                page.log_out()
                self.check_logs("AUTHENTICATIONFAILED", "Login failed for ada@home.example against 127.0.0.1")
                self.roundcube.stop()
        self.server.wait_for_events("login_failed", 2)

    def test_read(self):
        html = ("<html><body><h1 id=head>Überschrift</h1><p>bold <b>words</b></p><script>document.title = 'taken over'</script>"
                "<img src='http://tracker.example/pixel'></body></html>")
        parted = ('Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: multipart/alternative; boundary="c"\r\n\r\n--c\r\n'
                  f"Content-Type: text/plain\r\n\r\nplain words\r\n--c\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n--c--\r\n").encode()
        attached = email.message.EmailMessage()
        attached.set_content(BLOB, maintype="application", subtype="octet-stream", filename="späne.bin")
        page = self.entered(
            mail(UMLAUTS, text("Zeile eins: äöü €")), mail("latin", b"Content-Type: text/plain; charset=iso-8859-1\r\n\r\ncaf\xe9\r\n"),
            mail("quoted", text("a =3D b =E2=82=AC=\r\n joined", "quoted-printable")),
            mail("parts", parted + b"--b\r\n" + attached.as_bytes(policy=email.policy.SMTP) + b"\r\n--b--\r\n"))
        page.wait_for_subjects(UMLAUTS, "latin", "quoted", "parts")
        for subject, words in ((UMLAUTS, "Zeile eins: äöü €"), ("latin", "café"), ("quoted", "a = b € joined")):
            page.select(subject)
            with page.preview():
                self.assertEqual(page.read("#messagebody .message-part"), words)
                self.assertIn("Bob Bauer", page.read("#message-header"))
        page.select("parts")
        with page.preview():
            self.assertEqual(page.read("#messagebody h1"), "Überschrift")
            self.assertNotIn("plain words", page.read("#messagebody"))
            self.assertIn("blocked", page.read("#remote-objects-message"))
            page.click("#attachment-list a.filename")
        self.assertEqual(self.chromium.downloaded("späne.bin"), BLOB)
        self.assertNotIn("taken over", self.browser.title)
        client = self.client()
        self.assertEqual(len(client.uid("search", "SEEN")[1][0].split()), 4)
        self.check_logs()

    def test_each_octet(self):
        names = ("dots", "eight", "long", "empty", "blanks", "large", "unfinished")
        page = self.entered(*map(odd_message, names))
        kept = self.export(ADA)
        page.wait_for_subjects(*names)
        for name in names:
            with self.subTest(name):
                page.select(name)
                page.menu("download")
                octets = self.chromium.downloaded(f"{name}.eml")
                self.assertTrue(octets in kept and octets.endswith(odd_message(name)), octets[:2000])
        self.check_logs()

    def test_search(self):
        page = self.entered(
            mail("invoice one", text("the old mill")), mail("other", text("an INVOICE for äpfel und birnen")),
            mail(UMLAUTS, text("bm90aGluZw==", "base64")), mail("third", text("nothing here"), sender="carl@else.example"))
        client = self.client()
        client.create("Work")
        client.subscribe("Work")
        client.append("Work", None, None, mail("elsewhere", text("an invoice at work")))
        for words, fields, found in (
                ("invoice", ["subject"], ["invoice one"]), ("GRÜ", ["subject"], [UMLAUTS]), ("carl", ["sender"], ["third"]),
                ("invoice", ["subject", "body"], ["invoice one", "other"]), ("Äpfel", ["body"], ["other"]),
                ("nothing", ["body"], [UMLAUTS, "third"]), ("old mill", ["text"], ["invoice one"]), ("nowhere", ["text"], [])):
            with self.subTest(words=words, fields=fields):
                page.search(words, *fields)
                page.wait_for_subjects(*found)
        page.search("invoice", "text", scope="all")
        page.wait_for_subjects("invoice one", "other", "elsewhere")
        page.end_search()
        page.wait_for_subjects("invoice one", "other", UMLAUTS, "third")
        self.check_logs()

    def test_sort(self):
        page = self.entered(
            mail("Re: beta", text("x" * 9000), sender="Carl <carl@else.example>"), mail("alpha", text("x" * 900), sender="Zoe <a@else.example>"),
            mail("Übung", text("x"), sender="Ann <z@else.example>"))
        for column, order in (("subject", ["alpha", "Re: beta", "Übung"]), ("from", ["Übung", "Re: beta", "alpha"]),
                              ("size", ["Übung", "alpha", "Re: beta"])):
            for direction, wanted in (("ASC", order), ("DESC", order[::-1])):
                with self.subTest(column=column, direction=direction):
                    page.list_options(sort_col=column, sort_ord=direction)
                    page.until(f"the list to be {wanted}", lambda wanted=wanted: page.subjects() == wanted)
        self.assertRegex(self.roundcube.log_of("imap.log"), r"UID SORT \(SUBJECT\)")
        self.check_logs()

    def test_threads(self):
        answer = "In-Reply-To: <{0}@home.example>\r\nReferences: <{0}@home.example>\r\n"
        page = self.entered(
            mail("root", text("1")), mail("alone", text("2")), mail("Re: root", text("3"), answer.format("root")),
            mail("Re: Re: root", text("4"), answer.format("Re-root")), mail("other words", text("5"), answer.format("root")))
        page.list_options(mode="threads")
        page.wait_for_subjects("root", "alone")
        page.expand_threads()
        page.wait_for_subjects("root", "alone", "Re: root", "Re: Re: root", "other words")
        self.assertEqual(page.depths(), {"root": 0, "alone": 0, "Re: root": 1, "Re: Re: root": 2, "other words": 1})
        self.assertIn("THREAD REFERENCES", self.roundcube.log_of("imap.log"))
        self.check_logs()

    def test_move_flag_and_delete(self):
        client = self.client()
        client.create("Papers/2026")
        for name in ("Papers", "Papers/2026"):
            client.subscribe(name)
        page = self.entered(*(mail(name, text(name)) for name in ("stays", "moves", "goes")))
        before = {message.partition(b"Message-ID: <")[2].partition(b"@")[0].decode(): message for message in self.export(ADA)}
        page.select("moves")
        page.move_to("2026")
        page.wait_for_subjects("stays", "goes")
        page.select("goes")
        page.press("delete")
        page.wait_for_subjects("stays")
        page.flag("stays")
        page.open_folder("2026")
        page.wait_for_subjects("moves")
        page.open_folder("Trash")
        page.wait_for_subjects("goes")
        self.assertEqual(self.kept("Papers/2026"), [before["moves"]])
        self.assertEqual(self.kept("Trash"), [before["goes"]])
        self.assertEqual(self.kept("INBOX"), [before["stays"]])
        self.assertIn("\\Flagged", self.flags_of(self.client(), "stays"))
        self.assertIn("UID MOVE", self.roundcube.log_of("imap.log"))
        self.check_logs()

    def test_reply_with_an_attachment(self):
        page = self.entered(mail("question", text("How much?\r\n.\r\n..dots")), smtp_host=f"ssl://127.0.0.1:{self.server.submissions}")
        file = self.folder / "Zahlen-äö.bin"
        file.write_bytes(BLOB)
        page.select("question")
        page.press("reply")
        page.compose_page()
        self.assertEqual(self.browser.find_element("id", "compose-subject").get_attribute("value"), "Re: question")
        page.write("Fifty €.\n.\n..and more\n")
        page.attach(file)
        page.save_draft()
        [draft] = self.kept("Drafts")
        self.assertIn(b"Subject: Re: question", draft)
        page.send()
        self.wait_for_mail(BOB, 1)
        [came] = self.export(BOB)
        message = email.message_from_bytes(came, policy=email.policy.default)
        self.assertEqual((message["From"], message["To"], message["In-Reply-To"]), (ADA, "Bob Bauer <bob@home.example>", "<question@home.example>"))
        [part] = message.iter_attachments()
        self.assertEqual((part.get_filename(), part.get_content()), (file.name, BLOB))
        words = message.get_body().get_content().replace("\r\n", "\n")
        self.assertTrue("Fifty €.\n.\n..and more" in words and "> .\n> ..dots" in words, words)
        # What was kept is what was sent; the draft is gone.
        [sent] = self.kept("Sent")
        self.assertTrue(came.endswith(sent), (came[:2000], sent[:2000]))
        self.assertEqual(self.kept("Drafts"), [])
        self.assertIn("\\Answered", self.flags_of(self.client(), "question"))
        self.assertIn("\\Seen", self.flags_of(self.client(mailbox="Sent"), message["Message-ID"].strip("<>")))
        page.open_folder("Sent")
        page.wait_for_subjects("Re: question")
        self.check_logs()

    def test_what_others_change(self):
        """With Roundcube's own cache, which QRESYNC keeps up to date."""
        page = self.entered(*(mail(name, text(name)) for name in ("one", "two", "three")), imap_cache="db", messages_cache="db")
        page.wait_for_subjects("one", "two", "three")
        client = self.client()
        for name, flag in (("two", "(\\Flagged)"), ("one", "(\\Deleted)")):
            [uid] = client.uid("search", "SUBJECT", name)[1][0].split()
            self.assertEqual(client.uid("store", uid, "+FLAGS", flag)[0], "OK")
        client.expunge()
        self.hand_in(mail("four", text("four")))
        self.wait_for_mail(ADA, 3)
        page.refresh()
        page.wait_for_subjects("two", "three", "four")
        page.until("the flag", lambda: page.is_flagged("two"))
        self.assertFalse(page.is_flagged("three"))
        self.assertIn("ENABLE QRESYNC", self.roundcube.log_of("imap.log"))
        self.check_logs()


if __name__ == "__main__":
    unittest.main()
