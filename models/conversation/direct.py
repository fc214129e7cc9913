"""Direct conversations: of two people, beside any mentorship."""

from uuid import UUID

from models.account import Account
from models.conversation.contact import reachable
from models.conversation.conversation import Conversation, ConversationKind
from models.conversation.opening import ConversationOpening
from models.conversation.participant import Participant
from models.database import transaction
from models.inbox import Inbox, Kind
from models.mentorship import pair_of
from models.profile import Profile
from models.refusal import RefusalCode, Refused, invalid


class Direct:
    """The one conversation of two people that belongs to no mentorship."""

    @classmethod
    @transaction
    async def open(cls, profile_id: UUID, *, by: Account) -> Conversation:
        """The conversation of `by` with somebody: the one they have, whoever opened it, or a new one.

        One that is there is found whatever the two have set since. Raises `Refused`.
        """
        if profile_id == by.id:
            raise invalid("You cannot write to yourself.", "profileId")
        await Profile.seen_by(by, profile_id, "profileId")
        # Whoever opens several at once is counted one after the other.
        await Profile.locked(by.id)
        pair = pair_of(*sorted((by.id, profile_id)))
        if there := await Conversation.get_or_none(direct_pair=pair):
            return there
        if not await reachable(by, [profile_id]):
            # Whose setting says no is theirs to tell.
            raise Refused(RefusalCode.NOT_ALLOWED, "You cannot write to this person now.", "profileId")
        await ConversationOpening.must_not_be_many(by)
        conversation = await Conversation.create(kind=ConversationKind.DIRECT, direct_pair=pair)
        await ConversationOpening.make(by, None, {}, conversation_id=conversation.id)
        people = by.id, profile_id
        await Participant.bulk_create([Participant(conversation_id=conversation.id, profile_id=one) for one in people])
        await Inbox.record(Kind.CONVERSATION_CHANGED, conversation, people)
        return conversation
