"""A TCP proxy on loopback that counts bytes and, when a test says so, delays, stalls or cuts."""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Literal

CHUNK_BYTES, JOIN_S = 16_384, 10
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing tells the other side of an error


@dataclass
class Fault:
    """What happens to all connections after so many more bytes from the server: `cut` ends them as
    if all had been said, `reset` with an error, `stall` keeps them open and silent. A lasting one
    meets new connections, too."""

    what: Literal["cut", "reset", "stall"]
    after_bytes: int
    lasting: bool = False


class CuttingProxy:
    """Passes connections on to a port; `from_server` and `to_server` are the bytes so far."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.from_server = self.to_server = self.connections = 0
        self.delay_s = 0.0  # before each piece, in both directions
        self._fault: Fault | None = None
        self._fault_at = 0
        self._struck = False
        self._lock = threading.Lock()
        self._flowing = threading.Event()  # cleared while everything stalls
        self._flowing.set()
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def will(self, fault: Fault) -> None:
        """Sets what happens next; bytes count from now on."""
        with self._lock:
            self._fault, self._fault_at = fault, self.from_server + fault.after_bytes
            self._struck = False

    def mend(self) -> None:
        """Ends what was stalled or refused: from now on bytes pass again."""
        with self._lock:
            stalled = self._struck and self._fault is not None and self._fault.what == "stall"
            self._fault, self._struck = None, False
        if stalled:
            self._end_all(reset=True)  # nobody waits for these any more
        self._flowing.set()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._flowing.set()
        self._end_all(reset=False)
        for thread in self._threads:
            thread.join(JOIN_S)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # closed
            try:
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                client.close()
            else:
                self._join(client, server)

    def _join(self, client: socket.socket, server: socket.socket) -> None:
        with self._lock:
            self.connections += 1
            self._sockets += [client, server]
            fault = self._fault if self._struck else None
        if fault and fault.what != "stall":
            return self._end_all(reset=fault.what == "reset")
        for source, sink in ((client, server), (server, client)):
            arguments = (source, sink, source is server)
            self._threads.append(threading.Thread(target=self._pump, args=arguments, daemon=True))
            self._threads[-1].start()

    def _pump(self, source: socket.socket, sink: socket.socket, from_server: bool) -> None:
        with suppress(OSError):
            while piece := source.recv(CHUNK_BYTES):
                time.sleep(self.delay_s)
                self._flowing.wait()
                fault = None
                if from_server:
                    piece, fault = self._counted(piece)
                else:
                    with self._lock:
                        self.to_server += len(piece)
                sink.sendall(piece)
                if fault:
                    self._strike(fault)
                    self._flowing.wait()
        with suppress(OSError), self._lock:
            if sink in self._sockets:  # else it has been ended, perhaps with an error
                sink.shutdown(socket.SHUT_WR)

    def _counted(self, piece: bytes) -> tuple[bytes, Fault | None]:
        """What of a piece still passes, and the fault that is then due."""
        with self._lock:
            fault = self._fault
            if fault and not self._struck and self.from_server + len(piece) >= self._fault_at:
                piece = piece[: self._fault_at - self.from_server]
                self._struck = True
                if not fault.lasting and fault.what != "stall":
                    self._fault, self._struck = None, False
            else:
                fault = None
            self.from_server += len(piece)
            return piece, fault

    def _strike(self, fault: Fault) -> None:
        if fault.what == "stall":
            self._flowing.clear()
        else:
            self._end_all(reset=fault.what == "reset")

    def _end_all(self, reset: bool) -> None:
        with self._lock:
            ended, self._sockets = self._sockets, []
        for each in ended:
            with suppress(OSError):
                if reset:
                    each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                each.shutdown(socket.SHUT_RD if reset else socket.SHUT_RDWR)  # wakes its reader
        for each in ended:
            each.close()


@contextmanager
def cutting_proxy(target: int) -> Iterator[CuttingProxy]:
    proxy = CuttingProxy(target)
    try:
        yield proxy
    finally:
        proxy.close()
