"""A TCP proxy on loopback that can go silent, be slow, reset, or cut after so many bytes: a bad network in the hand."""

import contextlib
import selectors
import socket
import struct
import threading
import time
from dataclasses import dataclass, field


@dataclass(eq=False)
class _Link:
    """One connection through the proxy, its two ends and the bytes each has sent."""

    client: socket.socket
    server: socket.socket
    sent: dict[socket.socket, int] = field(default_factory=dict)

    def other(self, end: socket.socket) -> socket.socket:
        """The opposite end."""
        return self.server if end is self.client else self.client


class CuttingProxy:
    """Forwards to `target`. `cut_after` counts the bytes from the server, of the next connections."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.cut_after: int | None = None
        self.silent = False
        self.bytes_per_s = 0  # 0: as fast as it goes
        self.to_server = self.to_client = 0
        self._links: list[_Link] = []
        self._lock = threading.RLock()
        self._wake_read, self._wake_write = socket.socketpair()
        self._closing = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def pause(self) -> None:
        """From now on nothing passes and nobody is told: a black hole."""
        self.silent = True

    def resume(self) -> None:
        """What waited passes."""
        self.silent = False
        self._wake_write.send(b"!")

    def reset(self) -> None:
        """End every connection with RST on both sides."""
        with self._lock:
            for link in list(self._links):
                self._drop(link)

    def close(self) -> None:
        """End the proxy."""
        self._closing = True
        self._wake_write.send(b"!")
        self._thread.join(10)
        self.reset()
        for each in (self._listener, self._wake_read, self._wake_write):
            each.close()

    def _serve(self) -> None:
        while not self._closing:
            with selectors.DefaultSelector() as selector, self._lock:
                selector.register(self._wake_read, selectors.EVENT_READ)
                selector.register(self._listener, selectors.EVENT_READ)
                if not self.silent:
                    for link in self._links:
                        selector.register(link.client, selectors.EVENT_READ, link)
                        selector.register(link.server, selectors.EVENT_READ, link)
                self._lock.release()
                try:
                    ready = selector.select(0.1)
                finally:
                    self._lock.acquire()
                for key, _ in ready:
                    self._step(key)

    def _step(self, key: selectors.SelectorKey) -> None:
        if key.fileobj is self._wake_read:
            self._wake_read.recv(100)
        elif key.fileobj is self._listener:
            client, _ = self._listener.accept()
            try:
                server = socket.create_connection(("127.0.0.1", self._target), 5)
            except OSError:
                _reset(client)
                return
            self._links.append(_Link(client, server, {client: 0, server: 0}))
        elif not self.silent and key.data in self._links and isinstance(key.fileobj, socket.socket):
            self._forward(key.data, key.fileobj)

    def _forward(self, link: _Link, end: socket.socket) -> None:
        try:
            data = end.recv(self.bytes_per_s // 10 or 1 << 16)
            if self.bytes_per_s:
                time.sleep(len(data) / self.bytes_per_s)
            if end is link.server and self.cut_after is not None:
                room = self.cut_after - link.sent[end]
                if len(data) >= room:
                    link.other(end).sendall(data[:room])
                    self._drop(link)
                    return
            link.other(end).sendall(data)
        except OSError:
            data = b""
        if not data:
            self._drop(link)
            return
        link.sent[end] += len(data)
        if end is link.client:
            self.to_server += len(data)
        else:
            self.to_client += len(data)

    def _drop(self, link: _Link) -> None:
        if link in self._links:
            self._links.remove(link)
        _reset(link.client)
        _reset(link.server)


def _reset(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.close()
