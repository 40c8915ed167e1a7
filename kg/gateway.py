"""The door of a served graph: checks what people send, and passes it to the packaged Oxigraph server.

The server alone would call any service, take updates from any web page, return everything, and keep working on a
query whose time is over. It listens on a port of 127.0.0.1 that only this process is told of, and is replaced when
it does not stop.
"""

from __future__ import annotations

import contextlib
import ipaddress
import math
import socket
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from kg.errors import StoreError
from kg.server import Server
from kg.tied_process import fair_memory

if TYPE_CHECKING:
    import uvicorn

__all__ = ["Gateway"]

_LOOK_SECONDS = 0.05
"""Pause between two looks at the server behind."""

_START_SECONDS = 30.0
_MOST_CONNECTIONS = 200


class Gateway:
    """A SPARQL 1.1 endpoint for a folder; a context manager that ends it.

    Parameters
    ----------
    folder
        Folder of an Oxigraph store, which nobody else writes meanwhile; None for one in memory.
    port, bind
        Where it listens; a free port if left out.
    write
        Whether it takes updates (``/update``) and whole graphs (``/store``).
    timeout_seconds
        After which a query ends; None for no limit.
    limit
        Rows after which an answer is cut; 0 for no limit. A cut answer has the header ``Metakg-Truncated``. A long
        answer, whose head is sent before its end is known, has ``Metakg-Limit``: it is cut if it has so many rows.
    allow_services
        Hosts that ``SERVICE`` may call, ``HOST`` or ``HOST:PORT``.
    memory_bytes
        What the server behind may use; :func:`kg.tied_process.fair_memory` if left out.
    pass_fds
        File descriptors that stay open as long as the server behind runs, such as that of a lock.
    before_write
        Called before each request that writes is passed on.

    Raises
    ------
    StoreError
        If the server is not installed, does not start, or the port is taken.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        port: int | None = None,
        bind: str = "127.0.0.1",
        write: bool = False,
        timeout_seconds: float | None = 60.0,
        limit: int = 1_000_000,
        allow_services: Sequence[str] = (),
        memory_bytes: int | None = None,
        pass_fds: Sequence[int] = (),
        before_write: Callable[[], None] | None = None,
    ) -> None:
        try:
            import uvicorn

            from kg.gateway_app import application
        except ImportError as error:
            raise StoreError(
                f"the server needs {error.name}: `pip install 'metakg[scale]'`, then run the command again"
            ) from error
        self.write = write
        self.timeout_seconds = timeout_seconds
        self.limit = limit
        self.allow_services = tuple(allow_services)
        self.before_write = before_write
        listener = _listener(bind, port or 0)
        self.port: int = listener.getsockname()[1]
        self.url = f"http://{f'[{bind}]' if ':' in bind else bind}:{self.port}"
        self._child = _Child(
            folder,
            write=write,
            timeout_seconds=timeout_seconds,
            memory_bytes=memory_bytes or fair_memory(),
            pass_fds=pass_fds,
        )
        try:
            self._child.now()
            app = application(self._child, self, _OwnHosts(bind))
            self._server = uvicorn.Server(
                uvicorn.Config(
                    app,
                    log_config=None,
                    log_level="critical",
                    access_log=False,
                    server_header=False,
                    lifespan="off",
                    ws="none",
                    http="h11",
                    loop="asyncio",
                    proxy_headers=False,
                    limit_concurrency=_MOST_CONNECTIONS,
                    timeout_graceful_shutdown=1,
                )
            )
            self._thread = threading.Thread(
                target=self._server.run, args=([listener],), name="gateway", daemon=True
            )
            self._thread.start()
            _wait_until_started(self._server, self._thread)
        except BaseException:
            listener.close()
            self._child.close()
            raise
        self._listener = listener

    def wait(self) -> None:
        """Wait until the gateway ends.

        Raises
        ------
        StoreError
            If it ends by itself.
        """
        while self._thread.is_alive() and self._child.failure is None:
            self._thread.join(0.5)
        raise StoreError(f"the server on {self.url} ended by itself: {self._child.failure or 'no message'}")

    def close(self) -> None:
        """End the gateway and the server behind it."""
        self._server.should_exit = True
        self._child.close()
        self._thread.join(10)
        self._listener.close()

    def __enter__(self) -> Gateway:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _listener(bind: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((bind, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise StoreError(
            f"nothing can listen on {bind}, port {port} ({error.strerror}): name another with --port or --bind"
        ) from error
    return listener


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    end = time.monotonic() + _START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > end:
            raise StoreError("the gateway did not start: try again")
        time.sleep(0.005)


class _OwnHosts:
    """Whether the host that a request names is one of ours: a name that was made to lead here is not."""

    def __init__(self, bind: str) -> None:
        self._names = {"localhost", "127.0.0.1", "::1", bind.lower()}
        self._everywhere = _is_unspecified(bind)
        if self._everywhere:
            self._names |= {socket.gethostname().lower(), socket.getfqdn().lower()}

    def __call__(self, host: str) -> bool:
        name = host.lower()
        if name.startswith("["):
            name = name[1:].partition("]")[0]
        else:
            name = name.partition(":")[0]
        if name in self._names:
            return True
        return self._everywhere and _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_unspecified(bind: str) -> bool:
    return _is_address(bind) and ipaddress.ip_address(bind).is_unspecified


class _Child:
    """The server behind the gateway, replaced when it has ended or does not end a query.

    One thread starts all of them, since a server ends with the thread that started it.
    """

    def __init__(
        self,
        folder: Path | None,
        *,
        write: bool,
        timeout_seconds: float | None,
        memory_bytes: int,
        pass_fds: Sequence[int],
    ) -> None:
        self._folder = folder
        self._write = write
        self._timeout_seconds = None if timeout_seconds is None else math.ceil(timeout_seconds)
        self._memory_bytes = memory_bytes
        self._pass_fds = tuple(pass_fds)
        self.failure: StoreError | None = None
        self._changed = threading.Condition()
        self._server: Server | None = None
        self._number = 0
        self._unwanted = 0
        self._writes = 0
        self._closing = False
        self._thread = threading.Thread(target=self._keep, name="gateway-server", daemon=True)
        self._thread.start()

    def now(self) -> tuple[int, int]:
        """Port and number of the server that is there; waits for it.

        Raises
        ------
        StoreError
            If there is none.
        """
        with self._changed:
            there = self._changed.wait_for(self._usable, _START_SECONDS)
            if self.failure is not None:
                raise self.failure
            if not there or self._server is None:
                raise StoreError("the server behind the gateway does not start: try again later")
            return self._server.port, self._number

    def _usable(self) -> bool:
        return self.failure is not None or (self._server is not None and self._unwanted != self._number)

    def replace(self, number: int) -> None:
        """Put another in the place of the server of that number, unless that is done."""
        with self._changed:
            if number == self._number:
                self._unwanted = number
                self._changed.notify_all()

    def writing(self, change: int) -> None:
        """Count what is being written."""
        with self._changed:
            self._writes += change
            self._changed.notify_all()

    def _keep(self) -> None:
        while not self._closing:
            try:
                server = Server(
                    self._folder,
                    write=self._write,
                    timeout_seconds=self._timeout_seconds,
                    memory_bytes=self._memory_bytes,
                    pass_fds=self._pass_fds,
                )
            except StoreError as error:
                self._fail(error)
                return
            with self._changed:
                self._server = server
                self._number += 1
                self._changed.notify_all()
                while server.running and not self._closing and not self._must_go():
                    self._changed.wait(_LOOK_SECONDS)
                self._server = None
            if self._folder is None and not self._closing:
                self._fail(
                    StoreError("the server with the graph in its memory has ended, and the graph with it")
                )
            if self._closing:
                server.close()
            else:
                server.kill()

    def _must_go(self) -> bool:
        return self._unwanted == self._number and not self._writes and self._folder is not None

    def _fail(self, error: StoreError) -> None:
        with self._changed:
            self.failure = error
            self._closing = True
            self._changed.notify_all()

    def close(self) -> None:
        """End the server."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        with contextlib.suppress(RuntimeError):
            self._thread.join(15)
