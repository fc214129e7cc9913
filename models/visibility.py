"""Who may see a profile: what its person allows, and what already stands between two people."""

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from tortoise.expressions import Q, Subquery

if TYPE_CHECKING:
    from models.account import Account


class Visibility(StrEnum):
    """To whom a person shows: everyone, people of an organisation that is theirs too, or nobody.

    Whoever has asked them or was asked, or takes part in a conversation with them, sees them in any case.
    """

    EVERYONE = "EVERYONE"
    ORGANISATION = "ORGANISATION"
    NOBODY = "NOBODY"


def seen_by(viewer: "Account") -> Q:
    """What holds of the profiles that the viewer may see.

    The usual case comes first: where it holds, a database looks at nothing else.
    """
    organisation = Q(visibility=Visibility.ORGANISATION, id__in=Subquery(_colleagues(viewer)))
    return Q(visibility=Visibility.EVERYONE) | Q(id=viewer.id) | organisation | acquainted(viewer)


def acquainted(viewer: "Account") -> Q:
    """What holds of those with whom the viewer talks, or has a request that is not answered yet.

    A mentorship has its conversation, whether it goes on or has ended.
    """
    from models.conversation.participant import Participant
    from models.request.request import MentorshipRequest
    from models.request.standing import RequestStatus

    mine = Participant.filter(profile_id=viewer.id).values("conversation_id")
    talking = Participant.filter(conversation_id__in=Subquery(mine)).values("profile_id")
    pending = MentorshipRequest.filter(status=RequestStatus.PENDING)
    askers = pending.filter(mentor_id=viewer.id).values("mentee_id")
    asked = pending.filter(mentee_id=viewer.id).values("mentor_id")
    return Q(id__in=Subquery(talking)) | Q(id__in=Subquery(askers)) | Q(id__in=Subquery(asked))


def _colleagues(viewer: "Account") -> Any:
    """The ids of those who belong to an organisation of the viewer's."""
    from models.organisation import Membership

    members = Membership.filter(joined_at__isnull=False)
    mine = members.filter(profile_id=viewer.id).values("organisation_id")
    return members.filter(organisation_id__in=Subquery(mine)).values("profile_id")
