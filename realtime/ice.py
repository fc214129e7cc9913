"""ICE servers: what a client asks for a way through the network.

TURN credentials are made for one participant and end by themselves, by the TURN REST convention that coturn calls
`use-auth-secret`: the user name is the time at which they end, the password its HMAC-SHA1 under the shared secret.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from models import clock


@dataclass(frozen=True, slots=True)
class IceServer:
    """One entry of a browser's `RTCConfiguration.iceServers`."""

    urls: list[str]
    username: str | None = None
    credential: str | None = None


@dataclass(frozen=True, slots=True)
class IceSettings:
    """Which servers there are. Without any, the two find each other only where a direct path exists."""

    stun_urls: Sequence[str] = ()
    turn_urls: Sequence[str] = ()
    turn_secret: str = ""
    lifetime: timedelta = timedelta(hours=12)

    def servers(self, participant_id: UUID) -> list[IceServer]:
        """The servers for one participant, with credentials of its own."""
        found = [IceServer(urls=list(self.stun_urls))] if self.stun_urls else []
        if self.turn_urls and self.turn_secret:
            username = f"{int((clock.now() + self.lifetime).timestamp())}:{participant_id}"
            # SHA-1 is what the convention says; it authenticates here, it does not sign.
            mac = hmac.new(self.turn_secret.encode(), username.encode(), hashlib.sha1)
            found.append(IceServer(list(self.turn_urls), username, base64.b64encode(mac.digest()).decode()))
        return found
