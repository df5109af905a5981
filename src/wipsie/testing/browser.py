"""A real browser for tests: Chromium without a window, steered over its own debugging protocol."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wipsie.testing.eventually import eventually

if TYPE_CHECKING:
    import aiohttp

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--remote-debugging-port=0",
)
_START_S_MAX = 30.0
_ANSWER_S_MAX = 15.0
_ANSWER_BYTES_MAX = 64 * 1024 * 1024


def browser_program() -> str | None:
    """The path of a Chromium on this machine; None when there is none."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


class PageError(AssertionError):
    """Script in the page failed."""


class Browser:
    """``async with Browser(folder, size=(1400, 900)) as page:``, with an empty folder for its profile.

    `complaints` holds what the page threw, what it logged as an error and what its policy forbade.
    """

    def __init__(
        self, folder: Path, *, size: tuple[int, int] = (1400, 900), dark: bool = False, downloads: Path | None = None
    ) -> None:
        """`downloads`: where what pages hand out is put; None refuses it."""
        self._folder = folder
        self._downloads = downloads
        self._size = size
        self._dark = dark
        self.complaints: list[str] = []
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._page: str | None = None
        self._files: list[str] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._ended = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Browser:
        """RuntimeError when there is no browser, or it does not start."""
        import aiohttp

        program = browser_program()
        if program is None:
            raise RuntimeError(f"There is none of {', '.join(_NAMES)} on this machine.")
        async with contextlib.AsyncExitStack() as begun:
            process = await asyncio.create_subprocess_exec(
                program,
                *_OPTIONS,
                f"--user-data-dir={self._folder}",
                f"--window-size={self._size[0]},{self._size[1]}",
                "about:blank",
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                env={"HOME": str(self._folder), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TZ": "UTC"},
            )
            begun.push_async_callback(_end, process)
            address = await _address(process)
            assert process.stderr is not None
            self._keep(process.stderr.read())
            session = await begun.enter_async_context(aiohttp.ClientSession())
            self._socket = await begun.enter_async_context(session.ws_connect(address, max_msg_size=_ANSWER_BYTES_MAX))
            begun.push_async_callback(self._stop_tasks)
            self._keep(self._listen(self._socket))
            await self._attach()
            self._ended = begun.pop_all()
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self._ended.aclose()

    async def open(self, url: str) -> None:
        await self._call("Page.navigate", url=url)
        await self.until("document.readyState === 'complete'")

    async def run(self, script: str) -> Any:
        """The value of an expression, awaited when it is a promise, as if a person had asked for it. PageError."""
        answer = await self._call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True
        )
        if "exceptionDetails" in answer:
            raise PageError(_words(answer["exceptionDetails"]))
        return answer["result"].get("value")

    async def until(self, script: str, timeout_s: float = 10.0) -> Any:
        """Wait until an expression is true; its value, or True for an element. AssertionError with what the page shows."""
        try:
            return await eventually(
                lambda: self.run(f"window.wipsieValue({script})"), timeout_s, f"{script} is not true", interval_s=0.02
            )
        except AssertionError as error:
            text = await self.run("document.body.innerText")
            raise AssertionError(f"{error}; complaints: {self.complaints}; the page shows:\n{text}") from None

    async def click(self, name: str, *, within: str = "body") -> None:
        """The last visible button, tab, link or menu row with this accessible name or text, inside of a CSS selector."""
        await self.until(f"window.wipsieClick({json.dumps(name)}, {json.dumps(within)})")

    async def fill(self, label: str, value: str) -> None:
        """The field with this label gets a value, as if typed."""
        await self.until(f"window.wipsieFill({json.dumps(label)}, {json.dumps(value)})")

    async def press(self, key: str) -> None:
        """A key such as Enter or ArrowRight, where the focus is."""
        text = {"text": "\r"} if key == "Enter" else {}
        await self._call("Input.dispatchKeyEvent", type="keyDown", key=key, code=key, **text)
        await self._call("Input.dispatchKeyEvent", type="keyUp", key=key, code=key)

    def choose_files(self, paths: Sequence[Path]) -> None:
        """What the next file dialogs of the page are answered with."""
        self._files = [str(path) for path in paths]

    async def screenshot(self, path: Path) -> None:
        answer = await self._call("Page.captureScreenshot", format="png")
        await asyncio.to_thread(path.write_bytes, base64.b64decode(answer["data"]))

    async def _attach(self) -> None:
        allowed = {"behavior": "deny"}
        if self._downloads is not None:
            self._downloads.mkdir(parents=True, exist_ok=True)
            allowed = {"behavior": "allow", "downloadPath": str(self._downloads)}
        await self._call("Browser.setDownloadBehavior", **allowed)
        target = await self._call("Target.createTarget", url="about:blank")
        answer = await self._call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._page = answer["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            await self._call(f"{domain}.enable")
        await self._call("Page.setInterceptFileChooserDialog", enabled=True)
        await self._call(
            "Emulation.setDeviceMetricsOverride",
            width=self._size[0],
            height=self._size[1],
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if self._dark else "light"}
        await self._call("Emulation.setEmulatedMedia", features=[scheme])
        await self._call("Page.addScriptToEvaluateOnNewDocument", source=_HELPERS)

    async def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        session = {"sessionId": self._page} if self._page is not None else {}
        await self._socket.send_json({"id": number, "method": method, "params": parameters, **session})
        try:
            async with asyncio.timeout(_ANSWER_S_MAX):
                return await answer
        finally:
            del self._answers[number]

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            said = json.loads(message.data)
            waiting = self._answers.get(said.get("id", 0))
            if waiting is None:
                self._heard(said.get("method", ""), said.get("params", {}))
            elif "error" in said:
                waiting.set_exception(PageError(said["error"]["message"]))
            else:
                waiting.set_result(said["result"])

    def _heard(self, method: str, event: dict[str, Any]) -> None:
        if method == "Runtime.exceptionThrown":
            self.complaints.append(_words(event["exceptionDetails"]))
        elif method == "Log.entryAdded" and event["entry"]["level"] == "error":
            self.complaints.append(f"{event['entry']['text']} {event['entry'].get('url', '')}".strip())
        elif method == "Runtime.consoleAPICalled" and event["type"] in ("error", "warning", "assert"):
            self.complaints.append(" ".join(str(part.get("value", "")) for part in event["args"]))
        elif method == "Page.fileChooserOpened":
            self._keep(self._call("DOM.setFileInputFiles", files=self._files, backendNodeId=event["backendNodeId"]))

    def _keep(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _stop_tasks(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


_HELPERS = """
window.wipsieValue = async (given) => {
  const value = await given;
  return value instanceof Node ? true : value;
};
window.wipsieClick = (name, within) => {
  const sheet = document.querySelector('dialog[open]');
  const named = (one) => [one.getAttribute('aria-label'), one.textContent, one.querySelector('span, strong')?.textContent].some((words) => words?.trim() === name);
  const found = [...(sheet ?? document).querySelectorAll(`:is(${within}) :is(button, a, [role=tab], summary)`)].filter((one) => one.checkVisibility() && named(one)).at(-1);
  found?.click();
  return Boolean(found);
};
window.wipsieFill = (label, value) => {
  const labelled = [...document.querySelectorAll('label')].find((one) => one.textContent.trim() === label && one.checkVisibility());
  const field = labelled ? document.getElementById(labelled.htmlFor) : document.querySelector(`[aria-label="${label}"]`);
  if (!field) return false;
  field.focus();
  field.value = value;
  field.dispatchEvent(new Event('input', { bubbles: true }));
  field.dispatchEvent(new Event('change', { bubbles: true }));
  return true;
};
"""


def _words(details: dict[str, Any]) -> str:
    return str(details.get("exception", {}).get("description") or details.get("text"))


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    said: list[str] = []
    try:
        async with asyncio.timeout(_START_S_MAX):
            while line := (await process.stderr.readline()).decode(errors="replace"):
                said.append(line)
                if "DevTools listening on " in line:
                    return line.partition(" on ")[2].strip()
    except TimeoutError:
        pass
    raise RuntimeError(f"The browser does not start:\n{''.join(said)[-2000:]}")


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()
