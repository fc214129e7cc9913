"""People, their pairs, and all that they have.

Private texts hold a canary that names who may read it (`canary-mara_theo-goal`): no answer to anybody else may hold it.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from models import clock, password
from models.account import Account
from models.attachment import Attachment
from models.block import Block
from models.conversation import (
    Circle,
    Conversation,
    Direct,
    Message,
    Notification,
    NotificationKind,
    Participant,
    Reaction,
    Role,
    ScheduledMessage,
    Star,
)
from models.evidence import Evidence
from models.files import AttachmentKind
from models.goal import Goal, GoalStatus
from models.inbox import Inbox, Kind
from models.matching import LeftOver, LeftOverSide, MatchedPair, Matching, MatchingStatus, RunOptions
from models.meeting import Meeting, MeetingKind
from models.mentorship import Cadence, Mentorship
from models.organisation import (
    Cohort,
    ContactRule,
    Enrolment,
    Membership,
    Organisation,
    OrganisationRole,
    PairRule,
    PairRuleKind,
    Participation,
    Programme,
    ProgrammeSide,
)
from models.profile import Profile
from models.report import Report, ReportedMessage, ReportReason
from models.request import Choice, MentorshipRequest, Queue
from models.saved_search import SavedSearch, SearchFor
from models.session import Session
from models.suggestion import Dismissal, MatchRole
from models.video import SignalKind, VideoParticipant, VideoSession, VideoSignal
from models.visibility import Visibility
from tests.models.matching_world import worked_off
from tests.people import PASSWORD
from tests.schema.sdp import sdp

# Mara mentors Theo; Zoe has a pair of her own, with Yan; Finn was Mara's mentee once. A stranger is nobody. All but
# Finn are in a circle; he was put out of it. Zoe and Mara write to each other. Mara owns a guild with a programme in
# which Theo and Nora take part, and Finn looks on. Zoe has a club with a programme for Yan; Finn may come to look on.
ACTORS = ["stranger", "mara", "theo", "zoe", "finn"]

SDP = sdp("canary-mara_theo-sdp")
CANDIDATE = {
    "candidate": "candidate:1 1 udp 1 192.0.2.1 9 typ host canary canary-mara_theo-candidate",
    "sdpMid": "0",
    "sdpMLineIndex": 0,
    "usernameFragment": "abcd",
}


@dataclass
class World:
    """Ids and secrets of what is in the database; `ids` are global."""

    path: Path
    built_at: datetime = field(default_factory=clock.now)
    ids: dict[str, str] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    tickets: dict[str, str] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)

    def note(self, name: str, row: Any) -> None:
        self.ids[name] = f"{type(row).__name__}:{row.id}"


async def build(world: World) -> None:
    """People, pairs and all that they have."""
    hashed = await password.hashed(PASSWORD)
    people: dict[str, Account] = {}
    for name in ("mara", "theo", "zoe", "yan", "finn", "nora"):
        opened = await Account._open(
            f"canary-{name}-mail@example.org", hashed, name.title(), "UTC", f"canary-{name}-one"
        )
        world.tokens[name] = opened[1]
        people[name] = await Account.get(id=opened[0].account_id)
        world.accounts[name] = str(people[name].id)
        world.note(f"{name} session", (await Session.open(people[name], device=f"canary-{name}-two"))[0])
        await (await Profile.get(id=people[name].id)).change(
            by=people[name],
            capacity=5,
            languages=["en"],
            availability=[{"weekday": 1, "start": 540, "end": 600}],
            skills_offered=["Law"],
            skills_wanted=["Law"],
        )
    await _discovery(world, hashed, people["mara"])
    for name in ("nora", "yan", "mara"):
        world.note(name, await Profile.get(id=people[name].id))
    await Account.all().update(contact=ContactRule.EVERYONE)
    await _guild(world, people)
    await _club(world, people)
    await _pair(world, people, "mara", "finn")
    await _ended_call(world, people)
    await (await Mentorship.get(id=key_of(world.ids["mara_finn mentorship"]))).end(
        by=people["mara"], reason="canary-mara_finn-reason"
    )
    declined = await _ask(people, "finn", "theo")
    await declined.decline(by=people["theo"], reason="canary-theo_finn-declined")
    await _pair(world, people, "mara", "theo", programme_id=UUID(key_of(world.ids["programme"])))
    # An event that Zoe's log should not hold: it is passed over when it is delivered.
    message = await Message.get(id=key_of(world.ids["mara_theo message"]))
    await Inbox.record(Kind.MESSAGE_CREATED, message, [people["zoe"].id])
    await _live_call(world, people)
    await _pair(world, people, "yan", "zoe")
    await _circle(world, people)
    await _direct(world, people)
    await _published(world)
    # Last, as a block stands in the way of all that comes after it.
    await _safety(people, world)
    world.note("pending", await _ask(people, "mara", "theo", programme_id=UUID(key_of(world.ids["open"]))))
    # Finn does not know that he is Mara's second choice.
    choices = [Choice(people["yan"].id, "canary-mara_yan-please"), Choice(people["finn"].id, "canary-mara-queued")]
    _, queued = await Queue.add(choices, by=people["mara"], months=6, cadence=Cadence.WEEKLY)
    world.note("queued", queued)
    world.secrets = [account.password_hash for account in await Account.all()]
    world.secrets += [session.token_hash for session in await Session.all()]
    world.secrets += [participant.ticket_hash for participant in await VideoParticipant.all()]


async def _guild(world: World, people: dict[str, Account]) -> None:
    mara, theo, finn, nora = (people[name] for name in ("mara", "theo", "finn", "nora"))
    text = "canary-mara_theo_finn_nora"
    guild = await Organisation.found(f"{text}-guild", by=mara)
    roles = {theo: OrganisationRole.PARTICIPANT, nora: OrganisationRole.PARTICIPANT, finn: OrganisationRole.OBSERVER}
    for who, role in roles.items():
        (asked,) = await guild.invite(by=mara, profile_ids=[who.id], emails=[], role=role)
        member = await asked.accept(by=who)
    world.note("guild", guild)
    world.note("finn membership", member)
    await guild.invite(by=mara, profile_ids=[], emails=["new@example.net"], role=OrganisationRole.PARTICIPANT)
    programme, running, open_to_all = [
        await Programme.set_up(
            guild, by=mara, name=f"{text}-{name}", starts_on=date(2027, 1, 1), ends_on=date(2027, 6, 1),
            weights={"skills": 1.0}, reply_days=7,
        )
        for name in ("programme", "running", "open")
    ]  # fmt: skip
    world.note("programme", programme)
    days = {"starts_on": date(2027, 1, 1), "ends_on": date(2027, 2, 1)}
    cohort = await Cohort.open(programme, by=mara, name=f"{text}-cohort", **days)
    keys = (f"{text}-{key}" for key in ("team", "site", "key", "manager"))
    said = [
        Enrolment(theo.id, ProgrammeSide.MENTEE, 1, *keys, [("Why?", "canary-mara_theo_finn-answer")], cohort.id),
        Enrolment(mara.id, ProgrammeSide.MENTOR, 1, answers=[("Why?", "canary-mara_finn-answer")]),
        Enrolment(finn.id, ProgrammeSide.MENTEE),
        Enrolment(nora.id, ProgrammeSide.MENTOR, 1),
    ]
    enrolled, *_ = await Participation.enrol(programme, said, by=mara)
    world.note("theo participation", enrolled)
    await PairRule.put(programme, mara.id, theo.id, PairRuleKind.NEVER, by=mara)
    draft = await worked_off(await Matching.run(programme, RunOptions(), by=mara))
    world.note("draft", draft)
    one, other = await MatchedPair.filter(matching_id=draft.id)
    world.note("matched", one)
    world.note("other matched", other)
    world.note("published", await worked_off(await draft.follow(RunOptions(), by=mara)))
    await Participation.enrol(running, said[1:3], by=mara)
    await Participation.enrol(open_to_all, [Enrolment(one.id) for one in (mara, theo)], by=mara)
    world.note("open", open_to_all)
    world.note("running", await Matching.run(running, RunOptions(), by=mara))


async def _published(world: World) -> None:
    """All that can become of a run and of a pair, at once; and all that can be said of somebody left over."""
    published = key_of(world.ids["published"])
    await Matching.filter(id=published).update(
        status=MatchingStatus.PUBLISHED, replays_id=key_of(world.ids["draft"]), error="canary-mara_finn-error"
    )
    first, second = await MatchedPair.filter(matching_id=published).order_by("id")
    await MatchedPair.filter(id=first.id).update(
        request_id=key_of(world.ids["mara_theo request"]), mentorship_id=key_of(world.ids["mara_theo mentorship"]),
        refusal="canary-mara_finn-refusal", published_at=clock.now(), mentor_id=second.mentor_id,
    )  # fmt: skip
    await LeftOver.create(
        matching_id=published, profile_id=key_of(world.ids["nora"]), side=LeftOverSide.MENTEE,
        reason={
            "why": ["canary-mara_finn-why"], "mentors": 1, "exclusions": [["canary-mara_finn-rule", 2, 1]],
            "shortage": {
                "number": 1, "mentees": 2, "mentors": 1, "places": 1,
                "named_mentees": [key_of(world.ids["nora"])], "named_mentors": [key_of(world.ids["yan"])],
            },
        },
    )  # fmt: skip


async def _club(world: World, people: dict[str, Account]) -> None:
    zoe, yan, finn = people["zoe"], people["yan"], people["finn"]
    club = await Organisation.found("canary-zoe_yan_finn-club", by=zoe)
    (asked,) = await club.invite(by=zoe, profile_ids=[finn.id], emails=[], role=OrganisationRole.OBSERVER)
    world.note("invitation", asked)
    (asked,) = await club.invite(by=zoe, profile_ids=[yan.id], emails=[], role=OrganisationRole.ORGANISER)
    await asked.accept(by=yan)
    await Membership.filter(organisation_id=club.id, profile_id=zoe.id).update(role=OrganisationRole.ORGANISER)
    programme = await Programme.set_up(
        club, by=zoe, name="canary-zoe_yan_finn-programme", starts_on=date(2027, 1, 1), ends_on=date(2027, 6, 1)
    )
    await Participation.enrol(programme, [Enrolment(yan.id, answers=[("Why?", "canary-zoe_yan_finn-answer")])], by=yan)


async def _discovery(world: World, hashed: str, mara: Account) -> None:
    """Somebody who shows to nobody, and what Mara looks for."""
    opened, _ = await Account._open("canary-hana-mail@example.org", hashed, "Hana", "UTC", "canary-hana-one")
    hana = await Account.get(id=opened.account_id)
    shy = {"headline": "canary-hana-headline", "visibility": Visibility.NOBODY, "seeking": True, "capacity": 1}
    await (await Profile.get(id=hana.id)).change(by=hana, skills_offered=["Law"], **shy)
    lists = {name: ["canary-mara-sought"] for name in ("skills_any", "skills_all", "languages", "industries")}
    years = {"years_at_least": 1, "years_at_most": 2, "overlap_hours": 3, "places_free": True, "text": "a"}
    kept = await SavedSearch.save_as(
        "canary-mara-search", SearchFor.MENTORS, by=mara, client_id="k", formats=["VIDEO"], **lists, **years
    )
    world.note("mara's search", kept)


async def _safety(people: dict[str, Account], world: World) -> None:
    """Mara wants to hear nothing of Zoe, nor to be suggested her, and has reported Finn."""
    await Block.put(people["zoe"].id, by=people["mara"])
    await Dismissal.put(people["zoe"].id, MatchRole.MENTOR, by=people["mara"])
    message = await Message.get(id=key_of(world.ids["mara_finn message"]))
    report = await Report.file(
        await Conversation.get(id=message.conversation_id),
        people["finn"].id,
        [message.id],
        by=people["mara"],
        reason=ReportReason.OTHER,
        text="canary-mara-report",
        client_id="mara",
    )
    await ReportedMessage.filter(report_id=report.id).update(edited_at=message.created_at)
    await report.close()


async def _ask(people: dict[str, Account], mentee: str, mentor: str, **more: Any) -> MentorshipRequest:
    return await MentorshipRequest.ask(
        people[mentor].id,
        by=people[mentee],
        message=f"canary-{mentee}_{mentor}-please",
        months=6,
        cadence=Cadence.WEEKLY,
        **more,
    )


async def _pair(world: World, people: dict[str, Account], mentor: str, mentee: str, **more: Any) -> None:
    both, name = f"canary-{mentor}_{mentee}", f"{mentor}_{mentee}"
    mentorship = await (await _ask(people, mentee, mentor, **more)).accept(by=people[mentor])
    world.note(f"{name} mentorship", mentorship)
    world.note(f"{name} request", await MentorshipRequest.get(id=mentorship.request_id))
    goal = await Goal.add(
        mentorship,
        by=people[mentee],
        title=f"{both}-goal",
        description=f"{both}-description",
        due_on=date(2027, 1, 1),
        milestones=[f"{both}-first"],
    )
    milestone = await goal.add_milestone(by=people[mentor], title=f"{both}-step", due_on=date(2027, 1, 1))
    world.note(f"{name} goal", await goal.mark(GoalStatus.REACHED, by=people[mentor]))
    world.note(f"{name} milestone", await milestone.complete(by=people[mentee]))
    meeting = await Meeting.schedule(
        mentorship,
        by=people[mentor],
        kind=MeetingKind.VIDEO,
        local_start="2027-06-01T12:00",
        time_zone="Europe/Lisbon",
        minutes=30,
        agenda=f"{both}-agenda",
    )
    world.note(f"{name} meeting", meeting)
    conversation = await Conversation.get(mentorship_id=mentorship.id)
    world.note(f"{name} conversation", conversation)
    await _attach(world, people[mentor], f"{mentor} unsent", f"canary-{mentor}-unsent.pdf")
    for author in (mentor, mentee):
        file = await _attach(world, people[author], f"{name} file", f"{both}-file.png")
        message = await conversation.send(
            f"{both}-body [@You](Profile:{people[mentor].id})",
            by=people[author],
            client_id=f"canary-{author}-key-{name}",
            attachment_ids=[file.id],
        )
    world.note(f"{name} message", message)
    # One of an earlier pair is read already.
    told = await Notification.filter(account_id=people[mentor].id).order_by("created_at")
    world.note(f"{mentor} notification", told[-1])
    if len(told) == 1:
        await conversation.mark_read(2, by=people[mentor])
    await _talk(world, people, message, goal, meeting, mentor, mentee)
    call = await VideoSession.start(mentorship, by=people[mentor], meeting=meeting)
    world.note(f"{name} call", call)


async def _talk(
    world: World, people: dict[str, Account], said: Message, goal: Goal, meeting: Meeting, mentor: str, mentee: str
) -> None:
    """What becomes of the mentee's message, and what is said after it."""
    both, name = f"canary-{mentor}_{mentee}", f"{mentor}_{mentee}"
    conversation = await Conversation.get(id=said.conversation_id)
    said = await said.edit(f"{both}-edited", by=people[mentee])
    await Reaction.add(said, "👍", by=people[mentor])
    await said.pin(True, by=people[mentor])
    await Star.put(said, True, by=people[mentor])
    reply = await conversation.send(f"{both}-reply", by=people[mentor], client_id=f"reply {name}", reply_to_id=said.id)
    world.note(f"{name} reply", reply)
    wrong = await conversation.send(f"{both}-wrong", by=people[mentor], client_id=f"wrong {name}")
    await wrong.delete_for_all(by=people[mentor])
    world.note(f"{name} kept with goal", await Evidence.forward(said, goal, by=people[mentor]))
    world.note(f"{name} kept with meeting", await Evidence.forward(reply, meeting, by=people[mentee]))
    for key in ("waits", "ended"):
        scheduled = await ScheduledMessage.write(
            conversation,
            f"canary-{mentor}-later",
            by=people[mentor],
            send_at=clock.now() + timedelta(days=1),
            client_id=f"{key} {name}",
            reply_to_id=said.id,
        )
        if key == "waits":
            # It is of one of the two alone.
            world.note(f"{mentor}'s scheduled {name}", scheduled)
    # All that can become of one, at once.
    await ScheduledMessage.filter(id=scheduled.id).update(
        due_at=None, sent_id=reply.id, cancelled_at=clock.now(), refusal=f"canary-{mentor}-refusal"
    )
    await Notification.create(
        account_id=people[mentor].id, kind=NotificationKind.NOT_SENT, scheduled_message_id=scheduled.id
    )
    await Inbox.record(Kind.CONVERSATION_CHANGED, conversation, [people[mentor].id])


async def _attach(world: World, by: Account, named: str, name: str) -> Attachment:
    file = await Attachment.create(
        author_id=by.id,
        name=name,
        media_type="image/png",
        kind=AttachmentKind.IMAGE,
        bytes=100,
        sha256="0" * 64,
        width=10,
        height=10,
        thumbnail_bytes=10,
    )
    world.note(named, file)
    return file


async def _circle(world: World, people: dict[str, Account]) -> None:
    """Mara owns it, Theo leads it with her, Yan and Zoe are in it. Finn was, and is not told its title any more."""
    mara, text = people["mara"], "canary-mara_theo_zoe_yan"
    members = [people[name].id for name in ("theo", "finn", "zoe", "yan")]
    circle = await Circle.open(f"{text}-title", members, by=mara)
    await Circle(circle).set_role(people["theo"].id, Role.MODERATOR, by=mara)
    await Circle(circle).remove(people["finn"].id, by=people["theo"])
    await circle.send(f"{text}-body", by=people["zoe"], client_id="canary-zoe-key")
    await circle.mark_read(1, by=people["theo"])
    await (await Participant.of(circle.id, mara)).mute()
    world.note("circle", circle)


async def _direct(world: World, people: dict[str, Account]) -> None:
    """Of Zoe and Mara; and Zoe hides how far she has read."""
    direct = await Direct.open(people["mara"].id, by=people["zoe"])
    world.note("direct", direct)
    await direct.send("canary-mara_zoe-direct", by=people["zoe"], client_id="canary-zoe-key-direct")
    await (await Participant.of(direct.id, people["mara"])).mute(datetime(2999, 1, 1, tzinfo=UTC))
    await people["zoe"].prefer(by=people["zoe"], read_receipts=False)


async def _join(world: World, people: dict[str, Account], call: str, name: str, device: str) -> VideoParticipant:
    session = await VideoSession.get(id=key_of(world.ids[call]))
    participant, ticket, _ = await session.join(by=people[name], device_id=device, take_over=True)
    world.tickets[f"{name} {device}"] = ticket
    world.note(f"{name} {device}", participant)
    return participant


async def _ended_call(world: World, people: dict[str, Account]) -> None:
    """Mara changed her device, and all ended with the mentorship."""
    await _join(world, people, "mara_finn call", "mara", "old phone")
    finn = await _join(world, people, "mara_finn call", "finn", "phone")
    await _join(world, people, "mara_finn call", "mara", "old desk")
    # Finn has missed what is no longer kept.
    await VideoSignal.filter(receiver_id=finn.id, number=1).delete()


async def _live_call(world: World, people: dict[str, Account]) -> None:
    """Mara is there; Theo came, offered, heard from her, left, and came back. Every ticket has something to tell."""
    mara = await _join(world, people, "mara_theo call", "mara", "phone")
    theo = await _join(world, people, "mara_theo call", "theo", "phone")
    candidates = [
        {
            "candidate": CANDIDATE["candidate"],
            "sdp_mid": "0",
            "sdp_m_line_index": 0,
            "username_fragment": "abcd",
        }
    ]
    await theo.send(mara.id, SignalKind.DESCRIPTION, {"negotiation": 1, "type": "offer", "sdp": SDP})
    await theo.send(mara.id, SignalKind.CANDIDATES, {"negotiation": 1, "candidates": candidates})
    await mara.send(theo.id, SignalKind.CANDIDATES, {"negotiation": 1, "candidates": candidates})
    await theo.leave()
    theo = await _join(world, people, "mara_theo call", "theo", "desk")
    await mara.send(theo.id, SignalKind.DESCRIPTION, {"negotiation": 2, "type": "offer", "sdp": SDP})


def key_of(global_id: str) -> str:
    return global_id.partition(":")[2]
