"""A community whose rows hold what is hard to write as JSON or SQL, and the names by which queries call them.

A query is generated before there is a row. So it says `@id:Profile:3` or `@cursor:messages:1`, and `Community.fill`
puts what the rows have in its place.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from graphql.language.print_string import print_string

from models.account import Account
from models.attachment import Attachment
from models.base import Base, uuid7
from models.block import Block
from models.conversation import (
    Circle,
    Conversation,
    Direct,
    Message,
    MessageVersion,
    Notification,
    Participant,
    Reaction,
    Role,
    ScheduledMessage,
    Star,
)
from models.database import dialect
from models.evidence import Evidence
from models.files import AttachmentKind
from models.goal import Goal, GoalStatus, Milestone
from models.matching import LeftOver, LeftOverSide, MatchedPair, Matching, MatchingStatus
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
    ProgrammeMode,
    ProgrammeSide,
    PublishAs,
)
from models.profile import Profile
from models.report import Report, ReportedMessage, ReportReason
from models.request import Choice, MentorshipRequest, Queue
from models.saved_search import SavedSearch, SearchFor
from models.session import Session
from models.skill import Skill
from models.suggestion import Dismissal, MatchRole
from models.video import VideoParticipant, VideoSession
from schema import (
    account,
    block,
    conversation,
    discovery,
    evidence,
    matching,
    mentorship,
    notification,
    organisation,
    participant,
    report,
    request,
    search,
    skill,
    suggestion,
)
from schema.connection import Order
from schema.context import Context
from schema.node import global_id
from tests.people import Pair, enrolled, member, pair, person
from tests.people import request as asked

AWKWARD = [
    "",
    " ",
    'a "quoted" \\ back\\slash \\u0041',
    "it's; DROP TABLE profile; -- $1 ? %s {viewer}",
    "tab\tline\nreturn\rbell\x07delete\x7f unit\x1f",
    "emoji 🙂👩‍👩‍👧 and \U0010ffff",
    "separators \u2028 \u2029 next \x85",
    "beside the surrogates \ud7ff \ue000 \ufffd",
    "\u0639\u0631\u0628\u064a \u200f \u202e reversed",
    "é and e\u0301, \u00c5\u212b, \u017f, ß",
    '{"json": [null, 1e999]} </script>',
    "null",
    "%_ \x1a",
]

MOMENTS = [
    datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    datetime(2026, 1, 2, 3, 4, 5, 1, tzinfo=UTC),
    datetime(2026, 1, 2, 3, 4, 5, 120_000, tzinfo=UTC),
    datetime(1000, 1, 1, tzinfo=UTC),
    datetime(2999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
]

DAYS = [date(1, 1, 1), date(987, 6, 5), date(2024, 2, 29), date(9999, 12, 31)]

# The order of each connection, by the name of its field.
ORDERS: dict[str, tuple[Order, type[Base]]] = {
    "mentors": (discovery.BY_NAME, Profile),
    "mentees": (discovery.BY_NAME, Profile),
    "savedSearches": (discovery.BY_AGE, SavedSearch),
    "skills": (skill.BY_NAME, Skill),
    "programmes": (organisation.BY_START, Programme),
    "organisations": (organisation.OLDEST_FIRST, Organisation),
    "memberships": (organisation.BY_MEMBERSHIP, Membership),
    "cohorts": (organisation.BY_COHORT, Cohort),
    "participations": (organisation.BY_ENROLMENT, Participation),
    "pairRules": (organisation.BY_RULE, PairRule),
    "matchings": (matching.LATEST_FIRST, Matching),
    "pairs": (matching.BEST_FIRST, MatchedPair),
    "leftOver": (matching.BY_MAKING, LeftOver),
    "mentorshipRequests": (request.NEWEST_FIRST, MentorshipRequest),
    "mentorships": (mentorship.NEWEST_FIRST, Mentorship),
    "conversations": (conversation.LATEST_FIRST, Conversation),
    "messages": (conversation.BY_NUMBER, Message),
    "versions": (conversation.BY_VERSION, MessageVersion),
    "reactions": (conversation.BY_REACTION, Reaction),
    "pinnedMessages": (conversation.PINNED_LAST_FIRST, Message),
    "starredMessages": (conversation.STARRED_NEWEST_FIRST, Message),
    "scheduledMessages": (conversation.SOONEST_FIRST, ScheduledMessage),
    "evidence": (evidence.BY_AGE, Evidence),
    "searchMessages": (search.NEWEST_FIRST, Message),
    "participants": (participant.BY_JOINING, Participant),
    "goals": (mentorship.OLDEST_GOAL_FIRST, Goal),
    "meetings": (mentorship.LATEST_MEETING_FIRST, Meeting),
    "blocks": (block.NEWEST_FIRST, Block),
    "dismissedSuggestions": (suggestion.NEWEST_FIRST, Dismissal),
    "reports": (report.NEWEST_FIRST, Report),
    "sessions": (account.BY_AGE, Session),
    "notifications": (notification.NEWEST_FIRST, Notification),
}

MODELS: list[type[Base]] = [
    Account, Session, Profile, Skill, Organisation, Programme, MentorshipRequest, Mentorship, Goal, Milestone,
    Meeting, Conversation, Participant, Message, MessageVersion, Reaction, ScheduledMessage, Evidence, VideoSession,
    VideoParticipant, Block, Report, ReportedMessage, Attachment,
    Notification, Membership, Cohort, Participation, PairRule, Matching, MatchedPair, LeftOver, SavedSearch,
    Dismissal,
]  # fmt: skip

NAME = re.compile(r"@(id|cursor):(\w+):(\d+)")


@dataclass
class Community:
    """Who may ask, and what the rows are called."""

    viewers: dict[str, Context]
    names: dict[str, list[str]] = field(default_factory=dict, repr=False)

    def fill(self, source: str, variables: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """A generated query and its variables, with the ids and cursors of rows in place of their names."""
        filled = {
            name: NAME.sub(self._called, value) if isinstance(value, str) else value
            for name, value in variables.items()
        }
        return NAME.sub(lambda found: print_string(self._called(found))[1:-1], source), filled

    def _called(self, found: re.Match[str]) -> str:
        known = self.names.get(f"{found[1]}:{found[2]}") or ["nothing"]
        return known[int(found[3]) % len(known)]


async def community() -> Community:
    """The populated database's community."""
    ada, bo, nil, big = await people()
    busy = await pair(ada, bo)
    over = await pair(ada, await person("Earlier", skills_wanted=["SQL"]))
    strangers = await pair(await person("Elsewhere", capacity=2, skills_offered=["sql"]), await person("Other"))
    for two in (busy, over, strangers):
        await fill(two)
    await over.mentorship.end(by=ada)
    await Mentorship.filter(id=over.mentorship.id).update(end_reason=AWKWARD[4])
    await circles(ada, bo, nil)
    await requests(bo, nil)
    await safety(busy, nil)
    await enrol(ada, bo)
    await searches(ada)
    await searches(bo)
    await beyond_32_bits(await pair(await person("Large", capacity=1), big))
    viewers = {"a stranger": Context()}
    for name, who in (("the mentor", ada), ("the mentee", bo), ("somebody new", nil), ("large numbers", big)):
        opened = [await Session.open(who, device=text[:200]) for text in awkward()[:3]]
        viewers[name] = Context(session=opened[0][0])
    return Community(viewers, await names())


def awkward() -> list[str]:
    """What this database can hold: PostgreSQL's text has no NUL."""
    return [*AWKWARD, "nul \x00 inside"] if dialect() == "sqlite" else AWKWARD


async def people() -> tuple[Account, Account, Account, Account]:
    """A mentor, a mentee, somebody with nothing, somebody for large numbers; and one profile for each string."""
    ada = await person("Ada", capacity=4, skills_offered=["SQL", "Straße", "c++", 'q"'], languages=["pt", "zh-Hant"])
    bo = await person("Bo", skills_wanted=["sql", "Straße", "%_"], languages=["en"])
    for index, text in enumerate(awkward()):
        who = await person("Somebody", capacity=index % 3, skills_offered=["sql"] if index % 2 else [])
        kept = text[:60]
        await Profile.filter(id=who.id).update(name=kept, headline=kept, experience=text, industry=kept)
        await Skill.get_or_create(key=f"k{index}{kept}", defaults={"name": kept})
    # Two of one name: the order goes on by id.
    for _ in range(2):
        await person("Twin", capacity=1)
    return ada, bo, await person("New"), await person("Big")


async def fill(two: Pair) -> None:
    """Goals, meetings, messages and calls for a pair."""
    texts = awkward()
    for index, text in enumerate(texts):
        message = await two.conversation.send("a", by=two.mentee if index % 2 else two.mentor, client_id=f"m{uuid7()}")
        await attach(message, text[:120], index)
        await Message.filter(id=message.id).update(body=text, html=text, created_at=MOMENTS[index % len(MOMENTS)])
    await two.conversation.mark_read(3, by=two.mentee)
    for index, one in enumerate([two.mentor, two.mentee] * 3):
        other = two.mentee if one is two.mentor else two.mentor
        told = await two.conversation.send(f"[@You](Profile:{other.id})", by=one, client_id=f"t{uuid7()}")
        await Notification.filter(message_id=told.id).update(created_at=MOMENTS[index % len(MOMENTS)])
    await two.conversation.mark_read(len(texts) + 3, by=two.mentee)
    await talk(two)
    for index, moment in enumerate(MOMENTS):
        text = texts[index * 2]
        goal = await Goal.add(two.mentorship, by=two.mentor, title="g", milestones=["a", "b"] if index % 2 else [])
        await Goal.filter(id=goal.id).update(
            title=text, description=text, created_at=moment, due_on=[None, *DAYS][index],
            status=list(GoalStatus)[index % 3], closed_at=moment if index % 3 else None,
        )  # fmt: skip
        await Milestone.filter(goal_id=goal.id, position=1).update(title=text, due_on=DAYS[0], completed_at=moment)
        meeting = await Meeting.schedule(
            two.mentorship, by=two.mentee, kind=list(MeetingKind)[index % 4], time_zone="Europe/Lisbon", minutes=30,
            local_start=(datetime.now(UTC) + timedelta(days=9)).strftime("%Y-%m-%dT10:00"),
        )  # fmt: skip
        await Meeting.filter(id=meeting.id).update(agenda=text, starts_at=moment)
    await keep(two, goal, meeting)
    call = await VideoSession.start(two.mentorship, by=two.mentee, meeting=meeting)
    await call.join(by=two.mentee, device_id="phone")
    await call.join(by=two.mentor, device_id="desk")


async def talk(two: Pair) -> None:
    """Edits, replies, reactions, pins, stars, a deleted message, and some that wait."""
    first, second, third, fourth, fifth = await Message.filter(conversation_id=two.conversation.id).order_by("number")[
        :5
    ]
    people = [two.mentor, two.mentee]
    for index, (message, text) in enumerate(zip((first, second, third), awkward()[2:], strict=False)):
        await Message.filter(id=message.id).update(
            edited_at=MOMENTS[index], pinned_at=MOMENTS[-index], reply_to_id=fifth.id
        )
        for number in range(index):
            made = MOMENTS[number]
            await MessageVersion.create(message_id=message.id, number=number + 1, body=text, created_at=made)
        for emoji in ("👍", "❤️", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f")[: index + 1]:
            for who in people[: 1 + len(emoji) % 2]:
                # All at one moment: then they stand in the order of their code points.
                await Reaction.create(message_id=message.id, profile_id=who.id, emoji=emoji, created_at=MOMENTS[index])
        await Star.create(message_id=message.id, profile_id=people[index % 2].id, created_at=MOMENTS[index])
    await Message.filter(id=fourth.id).update(body="", deleted_at=MOMENTS[1])
    for index, text in enumerate(awkward()[2:6]):
        who, later = people[index % 2], datetime.now(UTC) + timedelta(days=1 + index)
        waits = await ScheduledMessage.write(two.conversation, "a", by=who, send_at=later, client_id=f"w{uuid7()}")
        await ScheduledMessage.filter(id=waits.id).update(body=text, reply_to_id=first.id if index else None)
    await ScheduledMessage.filter(id=waits.id).update(due_at=None, refusal=awkward()[3], sent_id=second.id)


async def keep(two: Pair, goal: Goal, meeting: Meeting) -> None:
    """Messages that are kept with a goal and a meeting."""
    for index, message in enumerate(await Message.filter(conversation_id=two.conversation.id).order_by("number")[:3]):
        for place in (goal, meeting)[index % 2 :]:
            kept = await Evidence.forward(message, place, by=two.mentee)
            await Evidence.filter(id=kept.id).update(written_at=MOMENTS[index], created_at=MOMENTS[-1])


async def attach(message: Message, name: str, many: int) -> None:
    """Files of a message: none, or some, of which the first is no picture; and one that was taken away."""
    for position in range(many % 4):
        made = {"width": 3, "height": 2**31 - 1, "thumbnail_bytes": 1} if position else {}
        await Attachment.create(
            author_id=message.author_id, message_id=message.id, position=position, name=name, media_type="x/y",
            kind=list(AttachmentKind)[-position], bytes=2**31 - 1, sha256="", **made,
            removed_at=MOMENTS[0] if position == 2 else None,
        )  # fmt: skip


async def circles(*people: Account) -> None:
    """A direct conversation, and circles that each keeps in another way; the last person hides what they read."""
    await Account.filter(id__in=[one.id for one in people]).update(contact=ContactRule.EVERYONE)
    first, second, third = people
    direct = await Direct.open(second.id, by=first)
    await direct.send("a", by=first, client_id=f"d{uuid7()}")
    for index, text in enumerate(AWKWARD[2:6]):
        circle = await Circle.open("A", [second.id, third.id], by=first)
        await circle.send("a", by=second, client_id=f"c{index}")
        await circle.mark_delivered(1, by=third)
        await Circle(circle).set_role(second.id, list(Role)[index % 3], by=first)
        await Conversation.filter(id=circle.id).update(title=text)
        for who, name in zip(people, ("muted_until", "pinned_at", "archived_at"), strict=True):
            moment = MOMENTS[(index + len(name)) % len(MOMENTS)]
            await Participant.filter(conversation_id=circle.id, profile_id=who.id).update(**{name: moment})
    await (await Participant.of(direct.id, first)).mute()
    await Account.filter(id=third.id).update(read_receipts=False)


async def searches(by: Account) -> None:
    """Searches that are kept: of one everything, of others next to nothing was asked."""
    for index, name in enumerate(awkward()[2:5]):
        made = await SavedSearch.save_as("a", SearchFor.MENTORS, by=by, client_id=f"s{index}")
        asked_of = {"skills_any": awkward(), "formats": ["VIDEO"], "years_at_least": 3, "places_free": False}
        await SavedSearch.filter(id=made.id).update(name=name, created_at=MOMENTS[index], **(asked_of if index else {}))


async def requests(mentee: Account, other: Account) -> None:
    """Requests in every state but accepted, which `pair` makes."""
    for index in range(3):
        made = await asked(await person("Asked", capacity=2), mentee)
        text = awkward()[2 + index]
        await MentorshipRequest.filter(id=made.id).update(message=text, created_at=MOMENTS[index])
        if index == 1:
            await made.withdraw(by=mentee)
        elif index == 2:
            await made.decline(by=await Account.get(id=made.mentor_id), reason="no")
            await MentorshipRequest.filter(id=made.id).update(reason=text)
    await asked(await person("Asked too", capacity=1), other)
    mentors = [await person(name, capacity=1) for name in ("First", "Second")]
    choices = [Choice(mentor.id, "a") for mentor in mentors]
    await Queue.add(choices, by=mentee, months=1, cadence=Cadence.MONTHLY)
    await MentorshipRequest.offer(other.id, by=mentors[1], message="a", months=1, cadence=Cadence.MONTHLY)


async def safety(two: Pair, other: Account) -> None:
    """Blocks and reports, with texts that are hard to write; and dismissals."""
    await Block.put(other.id, by=two.mentor)
    for role in MatchRole:
        await Dismissal.put(other.id, role, by=two.mentor)
    said = Message.filter(conversation_id=two.conversation.id, author_id=two.mentee.id)
    messages = await said.filter(deleted_at__isnull=True)
    for index, text in enumerate(awkward()):
        filed = await Report.file(
            two.conversation,
            two.mentee.id,
            [message.id for message in messages],
            by=two.mentor,
            reason=ReportReason.SPAM,
            text="",
            client_id=str(index),
        )
        await Report.filter(id=filed.id).update(text=text, created_at=MOMENTS[index % len(MOMENTS)])


async def enrol(*accounts: Account) -> None:
    """Programmes of two organisations, in which these take part; and one in which nobody does."""
    runs = [await Organisation.create(name=name) for name in awkward()[2:4]]
    for index, day in enumerate([*DAYS, DAYS[2]]):
        programme = await Programme.create(
            organisation_id=runs[index % 2].id, name=awkward()[index], purpose=awkward()[-index],
            starts_on=day, ends_on=day,
        )  # fmt: skip
        for who in accounts[: 1 + index % 2]:
            await enrolled(programme, who)
    await Programme.create(organisation_id=runs[0].id, name="Empty", starts_on=DAYS[1], ends_on=DAYS[1])
    await run(runs[1], *accounts)


async def run(by: Organisation, owner: Account, other: Account) -> None:
    """An organisation that one person owns, with cohorts, rules, an invitation, and what the other says there."""
    await Membership.filter(profile_id=owner.id).update(role=OrganisationRole.OWNER)
    await by.invite(by=owner, profile_ids=[], emails=["a@example.org"], role=OrganisationRole.PARTICIPANT)
    for index, text in enumerate(awkward()[2:6]):
        programme = await Programme.create(
            organisation_id=by.id, name=text, starts_on=DAYS[index], ends_on=DAYS[index],
            mode=list(ProgrammeMode)[index % 3], publish_as=list(PublishAs)[index % 2], same_site=index % 2 == 0,
            participation_weight=[0, 0.1, 1000, 1e-7][index], weights={"skills": 0.3, "industry": 1e3},
        )  # fmt: skip
        cohort = await Cohort.open(programme, by=owner, name="a", starts_on=DAYS[2] if index else None)
        await Cohort.filter(id=cohort.id).update(name=text)
        await member(programme.organisation_id, other)
        said = Enrolment(other.id, ProgrammeSide.MENTEE, index or None, answers=[("?", "")], cohort_id=cohort.id)
        _, there = await Participation.enrol(programme, [Enrolment(owner.id), said], by=owner)
        await Participation.filter(id=there.id).update(
            team=text, site=text, staff_key=text, manager=text, answers=[[text, text]], created_at=MOMENTS[index]
        )
        await PairRule.put(programme, other.id, owner.id, list(PairRuleKind)[index % 2], by=owner)
        await matched(programme, owner, other, index, text)


async def matched(programme: Programme, owner: Account, other: Account, index: int, text: str) -> None:
    """A draft, or what has become of one, as no run would make it."""
    draft = await Matching.create(
        author_id=owner.id, programme_id=programme.id, number=2**31 - 1 - index, status=list(MatchingStatus)[index],
        options={}, participation_weight=0.1 * index, algorithm="1", input_digest="0", stage=text[:16], error=text,
        value=[None, 0.1, 1e-7, 123456.789][index], gap=[None, 0.0, 1 / 3, 1e300][index],
        figures={"pairs": 1, "idle_mentors": 0, "least_score": 0.1, "median_score": None, "mean_score": 1.0,
                 "gini_of_loads": 0.0} if index else None,
        weights={"skills": 0.5} if index else None, ended_at=MOMENTS[index],
    )  # fmt: skip
    for number, (mentee, mentor) in enumerate([(owner, other), (other, owner)][: 1 + index % 2]):
        await MatchedPair.create(
            matching_id=draft.id, mentee_id=mentee.id, mentor_id=mentor.id, score=[0, 1, 333_333, 1_000_000][index],
            components=[["skills", "mentee", 0.5, 1.0, 0.5]], reasons=[text, "b"][: number + 1], refusal=text,
        )  # fmt: skip
    await LeftOver.create(
        matching_id=draft.id, profile_id=other.id, side=list(LeftOverSide)[index % 2],
        reason={"exclusions": [[text, 1, 0]], "mentors": index} if index % 2 else {"forbidden": True},
    )  # fmt: skip


async def beyond_32_bits(two: Pair) -> None:
    """A conversation with numbers that a GraphQL Int cannot hold, and with the last that it can."""
    numbers = (1, 2**31 - 1, 2**31, 2**62)
    for number in numbers:
        await Message.create(
            author_id=two.mentor.id, conversation_id=two.conversation.id, number=number, body=str(number)
        )
    await Conversation.filter(id=two.conversation.id).update(last_number=numbers[-1])
    await Participant.filter(conversation_id=two.conversation.id, profile_id=two.mentee.id).update(
        read_number=2**62 - 1
    )


async def names() -> dict[str, list[str]]:
    """The ids of the rows of each type, and the cursors of each list."""
    found: dict[str, list[str]] = {}
    for model in MODELS:
        found[f"id:{model.__name__}"] = [global_id(row) for row in await model.all().order_by("id")]
    for name, (order, model) in ORDERS.items():
        there = model.filter(**{f"{order.key}__isnull": False})
        found[f"cursor:{name}"] = [order.cursor(row) for row in await there.order_by(*order.columns())]
    return found
