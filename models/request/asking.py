"""Who may be asked: what must hold between a mentor and a mentee for one of them to ask the other."""

from dataclasses import dataclass

from models.mentorship import no_pair_yet, pair_of
from models.organisation import Participation, Programme
from models.profile import Profile
from models.refusal import RefusalCode, Refused, invalid

NOTHING_PASSES = "Nothing passes between the two of you."


@dataclass(frozen=True, slots=True)
class Asking:
    """One of two people asks the other, in a programme or outside of all. `field`: where the other was named."""

    mentor: Profile
    mentee: Profile
    by_mentor: bool
    programme: Programme | None
    field: str

    @property
    def other(self) -> Profile:
        """Who is asked."""
        return self.mentee if self.by_mentor else self.mentor

    async def must_be_possible(self, *, now: bool = True) -> None:
        """Raise `Refused` where it is not. Not `now` but later: then it does not matter who has no place at present."""
        from models.block import must_be_none_between

        if self.mentor.id == self.mentee.id:
            raise invalid(f"You cannot be your own {'mentee' if self.by_mentor else 'mentor'}.", self.field)
        # Of a mentor it says what is also said of one who has no place: whoever is blocked is not told.
        blocked = NOTHING_PASSES if self.by_mentor else self._unready
        await must_be_none_between(self.mentor.id, self.mentee.id, blocked, self.field)
        if self.mentor.capacity == 0:
            raise Refused(RefusalCode.NOT_ALLOWED, self._unready, self.field)
        if now and self.mentor.mentees >= self.mentor.capacity:
            whose = "You have" if self.by_mentor else f"{self.mentor.name} has"
            raise Refused(RefusalCode.AT_CAPACITY, f"{whose} no free place for a mentee now.", self.field)
        await self._must_be_unasked()
        await no_pair_yet(self.mentor.id, self.mentee.id, self.field)
        await self._must_take_part()

    @property
    def _unready(self) -> str:
        if self.by_mentor:
            return "You do not mentor at present; give your profile a capacity first."
        return f"{self.mentor.name} does not mentor at present."

    async def _must_be_unasked(self) -> None:
        from models.request.request import MentorshipRequest

        pending = await MentorshipRequest.get_or_none(pending_pair=pair_of(self.mentor.id, self.mentee.id))
        if pending is not None:
            mine = pending.is_offer is self.by_mentor
            said = f"You have asked {self.other.name}; wait for the answer."
            theirs = f"{self.other.name} has asked you; answer that request."
            raise Refused(RefusalCode.ALREADY_EXISTS, said if mine else theirs, self.field)

    async def _must_take_part(self) -> None:
        if self.programme is None:
            return
        both = Participation.filter(programme_id=self.programme.id, profile_id__in=[self.mentor.id, self.mentee.id])
        there = {participation.profile_id for participation in await both}
        for person in (self.mentor, self.mentee):
            if person.id not in there:
                who = f"{person.name} does" if person is self.other else "You do"
                raise Refused(RefusalCode.NOT_ALLOWED, f"{who} not take part in this programme.", self.field)
