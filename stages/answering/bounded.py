"""HTTP with a bound on what a server may send: a body is refused as soon as it is longer, and one
that is compressed at all, since a small one may unpack to any size."""

from collections.abc import Iterator

import httpx2

MAX_BODY_BYTES = 16 * 2**20


class TooLong(Exception):
    """A body of more than MAX_BODY_BYTES."""


class _BoundedStream(httpx2.SyncByteStream):
    def __init__(self, stream: httpx2.SyncByteStream):
        self.stream = stream

    def __iter__(self) -> Iterator[bytes]:
        received = 0
        for chunk in self.stream:
            received += len(chunk)
            if received > MAX_BODY_BYTES:
                raise TooLong
            yield chunk

    def close(self) -> None:
        self.stream.close()


class _BoundedTransport(httpx2.HTTPTransport):
    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        response = super().handle_request(request)
        if response.headers.get("Content-Encoding", "identity") != "identity":
            response.close()
            raise TooLong
        assert isinstance(response.stream, httpx2.SyncByteStream)
        response.stream = _BoundedStream(response.stream)
        return response


def bounded_client(timeout_s: float) -> httpx2.Client:
    """A client for one server of the user's own; redirects are not followed.

    `timeout_s`: for each connect and each read.
    """
    return httpx2.Client(
        transport=_BoundedTransport(),
        timeout=timeout_s,
        headers={"Accept-Encoding": "identity"},
        follow_redirects=False,
    )
