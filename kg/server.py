"""The packaged Oxigraph server as a child process: started, waited for, and ended."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from kg.errors import StoreError
from kg.tied_process import tied

__all__ = ["Server", "free_port"]

_START_SECONDS = 20.0


def free_port(host: str = "127.0.0.1") -> int:
    """Port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """A running Oxigraph server; a context manager that ends it.

    It calls services, loads URLs, and takes whatever a web page sends to it: people reach it through
    :class:`kg.gateway.Gateway`. On Linux it ends with the thread that started it.

    Parameters
    ----------
    folder
        Folder of an Oxigraph store; None for one in memory, which takes updates.
    port, bind
        Where it listens; a free port if left out.
    write
        Whether it takes updates.
    timeout_seconds
        After which it cuts a query off, to whole seconds; None for no limit. It does not notice the limit while it
        sorts, follows paths, or decides on an order of joins.
    memory_bytes
        What it may use; it ends when it needs more.
    pass_fds
        File descriptors that stay open as long as it runs, such as that of a lock.

    Raises
    ------
    StoreError
        If the server is not installed or does not start.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        port: int | None = None,
        bind: str = "127.0.0.1",
        write: bool = False,
        timeout_seconds: float | None = None,
        memory_bytes: int | None = None,
        pass_fds: Sequence[int] = (),
    ) -> None:
        program = shutil.which("oxigraph", path=sysconfig.get_path("scripts")) or shutil.which("oxigraph")
        if program is None:
            raise StoreError(
                "the Oxigraph server is not installed: `pip install oxigraph`, then run the command again"
            )
        self.port = port or free_port(bind if ":" not in bind else "127.0.0.1")
        host = f"[{bind}]" if ":" in bind else bind
        self.url = f"http://{host}:{self.port}"
        words = [program, "serve" if write or folder is None else "serve-read-only"]
        words += ["--bind", f"{host}:{self.port}"]
        if folder is not None:
            words += ["--location", str(folder)]
        if timeout_seconds is not None:
            words += ["--timeout-s", str(max(1, round(timeout_seconds)))]
        # A file, not a pipe: a server that writes much never waits for us to read.
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the server
        # Its own session: Ctrl+C reaches us, and we end it.
        self._process = subprocess.Popen(
            tied(words, memory_bytes),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._log,
            start_new_session=True,
            pass_fds=pass_fds,
        )
        try:
            self._wait_until_it_listens(bind)
        except BaseException:
            self.close()
            raise

    def _wait_until_it_listens(self, bind: str) -> None:
        reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bind, bind)  # noqa: S104 - compared, not bound
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end:
            if self._process.poll() is not None:
                self._log.seek(0)
                said = " ".join(self._log.read(2000).decode("utf-8", "replace").split())
                raise StoreError(f"the Oxigraph server did not start on {self.url}: {said or 'no message'}")
            try:
                socket.create_connection((reachable, self.port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise StoreError(f"the Oxigraph server did not start on {self.url} within {_START_SECONDS:g} s")

    @property
    def process_id(self) -> int:
        """Number of the server's process."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the server has not ended."""
        return self._process.poll() is None

    def wait(self) -> None:
        """Wait until the server ends.

        Raises
        ------
        StoreError
            If it ends by itself.
        """
        status = self._process.wait()
        raise StoreError(f"the Oxigraph server on {self.url} ended by itself (status {status})")

    def kill(self) -> None:
        """End the server at once, whatever it does."""
        self._process.kill()
        self._process.wait()
        self._log.close()

    def close(self) -> None:
        """End the server."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._log.close()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
