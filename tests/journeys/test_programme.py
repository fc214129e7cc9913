"""A whole programme over a real server: an organisation, its people, runs, drafts, and the pairs that come of them."""

import asyncio
import os
import re
import signal
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from models import clock
from models.database import connect
from models.session import Session
from tests.journeys.client import Client
from tests.journeys.server import Server
from tests.people import person

pytestmark = pytest.mark.timeout(180)

MENTEES, MENTORS = 26, 14


def deed(name: str, answer: str) -> str:
    """The document of a mutation."""
    capital = name[0].upper() + name[1:]
    return f"""mutation($input: {capital}Input!) {{ {name}(input: $input) {{ __typename
        ... on {capital}Payload {{ {answer} }} ... on Refusal {{ code message field }} }} }}"""


PROGRESS = "subscription($id: ID!) { matchingProgress(matchingId: $id) { status stage percent error } }"
DRAFT = """query($id: ID!) { matching(id: $id) { status error gap figures { pairs idleMentors giniOfLoads }
    pairs(first: 50) { totalCount edges { node { id score reasons fixed mentee { id } mentor { id } refusal } } }
    leftOver(first: 50) { totalCount edges { node { side profile { id } shortage { mentees places } } } } } }"""
COMPARE = """query($one: ID!, $other: ID!) { compareMatchings(matchingId: $one, withId: $other) {
    same moved joined dropped gaining losing changes { mentee { id } gain } } }"""


async def people(database_url: str) -> list[tuple[str, str]]:
    """The owner, the mentees and the mentors: the id of each one's profile, and a token."""
    skills = [f"Skill {number}" for number in range(6)]
    async with connect(database_url):
        accounts = [await person("Owner")]
        accounts += [await person("Mentee", skills_wanted=[skills[n % 6], skills[n % 5]]) for n in range(MENTEES)]
        accounts += [
            await person("Mentor", skills_offered=[skills[n % 6], skills[n % 4]], capacity=2) for n in range(MENTORS)
        ]
        return [(f"Profile:{one.id}", (await Session.open(one, device="test"))[1]) for one in accounts]


async def set_up(server: Server, owner: Client, everybody: list[tuple[str, str]]) -> str:
    """An organisation whose people have accepted, and its programme with them all. Returns the programme's id."""
    organisation = (await owner.call(deed("createOrganisation", "organisation { id }"), input={"name": "Guild"}))[
        "organisation"
    ]["id"]
    others = everybody[1:]
    given = {"organisationId": organisation, "profileIds": [profile for profile, _ in others]}
    invited = await owner.call(deed("inviteMembers", "memberships { id profile { id } }"), input=given)
    tokens = dict(others)
    for membership in invited["memberships"]:
        async with Client(server, tokens[membership["profile"]["id"]]) as member:
            accepted = await member.call(
                deed("acceptInvitation", "membership { joinedAt }"), input={"membershipId": membership["id"]}
            )
            assert accepted["membership"]["joinedAt"]
    today = clock.now().date()
    settings = {
        "organisationId": organisation, "name": "Autumn", "startsOn": str(today),
        "endsOn": str(today + timedelta(days=180)), "publishAs": "MENTORSHIPS", "participationWeight": 2,
    }  # fmt: skip
    programme = str((await owner.call(deed("createProgramme", "programme { id }"), input=settings))["programme"]["id"])
    said = [
        {"profileId": profile, "side": "MENTEE" if place < MENTEES else "MENTOR"}
        for place, (profile, _) in enumerate(others)
    ]
    enrolled = await owner.call(
        deed("enrolParticipants", "participations { id }"), input={"programmeId": programme, "participants": said}
    )
    assert len(enrolled["participations"]) == MENTEES + MENTORS
    return programme


async def worked_off(owner: Client, matching: str) -> list[dict[str, Any]]:
    """All that is told of a run until it has ended."""
    async with owner.live() as live, asyncio.timeout(90):
        return [told async for told in live.subscribe(PROGRESS, id=matching)]


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_an_organisation_matches_a_programme_and_the_pairs_begin(database_url: str, tmp_path: Path) -> None:
    everybody = await people(database_url)
    with Server(database_url, tmp_path / "server.log") as server:
        async with Client(server, everybody[0][1]) as owner:
            programme = await set_up(server, owner, everybody)
            asked = await owner.call(deed("runMatching", "matching { id }"), input={"programmeId": programme})
            first = asked["matching"]["id"]
            told = await worked_off(owner, first)
            assert told[0]["status"] == "RUNNING"
            assert (told[-1]["status"], told[-1]["percent"]) == ("DRAFT", 100)
            draft = await owner.call(DRAFT, id=first)
            assert draft["gap"] <= 0.001
            assert draft["pairs"]["totalCount"] == draft["figures"]["pairs"] == MENTEES
            best, *_, worst = [edge["node"] for edge in draft["pairs"]["edges"]]
            assert best["score"] >= worst["score"]
            assert best["reasons"]
            await owner.call(deed("lockPair", "pair { fixed }"), input={"pairId": worst["id"]})
            await owner.call(deed("forbidPair", "pairId"), input={"pairId": best["id"]})

            followed = await owner.call(deed("resolveMatching", "matching { id }"), input={"matchingId": first})
            second = followed["matching"]["id"]
            assert (await worked_off(owner, second))[-1]["status"] == "DRAFT"
            pairs = {
                (edge["node"]["mentee"]["id"], edge["node"]["mentor"]["id"])
                for edge in (await owner.call(DRAFT, id=second))["pairs"]["edges"]
            }
            assert (worst["mentee"]["id"], worst["mentor"]["id"]) in pairs
            assert (best["mentee"]["id"], best["mentor"]["id"]) not in pairs
            compared = await owner.call(COMPARE, one=first, other=second)
            # Whoever was parted has another mentor now; few others were moved for it.
            assert compared["joined"] == 1
            assert compared["moved"] < MENTEES / 3

            cursors = {}
            for profile in (best["mentee"]["id"], worst["mentor"]["id"]):
                async with Client(server, dict(everybody)[profile]) as one:
                    cursors[profile] = (await one.call("{ viewer { inboxCursor } }"))["inboxCursor"]
            await owner.call(deed("publishMatching", "matching { status }"), input={"matchingId": second})
            assert (await worked_off(owner, second))[-1]["status"] == "PUBLISHED"
        for profile in (best["mentee"]["id"], worst["mentor"]["id"]):
            async with Client(server, dict(everybody)[profile]) as one:
                begun = await one.call("{ mentorships { edges { node { id status } } } }")
                assert {edge["node"]["status"] for edge in begun["edges"]} == {"ACTIVE"}
                assert begun["edges"][0]["node"]["id"] in await _heard(one, cursors[profile])


async def _heard(one: Client, after: str) -> set[str]:
    """The mentorships of which an inbox tells after a cursor, to its end."""
    end = (await one.call("{ viewer { inboxCursor } }"))["inboxCursor"]
    document = """subscription($after: String) { inbox(after: $after) {
        ... on InboxEvent { cursor } ... on MentorshipChanged { mentorship { id } } } }"""
    found = set()
    async with one.live() as live, asyncio.timeout(30):
        async for event in live.subscribe(document, after=after):
            found |= {event["mentorship"]["id"]} if "mentorship" in event else set()
            if event["cursor"] == end:
                break
    return found


@pytest.mark.parametrize("engine", ["postgres"])
async def test_a_run_whose_process_is_killed_says_so_and_leaves_nothing_and_one_that_is_cancelled_ends(
    database_url: str, tmp_path: Path
) -> None:
    everybody, log = await people(database_url), tmp_path / "server.log"
    with Server(database_url, log) as server:
        async with Client(server, everybody[0][1]) as owner:
            programme = await set_up(server, owner, everybody)
            for number, end in enumerate(("killed", "cancelled"), 1):
                asked = await owner.call(deed("runMatching", "matching { id }"), input={"programmeId": programme})
                run = asked["matching"]["id"]
                process = await _process(log, number)
                if end == "killed":
                    os.kill(process, signal.SIGKILL)
                else:
                    await owner.call(deed("cancelMatching", "matching { status }"), input={"matchingId": run})
                told = await worked_off(owner, run)
                assert told[-1]["status"] == ("FAILED" if end == "killed" else "CANCELLED")
                assert ("SIGKILL" if end == "killed" else "cancelled") in told[-1]["error"]
                assert (await owner.call(DRAFT, id=run))["pairs"]["totalCount"] == 0
                await _gone(process)


async def _process(log: Path, number: int) -> int:
    """The process that works off the run of this number: the server's log tells of each as it starts."""
    followed = await asyncio.create_subprocess_exec("tail", "-n", "+1", "-f", log, stdout=asyncio.subprocess.PIPE)
    assert followed.stdout is not None
    try:
        async with asyncio.timeout(60):
            async for line in followed.stdout:
                number -= b'"process": ' in line
                if number == 0:
                    return int(re.findall(rb'"process": (\d+)', line)[0])
        raise AssertionError("the log has ended")
    finally:
        followed.kill()
        await followed.communicate()


async def _gone(process: int) -> None:
    with suppress(psutil.NoSuchProcess):
        await asyncio.to_thread(psutil.Process(process).wait, 30)
