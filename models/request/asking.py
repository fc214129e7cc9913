"""Who may be asked: what must hold between a mentor and a mentee for one of them to ask the other."""

from dataclasses import dataclass

from models import clock
from models.mentorship import no_pair_yet, pair_of
from models.organisation import FORBIDDEN, Programme, ProgrammeMode, broken_rules, must_be_eligible
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
        if self.programme is not None:
            await self._programme_must_allow_it(self.programme, now)

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

    async def _programme_must_allow_it(self, programme: Programme, now: bool) -> None:
        if programme.ends_on < clock.now().date():
            raise Refused(RefusalCode.WRONG_STATE, "This programme has ended.", "programmeId")
        if programme.mode is ProgrammeMode.ORGANISER:
            message = "In this programme the organisers bring people together; ask them, or ask outside of it."
            raise Refused(RefusalCode.NOT_ALLOWED, message, "programmeId")
        reader = self.mentor if self.by_mentor else self.mentee
        await must_be_eligible(programme, self.mentor, self.mentee, reader.id, self.field, now=now)
        if await broken_rules(programme, self.mentor, self.mentee):
            # Which rule it is would tell what the organisers know of the other.
            raise Refused(RefusalCode.NOT_ALLOWED, FORBIDDEN, self.field)
