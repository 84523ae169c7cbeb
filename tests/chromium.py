"""A real browser for tests: headless Chromium, spoken to by the DevTools protocol."""

import asyncio
import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp

START_S, ANSWER_S = 60, 60


class Tab:
    """One page of a browser. Events that came are in `events`, as (method, params)."""

    def __init__(self, loop: asyncio.AbstractEventLoop, socket: aiohttp.ClientWebSocketResponse):
        self.loop, self.socket = loop, socket
        self.calls = 0
        self.events: list[tuple[str, dict[str, Any]]] = []

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of one command of the protocol."""
        return self.loop.run_until_complete(self._call(method, params))

    async def _call(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        self.calls += 1
        await self.socket.send_json({"id": self.calls, "method": method, "params": params})
        while True:
            message = await self.socket.receive_json(timeout=ANSWER_S)
            if message.get("id") == self.calls:
                assert "error" not in message, message
                return message["result"]
            if "method" in message:
                self.events.append((message["method"], message["params"]))

    def wait_for(self, event: str) -> None:
        end = time.monotonic() + ANSWER_S
        while all(method != event for method, _ in self.events):
            assert time.monotonic() < end, f"{event} did not come"
            self.run("0")  # events come with answers

    def open(self, page: Path) -> None:
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.call(f"{domain}.enable")
        self.call("Page.navigate", url=page.resolve().as_uri())
        self.wait_for("Page.loadEventFired")

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def resize(self, width: int, height: int, is_phone: bool = False) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=is_phone,
        )  # fmt: skip

    def scheme(self, name: str) -> None:
        """What the reader prefers: `light` or `dark`."""
        features = [{"name": "prefers-color-scheme", "value": name}]
        self.call("Emulation.setEmulatedMedia", features=features)

    def press(self, key: str, code: int) -> None:
        for kind in ("rawKeyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent",
                type=kind, key=key, code=key, windowsVirtualKeyCode=code,
            )  # fmt: skip

    def screenshot(self, file: Path, **clip: float) -> None:
        """The page, or the part of it at x, y, width, height."""
        more: dict[str, Any] = {"clip": clip | {"scale": 1}} if clip else {}
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True, **more)
        file.write_bytes(base64.b64decode(shot["data"]))


def program() -> str | None:
    return shutil.which("chromium")


@contextmanager
def browser(room: Path) -> Iterator[Tab]:
    """A tab of a browser of its own, whose profile lies in `room`."""
    path = program()
    assert path is not None
    flags = ["--headless=new", "--disable-gpu", "--no-first-run", "--disable-background-networking",
             "--remote-debugging-port=0", f"--user-data-dir={room}"]  # fmt: skip
    if os.geteuid() == 0:
        flags.append("--no-sandbox")  # Chromium refuses to run as root with it
    process = subprocess.Popen(
        [path, *flags, "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    loop = asyncio.new_event_loop()
    try:
        port = _port(process, room / "DevToolsActivePort")
        with _tab(loop, port) as tab:
            yield tab
    finally:
        loop.close()
        process.terminate()
        process.wait(timeout=START_S)


def _port(process: subprocess.Popen, file: Path) -> int:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        assert process.poll() is None, "the browser ended at once"
        lines = file.read_text().splitlines() if file.is_file() else []
        if len(lines) == 2:
            return int(lines[0])
        time.sleep(0.1)
    raise TimeoutError(f"no browser after {START_S} s")


@contextmanager
def _tab(loop: asyncio.AbstractEventLoop, port: int) -> Iterator[Tab]:
    async def connect() -> tuple[aiohttp.ClientSession, aiohttp.ClientWebSocketResponse]:
        session = aiohttp.ClientSession()
        async with session.put(f"http://127.0.0.1:{port}/json/new?about:blank") as answer:
            place = json.loads(await answer.text())["webSocketDebuggerUrl"]
        return session, await session.ws_connect(place, max_msg_size=0)

    session, socket = loop.run_until_complete(connect())
    try:
        yield Tab(loop, socket)
    finally:
        loop.run_until_complete(socket.close())
        loop.run_until_complete(session.close())
