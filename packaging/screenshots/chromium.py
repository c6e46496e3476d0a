"""A headless Chromium that photographs pages, driven through its chromedriver."""
import base64
import json
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

CHROMIUM = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
]


class Driver:
    """chromedriver, for as long as the block lasts."""

    def __enter__(self):
        self.port = free_port()
        self.process = subprocess.Popen(["chromedriver", f"--port={self.port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Browser:
    def __init__(self, port, scheme, width):
        self.base = f"http://127.0.0.1:{port}"
        self.width = width
        self.profile = tempfile.mkdtemp()
        options = {"args": CHROMIUM + [f"--user-data-dir={self.profile}", f"--window-size={max(width, 500)},1000"]}
        answer = self.call("POST", "/session", {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}})
        self.base += f"/session/{answer['sessionId']}"
        self.cdp("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
        self.size(1000)

    def call(self, method, path, body=None, attempts=50):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"content-type": "application/json"}, method=method)
        for _ in range(attempts):
            try:
                return json.load(urllib.request.urlopen(request))["value"]
            except urllib.error.URLError as error:
                if isinstance(error, urllib.error.HTTPError):
                    raise RuntimeError(error.read().decode()) from error
                time.sleep(0.1)
        raise RuntimeError("chromedriver does not answer")

    def cdp(self, command, parameters):
        return self.call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def run(self, script):
        return self.call("POST", "/execute/sync", {"script": script, "args": []})

    def size(self, height):
        self.cdp("Emulation.setDeviceMetricsOverride", {"width": self.width, "height": height, "deviceScaleFactor": 1, "mobile": False})

    def open(self, url):
        self.size(1000)
        self.call("POST", "/url", {"url": "about:blank"})
        self.call("POST", "/url", {"url": url})
        for _ in range(100):
            if self.run("return !!document.getElementById('title')"):
                break
            time.sleep(0.1)
        time.sleep(0.6)

    def picture(self, height):
        height = height or self.run("return document.documentElement.scrollHeight")
        self.size(height)
        overflow = self.run("return document.documentElement.scrollWidth - innerWidth")
        if overflow > 0:
            print(f"   {overflow} px too wide")
        return base64.b64decode(self.call("GET", "/screenshot"))

    def close(self):
        self.call("DELETE", "")
        shutil.rmtree(self.profile, ignore_errors=True)
