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
from models.matching.draft import MatchedPair
from models.matching.matching import TOPIC, Matching, MatchingStatus
from models.matching.population import under_way
from models.mentorship import Cadence, Mentorship
from models.organisation import Participation, Programme, PublishAs
from models.refusal import RefusalCode, Refused
from models.request import LONGEST_MONTHS, SHORTEST_MONTHS, MentorshipRequest

log = structlog.get_logger()

# In one round.
AT_ONCE = 50


@transaction
async def publish(draft: Matching, *, by: "Account") -> Matching:
    """From now on the draft's pairs become requests or mentorships, as the programme says. Saying it again is fine."""
    matching = await Matching.get(id=draft.id)
    if matching.status not in (MatchingStatus.PUBLISHING, MatchingStatus.PUBLISHED):
        matching = await matching.editable(by)
        matching.status, matching.percent = MatchingStatus.PUBLISHING, 0
        await matching.store("status", "percent")
        bell.ring(TOPIC, matching.topic)
    else:
        await matching.must_be_allowed(by)
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
        await _must_be_free(pair, programme)
        months = months_left(clock.now().date(), programme.ends_on)
        if programme.publish_as is PublishAs.MENTORSHIPS:
            await must_be_none_between(pair.mentor_id, pair.mentee_id, "The two cannot be brought together.", None)
            begun = await Mentorship.begin(pair.mentor_id, pair.mentee_id, months=months, cadence=Cadence.FORTNIGHTLY)
            pair.mentorship_id = begun.id
        else:
            asked = await MentorshipRequest.ask(
                pair.mentor_id,
                by=await Account.get(id=pair.mentee_id),
                message=f"The organisers of {programme.name} suggest the two of us for a pair. Will you mentor me?",
                client_id=f"matching {pair.id}",
                months=months,
                cadence=Cadence.FORTNIGHTLY,
                programme_id=programme.id,
            )
            pair.request_id = asked.id
    pair.published_at = clock.now()
    await pair.store("request_id", "mentorship_id", "published_at")


async def _must_be_free(pair: MatchedPair, programme: Programme) -> None:
    """Raise `Refused` where they left since the draft was made, or another draft was published meanwhile."""
    both = Participation.filter(programme_id=programme.id, profile_id__in=[pair.mentee_id, pair.mentor_id])
    capacities = {one.profile_id: one.capacity for one in await both}
    if len(capacities) < 2:
        raise Refused(RefusalCode.WRONG_STATE, "One of them does not take part any more.")
    of_programme = under_way(programme)
    if await of_programme.filter(mentee_id=pair.mentee_id).exists():
        raise Refused(RefusalCode.ALREADY_EXISTS, "The mentee has a mentor in this programme already.")
    most = capacities[pair.mentor_id]
    if most is not None and await of_programme.filter(mentor_id=pair.mentor_id).count() >= most:
        raise Refused(RefusalCode.AT_CAPACITY, "The mentor has no free place in this programme any more.")


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
