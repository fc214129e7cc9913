"""What a client is told of STUN and TURN."""

import base64
import hashlib
import hmac
from datetime import timedelta
from uuid import uuid4

from models import clock
from realtime.ice import IceServer, IceSettings

STUN = ["stun:stun.example.org:3478"]
TURN = ["turn:turn.example.org:3478?transport=udp", "turns:turn.example.org:5349?transport=tcp"]


def test_without_servers_there_are_none() -> None:
    assert IceSettings().servers(uuid4()) == []


def test_stun_needs_no_credentials() -> None:
    assert IceSettings(stun_urls=STUN).servers(uuid4()) == [IceServer(urls=STUN)]


def test_turn_without_a_secret_is_not_handed_out() -> None:
    assert IceSettings(turn_urls=TURN).servers(uuid4()) == []
    assert IceSettings(turn_secret="s").servers(uuid4()) == []


def test_turn_credentials_are_what_coturn_computes_from_the_shared_secret() -> None:
    participant = uuid4()
    stun, turn = IceSettings(STUN, TURN, turn_secret="sécret", lifetime=timedelta(hours=2)).servers(participant)
    assert (stun.username, stun.credential) == (None, None)
    assert turn.urls == TURN
    assert turn.username is not None
    assert turn.credential is not None
    expires, _, name = turn.username.partition(":")
    assert name == str(participant)
    assert abs(int(expires) - clock.now().timestamp() - 2 * 3_600) < 5
    mac = hmac.digest("sécret".encode(), turn.username.encode(), hashlib.sha1)
    assert base64.b64decode(turn.credential, validate=True) == mac


def test_credentials_are_each_participants_own_and_end_later_when_they_are_made_later() -> None:
    settings = IceSettings(turn_urls=TURN, turn_secret="secret")
    participant = uuid4()
    (one,), (other,) = settings.servers(participant), settings.servers(uuid4())
    assert one.credential != other.credential
    with clock.moved(timedelta(hours=1)):
        (later,) = settings.servers(participant)
    assert one.username is not None
    assert later.username is not None
    assert int(later.username.split(":")[0]) - int(one.username.split(":")[0]) in (3_600, 3_601)
    assert later.credential != one.credential
