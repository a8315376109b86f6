"""Debian's Chromium without a screen, and Selenium to drive it; unpacked, and never installed. For tests of the suite `heavy`."""

import sys
import time
from pathlib import Path

import fetched
from filters import Partner, answers, unpacked


class Chromium(Partner):
    """A headless Chromium with a profile of its own. .browser: Selenium's driver; .downloads"""

    name = "chromedriver"

    def __init__(self, folder: Path):
        super().__init__(folder)
        self.root = unpacked("chromium", "chromium", "chromium-driver", "python3-selenium")
        self.port = fetched.free_port()
        self.downloads = self.folder / "downloads"
        self.downloads.mkdir(exist_ok=True)
        self.browser = None

    def environment(self, root):
        environment = super().environment(root)
        sound = ":".join(map(str, root.glob("usr/lib/*-linux-gnu*/pulseaudio")))  # it is linked with that
        return {**environment, "LD_LIBRARY_PATH": environment["LD_LIBRARY_PATH"] + ":" + sound, "HOME": str(self.folder),
                "TMPDIR": str(self.folder)}

    def command(self):
        return [str(self.root / "usr/bin/chromedriver"), f"--port={self.port}"]

    def is_ready(self):
        return answers(self.port)

    def open(self):
        """Starts the browser itself."""
        modules = str(self.root / "usr/lib/python3/dist-packages")
        if modules not in sys.path:
            sys.path.append(modules)
        from selenium import webdriver
        from selenium.webdriver.remote.file_detector import UselessFileDetector
        options = webdriver.ChromeOptions()
        options.binary_location = str(self.root / "usr/lib/chromium/chromium")
        for word in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "window-size=1600,1000", "lang=en-US",
                     f"user-data-dir={self.folder}/profile",
                     "host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"):  # nothing leaves the machine
            options.add_argument("--" + word)
        options.add_experimental_option("prefs", {"download.default_directory": str(self.downloads), "download.prompt_for_download": False,
                                                  "credentials_enable_service": False})
        self.browser = webdriver.Remote(command_executor=f"http://127.0.0.1:{self.port}", options=options)
        self.browser.file_detector = UselessFileDetector()  # files to upload are on this machine
        return self.browser

    def downloaded(self, name: str) -> bytes:
        """That file, once it is there as a whole; it is removed."""
        path, end = self.downloads / name, time.monotonic() + 60
        while not path.exists():
            if time.monotonic() > end:
                raise TimeoutError(f"no {name} among {[path.name for path in self.downloads.iterdir()]}")
            time.sleep(0.05)
        octets = path.read_bytes()
        path.unlink()
        return octets

    def stop(self):
        try:
            if self.browser:
                self.browser.quit()
        finally:
            self.browser = None
            super().stop()
