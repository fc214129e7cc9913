"""Publishing: what becomes of a draft's pairs, one unit each, so that thousands hold nobody up.

A pair is published once, whoever works on it and however often: its row is held, and says what came of it. Who may
have how many mentees, the database decides.
"""

from datetime import date
from uuid import UUID

import structlog

from models import bell, clock
from models.account import Account
from models.block import must_be_none_between
from models.database import is_outage, transaction
from models.inbox import Inbox
from models.matching.draft import MatchedPair
from models.matching.explanation import told_to_organisers
from models.matching.matching import TOPIC, Matching
from models.matching.status import MatchingStatus
from models.mentorship import Cadence, Mentorship
from models.organisation import Obstacle, Participation, Programme, PublishAs, obstacles
from models.profile import Profile
from models.refusal import RefusalCode, Refused
from models.request import LONGEST_MONTHS, SHORTEST_MONTHS, MentorshipRequest, Queue, tell

log = structlog.get_logger()

# In one round.
AT_ONCE = 50

APART = "The two cannot be brought together."


@transaction
async def publish(draft: Matching, *, by: "Account") -> Matching:
    """From now on the draft's pairs become requests or mentorships, as the programme says. Saying it again is fine."""
    await draft.must_be_allowed(by)
    matching = await Matching.locked(draft.id)
    if matching.status not in (MatchingStatus.PUBLISHING, MatchingStatus.PUBLISHED):
        matching = await matching.editable(by)
        matching.status, matching.percent = MatchingStatus.PUBLISHING, 0
        # All its pairs become the same, whatever is said of the programme meanwhile.
        matching.publish_as = (await Programme.get(id=matching.programme_id)).publish_as
        await matching.store("status", "percent", "publish_as")
        bell.ring(TOPIC, matching.topic)
    return matching


async def publish_some(most: int = AT_ONCE) -> int:
    """Publish some pairs of the drafts that are being published. Returns how many; safe in several processes."""
    done = 0
    for matching in await Matching.filter(status=MatchingStatus.PUBLISHING).order_by("id").limit(10):
        waiting = MatchedPair.filter(matching_id=matching.id, published_at__isnull=True)
        pairs = await waiting.order_by("-score", "id").limit(most)
        for pair in pairs:
            await _publish(pair, matching)
        done += len(pairs)
        await _come_further(matching)
    return done


async def _publish(pair: MatchedPair, matching: Matching) -> None:
    try:
        await _make(pair.id, matching)
    except Refused as refused:
        await _refuse(pair.id, refused.message)
    except Exception as error:
        if is_outage(error):
            raise
        # The others are not to wait for this one, nor this one to be tried for ever.
        log.exception("a pair could not be published", pair=str(pair.id))
        await _refuse(pair.id, "Something went wrong; bring the two together by hand.")


@transaction
async def _make(pair_id: UUID, matching: Matching) -> None:
    programme = await Programme.locked(matching.programme_id)
    pair = await MatchedPair.locked(pair_id)
    if pair.published_at is not None:
        return
    if not pair.under_way:
        # Before anything is asked of them: a block, or an answer of theirs, comes before it or after.
        await Profile.hold((pair.mentor_id, pair.mentee_id))
        await _settle(pair, programme, matching.publish_as)
    pair.published_at = clock.now()
    await pair.store("request_id", "mentorship_id", "published_at")


async def _settle(pair: MatchedPair, programme: Programme, publish_as: PublishAs | None) -> None:
    # Whom an earlier draft has asked for is asked nothing anew, whatever the answer is.
    if pair.request_id is None:
        of_pair = MatchedPair.asked_in(programme.id).filter(mentee_id=pair.mentee_id, mentor_id=pair.mentor_id)
        asked = await of_pair.first()
        pair.request_id = asked.id if asked else None
    if pair.request_id is not None:
        return
    await _must_be_free(pair, programme)
    try:
        await _bring_together(pair, programme, publish_as)
    except Refused as refused:
        if refused.code is RefusalCode.AT_CAPACITY:
            raise
        # Whether it is a block, or what they have asked each other, is theirs: organisers are not told.
        raise Refused(refused.code, APART) from None


async def _bring_together(pair: MatchedPair, programme: Programme, publish_as: PublishAs | None) -> None:
    months = months_left(clock.now().date(), programme.ends_on)
    if publish_as is PublishAs.MENTORSHIPS:
        await must_be_none_between(pair.mentor_id, pair.mentee_id, APART, None)
        # What the mentee has asked in the programme need not be answered any more.
        await _tell(pair, await Queue(pair.mentee_id, programme.id).end())
        begun = await Mentorship.begin(
            pair.mentor_id, pair.mentee_id, months=months, cadence=Cadence.FORTNIGHTLY, programme_id=programme.id
        )
        pair.mentorship_id = begun.id
    else:
        asked = await MentorshipRequest.ask_for(
            await Account.get(id=pair.mentee_id),
            pair.mentor_id,
            message=f"The organisers of {programme.name} suggest the two of us for a pair. Will you mentor me?",
            client_id=f"matching {pair.id}",
            months=months,
            cadence=Cadence.FORTNIGHTLY,
            programme_id=programme.id,
        )
        pair.request_id = asked.id


async def _tell(pair: MatchedPair, requests: list[MentorshipRequest]) -> None:
    # All inboxes of the unit at once, in the one order.
    await Inbox.hold({pair.mentor_id, pair.mentee_id, *(person for one in requests for person in one.people)})
    await tell(requests)


async def _must_be_free(pair: MatchedPair, programme: Programme) -> None:
    """Raise `Refused` where they left since the draft was made, or another draft was published meanwhile."""
    mentor, mentee = [await Profile.get(id=one) for one in (pair.mentor_id, pair.mentee_id)]
    for obstacle in await obstacles(programme, mentor, mentee):
        raise Refused(obstacle.code, told_to_organisers(obstacle, mentor, mentee))
    asked = MatchedPair.asked_in(programme.id)
    if await asked.filter(mentee_id=pair.mentee_id).exists():
        message = "The mentee waits for an answer that an earlier draft has asked for."
        raise Refused(RefusalCode.ALREADY_EXISTS, message)
    most = (await Participation.get(programme_id=programme.id, profile_id=mentor.id)).capacity
    taken = Mentorship.under_way_in(programme.id).filter(mentor_id=mentor.id)
    if most is not None and await taken.count() + await asked.filter(mentor_id=mentor.id).count() >= most:
        raise Refused(RefusalCode.AT_CAPACITY, told_to_organisers(Obstacle.NO_PLACE, mentor, mentee))


@transaction
async def _refuse(pair_id: UUID, message: str) -> None:
    pair = await MatchedPair.locked(pair_id)
    if pair.published_at is None:
        pair.refusal, pair.published_at = message, clock.now()
        await pair.store("refusal", "published_at")


@transaction
async def _come_further(draft: Matching) -> None:
    matching = await Matching.locked(draft.id)
    if matching.status is MatchingStatus.PUBLISHING:
        pairs = MatchedPair.filter(matching_id=draft.id)
        many, left = await pairs.count(), await pairs.filter(published_at__isnull=True).count()
        matching.percent = 100 - round(100 * left / many) if many else 100
        if not left:
            matching.status = MatchingStatus.PUBLISHED
        await matching.store("percent", "status")
        bell.ring(matching.topic)


def months_left(today: date, end: date) -> int:
    """How many months a mentorship is meant for that begins today, where its programme ends on that day."""
    months = (end.year - today.year) * 12 + end.month - today.month + (end.day > today.day)
    return max(SHORTEST_MONTHS, min(LONGEST_MONTHS, months))
