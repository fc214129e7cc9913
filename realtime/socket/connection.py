"""One socket, from its acceptance to its end."""

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Mapping
from contextlib import aclosing
from typing import Any, Final, Generic, NamedTuple

import structlog
from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send

from realtime.socket import protocol
from realtime.socket.application import A, Application, Forbidden, Rejected, Unavailable
from realtime.socket.limits import SocketLimits, TokenBucket
from realtime.socket.operation import Operation
from realtime.socket.outlet import OUTLET, Outlet
from realtime.socket.protocol import CloseCode, Complete, ConnectionInit, Message, Ping, Subscribe, Violation
from realtime.socket.writer import Gone, Writer

log = structlog.get_logger()

# A write to a fast reader never suspends: without a pause, one endless operation would hold the event loop.
_RESULTS_A_TURN: Final = 32

_TOO_MANY_OPERATIONS: Final = [
    {"message": "Too many operations on this socket", "extensions": {"code": "RATE_LIMITED"}}
]


class _Ending(NamedTuple):
    """How the socket ends. Without a code there is no close frame: the client is gone or takes nothing."""

    code: CloseCode | None
    reason: str


_GONE: Final = _Ending(None, "gone")


class Connection(Generic[A]):
    """Speaks `graphql-transport-ws` with one client. `take_seat` says whether it may have one more socket."""

    __slots__ = (
        "__weakref__", "_admission", "_application", "_bucket", "_ending", "_init_received", "_init_timer", "_limits",
        "_loop", "_operations", "_outlet", "_reading", "_receive", "_scope", "_take_seat", "_tasks", "_writer",
    )  # fmt: skip

    def __init__(
        self,
        application: Application[A],
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        limits: SocketLimits,
        clock: Callable[[], float],
        take_seat: Callable[[A], bool],
    ) -> None:
        self._application = application
        self._scope = scope
        self._receive = receive
        self._limits = limits
        self._bucket = TokenBucket(limits.messages_per_second, limits.burst, clock)
        self._take_seat = take_seat
        self._writer = Writer(send, limits.write, self._lost)
        self._outlet: Outlet = scope.get("extensions", {}).get(OUTLET) or Outlet()
        self._loop = asyncio.get_running_loop()
        self._reading = asyncio.timeout(None)
        self._init_timer: asyncio.TimerHandle | None = None
        self._init_received = False
        self._admission: A | None = None
        self._operations: dict[str, Operation] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ending: _Ending | None = None

    async def serve(self) -> None:
        """Serve the accepted socket to its end; all finally blocks of its operations have run by then."""
        self._init_timer = self._loop.call_later(
            self._limits.connection_init,
            self.close,
            CloseCode.INITIALISATION_TIMEOUT,
            "Connection initialisation timeout",
        )
        try:
            async with self._reading:
                await self._read()
        except TimeoutError:
            # `_end` interrupted the reading.
            if self._ending is None:
                raise
        finally:
            await self._finish()

    def close(self, code: CloseCode, reason: str) -> None:
        """Begin to end the socket; of several calls the first counts."""
        self._end(_Ending(code, reason))

    def _lost(self, reason: str) -> None:
        self._end(_Ending(None, reason))

    def _end(self, ending: _Ending) -> None:
        if self._ending is None:
            self._ending = ending
            self._shut()
            self._reading.reschedule(self._loop.time())

    def _shut(self) -> None:
        """Send nothing more but a close frame."""
        self._writer.shut()
        self._outlet.end()

    async def _read(self) -> None:
        try:
            while self._ending is None:
                frame = await self._receive()
                if frame["type"] == "websocket.disconnect":
                    raise Gone
                if not self._bucket.take():
                    raise Violation(CloseCode.TRY_AGAIN_LATER, "Too many messages")
                await self._handle(protocol.parse(frame.get("text"), self._limits.message_bytes))
        except Violation as violation:
            self.close(violation.code, violation.reason)
        except Gone:
            self._end(_GONE)

    async def _handle(self, message: Message) -> None:
        match message:
            case Subscribe(identifier, request):
                await self._subscribe(identifier, request)
            case Complete(identifier):
                self._complete(identifier)
            case Ping(payload):
                await self._writer.write(protocol.pong(payload))
            case ConnectionInit(payload):
                self._initialise(payload)

    def _initialise(self, payload: dict[str, Any]) -> None:
        if self._init_received:
            raise Violation(CloseCode.TOO_MANY_INITIALISATIONS, "Too many initialisation requests")
        self._init_received = True
        if self._init_timer is not None:
            self._init_timer.cancel()
            self._init_timer = None
        # In its own task: a ping, a second init or a disconnect is noticed while the application decides.
        self._spawn(self._stay(payload))

    async def _stay(self, payload: dict[str, Any]) -> None:
        """Have the client admitted and acknowledged, then wait for the end of its admission."""
        try:
            async with asyncio.timeout(self._limits.admission):
                admission = await self._application.admit(payload, HTTPConnection({**self._scope}))
            if not self._take_seat(admission):
                self.close(CloseCode.TRY_AGAIN_LATER, "Too many sockets")
                return
            self._admission = admission
            # Nobody reads them any more, and a socket is open for hours.
            self._scope["headers"] = []
            await self._writer.write(protocol.CONNECTION_ACK)
            self.close(CloseCode.UNAUTHORIZED, await self._application.revoked(admission))
        except Forbidden as forbidden:
            self.close(CloseCode.FORBIDDEN, forbidden.reason)
        except Gone:
            pass
        except (Exception, asyncio.CancelledError) as error:
            if _is_our_cancellation(error):
                raise
            log.exception("a socket's admission failed")
            self.close(CloseCode.TRY_AGAIN_LATER, "Try again later")

    async def _subscribe(self, identifier: str, request: dict[str, Any]) -> None:
        if self._admission is None:
            raise Violation(CloseCode.UNAUTHORIZED, "Unauthorized")
        former = self._operations.get(identifier)
        if former is not None and not former.finishing:
            raise Violation(CloseCode.SUBSCRIBER_EXISTS, f"Subscriber for {identifier} already exists")
        # Completed operations that still clean up do not take their successors' places, but are bounded too.
        most = self._limits.operations
        if len(self._operations) >= most or len(self._tasks) > 2 * most:
            await self._writer.write(protocol.error(identifier, _TOO_MANY_OPERATIONS))
            return
        if former is not None:
            former.is_over = True
        operation = self._operations[identifier] = Operation(identifier, self._outlet)
        operation.task = self._spawn(self._operate(operation, self._admission, request))

    def _complete(self, identifier: str) -> None:
        operation = self._operations.pop(identifier, None)
        if operation is not None:
            operation.is_over = True
            if operation.task is not None:
                operation.task.cancel()

    async def _operate(self, operation: Operation, admission: A, request: Mapping[str, Any]) -> None:
        try:
            last = await self._outcome(operation, admission, request)
            if not operation.is_over:
                operation.finishing = True
                await self._writer.write(last)
        except Gone:
            pass
        except Unavailable:
            self.close(CloseCode.TRY_AGAIN_LATER, "Try again later")
        finally:
            if not operation.is_over:
                operation.is_over = True
                del self._operations[operation.identifier]

    async def _outcome(self, operation: Operation, admission: A, request: Mapping[str, Any]) -> str:
        """Send every result of the operation and give its last message."""
        try:
            try:
                await self._stream(operation, admission, request)
            except Rejected as rejected:
                return protocol.error(operation.identifier, rejected.errors)
        except (Gone, Unavailable):
            raise
        except (Exception, asyncio.CancelledError) as error:
            if _is_our_cancellation(error):
                raise
            reference = secrets.token_hex(8)
            log.exception("an operation failed", reference=reference)
            extensions = {"code": "INTERNAL", "reference": reference}
            return protocol.error(operation.identifier, [{"message": "Internal error", "extensions": extensions}])
        return protocol.complete(operation.identifier)

    async def _stream(self, operation: Operation, admission: A, request: Mapping[str, Any]) -> None:
        sent = 0
        async with aclosing(self._application.run(admission, request, operation.offer)) as results:
            async for result in results:
                # A generator may have swallowed its cancellation.
                if operation.is_over:
                    return
                await self._writer.write(f"{operation.prefix}{result.decode()}}}")
                sent += 1
                if not sent % _RESULTS_A_TURN:
                    await asyncio.sleep(0)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _finish(self) -> None:
        """Cancel what runs, send the close frame, and wait for the finally blocks."""
        ending = self._ending = self._ending or _Ending(None, "cancelled")
        self._shut()
        if self._init_timer is not None:
            self._init_timer.cancel()
        for task in self._tasks:
            # A second cancellation would cut short the finally blocks of a completed operation.
            if not task.cancelling():
                task.cancel()
        if ending != _GONE:
            log.info("socket ended", code=ending.code and ending.code.value, reason=ending.reason)
        try:
            if ending.code is not None:
                await self._writer.close(ending.code, ending.reason, self._limits.goodbye)
        finally:
            await _ended(self._tasks)


def _is_our_cancellation(error: BaseException) -> bool:
    """Whether this task was cancelled, rather than something of the application's that it awaited."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0


async def _ended(tasks: set[asyncio.Task[None]]) -> None:
    """Wait for cancelled tasks to end; whoever cancels the wait cancels them once more, and still waits."""
    waiting = set(tasks)
    interrupted: asyncio.CancelledError | None = None
    while waiting:
        try:
            _, waiting = await asyncio.wait(waiting)
        except asyncio.CancelledError as error:
            interrupted = error
            waiting = {task for task in waiting if not task.done()}
            for task in waiting:
                task.cancel()
    if interrupted is not None:
        raise interrupted
