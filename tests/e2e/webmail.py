"""Roundcube's pages as a person uses them: what is clicked, typed and read there, with Selenium's driver."""

import contextlib
import time
from pathlib import Path

SUBJECTS = """return [...document.querySelectorAll('#messagelist > tbody > tr.message')].filter(row => row.offsetParent !== null)
  .map(row => row.querySelector('td.subject span.subject').innerText.trim())"""
SECONDS = 60  # no step of a person's takes longer, on the slowest of machines


class Webmail:
    def __init__(self, browser, url: str):
        self.browser, self.url = browser, url

    # --- waiting and looking

    def until(self, what: str, condition):
        """Its first value that is true. What belongs to a page that is being left counts as not there."""
        from selenium.common.exceptions import WebDriverException
        end, last = time.monotonic() + SECONDS, None
        while True:
            try:
                if found := condition():
                    return found
                last = found
            except WebDriverException as error:
                last = error.msg
            if time.monotonic() > end:
                with contextlib.suppress(WebDriverException):
                    last = f"{last}\n{self.browser.current_url}\n{self.browser.find_element('css selector', 'body').text[:2000]}"
                raise TimeoutError(f"{what}: {last}")
            time.sleep(0.05)

    def see(self, selector: str):
        """That element, once it is shown."""
        return self.until(selector, lambda: next((found for found in self.browser.find_elements("css selector", selector)
                                                  if found.is_displayed()), None))

    def click(self, selector: str) -> None:
        """That element, once nothing is in its way."""
        def clicked():
            for found in self.browser.find_elements("css selector", selector):
                if found.is_displayed():
                    found.click()
                    return True
            return False
        self.until(f"to click {selector}", clicked)

    def read(self, selector: str) -> str:
        return self.see(selector).text

    def run(self, script: str, *arguments):
        return self.browser.execute_script(script, *arguments)

    def until_idle(self) -> None:
        """No request of the page's is under way."""
        self.until("the page to be idle", lambda: self.run("return window.rcmail && !rcmail.busy && !$.active"))

    # --- logging in

    def log_in(self, user: str, password: str) -> None:
        """The form, filled in and sent; what comes is the next page's business."""
        self.browser.get(self.url)
        self.see("#rcmloginuser").send_keys(user)
        self.see("#rcmloginpwd").send_keys(password)
        self.click("#rcmloginsubmit")

    def enter(self, user: str, password: str) -> None:
        """Logged in, and the inbox listed."""
        self.log_in(user, password)
        self.see("#mailboxlist li.mailbox.inbox.selected")
        self.until_idle()

    def log_out(self) -> None:
        self.click("#taskmenu a.logout")
        self.see("#rcmloginuser")

    # --- the list

    def subjects(self) -> list[str]:
        return self.run(SUBJECTS)

    def wait_for_subjects(self, *wanted: str) -> None:
        """The list shows these, in any order, and nothing else."""
        self.until(f"the list to be {sorted(wanted)}", lambda: sorted(self.subjects()) == sorted(wanted))

    def row(self, subject: str):
        return self.until(f"a message {subject!r}", lambda: next(
            (row for row in self.browser.find_elements("css selector", "#messagelist > tbody > tr.message")
             if row.is_displayed() and row.find_element("css selector", "span.subject").text.strip() == subject), None))

    def open_folder(self, name: str) -> None:
        """By its name on the page."""
        def clicked():
            for link in self.browser.find_elements("css selector", "#mailboxlist li.mailbox > a"):
                if link.text.strip().split("\n")[0] == name:
                    link.click()
                    return True
            return False
        self.until(f"folder {name}", clicked)
        self.until(f"{name} to be open", lambda: self.run(
            "return document.querySelector('#mailboxlist li.selected > a').firstChild.textContent.trim()") == name)
        self.until_idle()

    def folders(self) -> list[str]:
        return self.run("return [...document.querySelectorAll('#mailboxlist li.mailbox > a')].map(link => link.firstChild.textContent.trim())")

    def refresh(self) -> None:
        self.until_idle()
        self.click("a.refresh")
        self.until_idle()

    def select(self, subject: str) -> None:
        """Its preview is shown, and the toolbar is about it."""
        self.row(subject)
        self.until(f"{subject!r} to be selected", lambda: self.row(subject).find_element("css selector", "span.subject").click() or True)
        with self.preview():
            self.until(f"a preview of {subject!r}", lambda: subject in self.read("#message-header h2.subject"))
        self.until_idle()

    @contextlib.contextmanager
    def preview(self):
        """What is looked for within it, is looked for in the message beside the list."""
        self.until("a preview", lambda: self.browser.switch_to.frame("messagecontframe") or True)
        try:
            yield
        finally:
            self.browser.switch_to.default_content()

    def press(self, name: str) -> None:
        """A button for the selected message."""
        self.click(f"#layout-content a.{name}:not(.disabled)")

    def menu(self, name: str) -> None:
        """A command of the menu "More" on the selected message."""
        self.click("#messagemenulink")
        self.click(f"#message-menu a.{name}.active")

    def move_to(self, folder: str) -> None:
        self.menu("move")
        def clicked():
            for link in self.browser.find_elements("css selector", "#folder-selector a"):
                if link.is_displayed() and link.text.strip() == folder:
                    link.click()
                    return True
            return False
        self.until(f"{folder} in the list of folders", clicked)
        self.until_idle()

    def search(self, words: str, *fields: str, scope="base") -> None:
        """In those fields (subject, from, body, text) of this folder, or of all of them (scope="all")."""
        self.until_idle()
        if not any(found.is_displayed() for found in self.browser.find_elements("css selector", "#searchmenu")):
            self.click("#mailsearchform ~ a.button.options, .searchbar a.button.options")
        self.see("#searchmenu")
        self.run("""for (const box of document.querySelectorAll('#searchmenu input[name="s_mods[]"]'))
                      if (box.offsetParent !== null && box.checked != arguments[0].includes(box.value)) box.click()""", list(fields))
        self.run("const choice = document.querySelector('#searchmenu select[name=s_scope]'); choice.value = arguments[0];"
                 "choice.dispatchEvent(new Event('change', {bubbles: true}))", scope)
        box = self.see("#mailsearchform")
        box.clear()
        box.send_keys(words + "\n")
        self.until_idle()

    def end_search(self) -> None:
        self.click(".searchbar a.button.reset")
        self.until_idle()

    def list_options(self, **choices: str) -> None:
        """The dialog "List options": sort_col, sort_ord, mode."""
        self.click("#messagelist-header a.options")
        for name, value in choices.items():
            self.see(f".ui-dialog select[name={name}]")
            self.run("const choice = document.querySelector(`.ui-dialog select[name=${arguments[0]}]`); choice.value = arguments[1];"
                     "choice.dispatchEvent(new Event('change', {bubbles: true}))", name, value)
        self.click(".ui-dialog button.save")
        self.until("the dialog to be gone", lambda: not self.browser.find_elements("css selector", ".ui-dialog"))
        self.until_idle()

    def expand_threads(self) -> None:
        self.click("#messagelist-header a.threads")
        self.click("#threadselect-menu a.expand.all.active")
        self.until_idle()

    def depths(self) -> dict[str, int]:
        """How deep in its thread each message stands."""
        return self.run("""return Object.fromEntries(Object.keys(rcmail.message_list.rows).map(uid => [
            document.querySelector(`#${rcmail.message_list.rows[uid].id} span.subject`).innerText.trim(), rcmail.message_list.rows[uid].depth || 0]))""")

    def flag(self, subject: str) -> None:
        self.select(subject)
        self.click("#markmessagemenulink")
        self.click("#markmessage-menu a.flag.active")
        self.until(f"{subject} to be flagged", lambda: self.is_flagged(subject))
        self.until_idle()

    def is_flagged(self, subject: str) -> bool:
        return "flagged" in self.row(subject).get_attribute("class").split()

    # --- writing

    def compose_page(self) -> None:
        """What was clicked has brought the form."""
        self.see("#composebody")
        self.until_idle()

    def attach(self, path: Path) -> None:
        self.until("the form for files", lambda: self.browser.find_element("css selector", "#uploadform input[type=file]"))
        self.browser.find_element("css selector", "#uploadform input[type=file]").send_keys(str(path))
        self.until(f"{path.name} to be attached", lambda: path.name in self.read("#attachment-list") and not
                   self.browser.find_elements("css selector", "#attachment-list li.uploading"))
        self.until_idle()

    def write(self, words: str) -> None:
        """Above what is there."""
        box = self.see("#composebody")
        self.run("arguments[0].focus(); arguments[0].setSelectionRange(0, 0)", box)
        box.send_keys(words)

    def save_draft(self) -> None:
        self.click("#layout-content a.save.draft:not(.disabled)")
        self.until("the draft to be saved", lambda: "saved" in self.read("#messagestack").lower())
        self.until_idle()

    def send(self) -> None:
        """What is written; the list is back."""
        self.click("button.send")
        self.see("#mailboxlist li.mailbox.selected")
        self.until_idle()
