"""Matchings: one run over a programme, from the moment it is asked for to what became of its draft.

A run is worked off by a process of its own, outside of any unit: `api` sees to that. Whoever works it off holds a
lease. Its draft is stored in one unit with the word that it is there: so a run that is cancelled, or whose
process has died, leaves nothing but its row, which says so.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Subquery
from tortoise.indexes import Index
from tortoise.queryset import QuerySet

from matching.programme.frozen import Frozen, digest_of
from matching.programme.result import ALGORITHM
from models import bell, clock
from models.base import Authored
from models.database import transaction
from models.matching.asked import Asked
from models.matching.input import MatchingInput, packed
from models.matching.options import RunOptions
from models.matching.status import MatchingStatus
from models.organisation import Deed, Membership, Programme, PublishAs
from models.refusal import RefusalCode, Refused

if TYPE_CHECKING:
    from models.account import Account

# Whoever works a run off says so again and again within this time.
LEASE = timedelta(seconds=30)
# So many runs a programme keeps. Each holds what it was made of.
MOST_RUNS = 200
# The topic of those who work runs off.
TOPIC = "matchings"


class Matching(Authored):
    """One run over a programme, and its draft."""

    programme: fields.ForeignKeyRelation[Programme] = fields.ForeignKeyField(
        "models.Programme", related_name="matchings", on_delete=fields.CASCADE
    )
    programme_id: UUID
    # Counted from 1 within the programme.
    number = fields.IntField()
    status = fields.CharEnumField(MatchingStatus, max_length=16, default=MatchingStatus.RUNNING)
    # The draft that it follows; and the one that it makes again.
    follows: fields.ForeignKeyNullableRelation["Matching"] = fields.ForeignKeyField(
        "models.Matching", related_name=False, null=True, on_delete=fields.SET_NULL, db_index=True
    )
    follows_id: UUID | None
    replays: fields.ForeignKeyNullableRelation["Matching"] = fields.ForeignKeyField(
        "models.Matching", related_name=False, null=True, on_delete=fields.SET_NULL, db_index=True
    )
    replays_id: UUID | None
    options: dict[str, Any] = fields.JSONField()
    # How the programme weighed things then.
    weights: dict[str, float] | None = fields.JSONField(null=True)
    participation_weight = fields.FloatField()
    algorithm = fields.CharField(max_length=16)
    # Of what it was made of, with the algorithm; and of its pairs, as they were solved.
    input_digest = fields.CharField(max_length=64)
    result_digest = fields.CharField(max_length=64, null=True)
    stage = fields.CharField(max_length=16, default="")
    percent = fields.SmallIntField(default=0)
    error = fields.TextField(default="")
    # What its pairs become, from the moment that it is published.
    publish_as = fields.CharEnumField(PublishAs, max_length=16, null=True)
    value = fields.FloatField(null=True)
    bound = fields.FloatField(null=True)
    gap = fields.FloatField(null=True)
    figures: dict[str, Any] | None = fields.JSONField(null=True)
    ended_at = fields.DatetimeField(null=True)
    # The programme while it runs, else null: a programme has one run at a time, whoever asks first.
    running_in = fields.UUIDField(null=True, unique=True)
    # Who works it off, and until when without another word.
    runner = fields.CharField(max_length=32, null=True)
    lease_until = fields.DatetimeField(null=True)

    class Meta:
        table = "matching"
        unique_together = (("author", "client_id"), ("programme", "number"))
        indexes = (Index(fields=("status", "lease_until")),)

    @classmethod
    def visible_to(cls, viewer: "Account") -> QuerySet[Self]:
        return cls.filter(programme_id__in=Subquery(Programme.allowing(Deed.LOOK_ON, viewer).values("id")))

    @property
    def topic(self) -> str:
        """Rung when it has come further."""
        return f"matching {self.id}"

    @classmethod
    async def run(
        cls, programme: Programme, options: RunOptions, *, by: "Account", client_id: str | None = None
    ) -> Self:
        """Ask for a run over the programme as it is now. Raises `Refused` for what cannot be solved."""
        from models.matching.population import Ties, freeze

        await Membership.must_allow(Deed.ORGANISE, programme.organisation_id, by)
        asked = Asked(programme, options, by, client_id, {})
        return await cls._begin(asked, lambda: freeze(programme, options, Ties()))

    async def follow(self, options: RunOptions, *, by: "Account", client_id: str | None = None) -> Self:
        """A run that keeps what is locked, forbids what is forbidden, and parts few of the other pairs."""
        from models.matching.draft import ties_of
        from models.matching.population import freeze

        programme = await self.must_be_allowed(by)

        async def market() -> Frozen:
            draft = await type(self).get(id=self.id)
            draft.must_have_pairs()
            return await freeze(programme, options, await ties_of(draft))

        return await self._begin(Asked(programme, options, by, client_id, {"follows_id": self.id}), market)

    async def replay(self, *, by: "Account", client_id: str | None = None) -> Self:
        """The same run again, of what it was made of. Its pairs are the same, or the digests tell that not."""
        programme = await self.must_be_allowed(by)

        async def market() -> Frozen:
            draft = await type(self).get(id=self.id)
            draft.must_have_pairs()
            if draft.algorithm != ALGORITHM:
                made, here = draft.algorithm, ALGORITHM
                message = f"It was made by algorithm {made}; this server has {here}. Run it with that one."
                raise Refused(RefusalCode.WRONG_STATE, message, "matchingId")
            return await MatchingInput.of(self.id)

        options = RunOptions.of(self.options)
        return await self._begin(Asked(programme, options, by, client_id, {"replays_id": self.id}), market)

    @classmethod
    async def _begin(cls, asked: Asked, market: Callable[[], Awaitable[Frozen]]) -> Self:
        # It takes seconds to freeze many people: not for a run that cannot be.
        if first := await cls.made_before(asked.by, asked.client_id, **asked.content):
            return first
        await cls._number(asked)
        frozen = await market()
        made_of = {
            "options": asked.options.kept(),
            "weights": frozen["weights"],
            "participation_weight": frozen["participation"],
            "algorithm": ALGORITHM,
            "input_digest": await asyncio.to_thread(digest_of, frozen),
            **asked.of,
        }
        return await cls._keep(asked, await packed(frozen), made_of)

    @classmethod
    @transaction
    async def _keep(cls, asked: Asked, market: bytes, made_of: dict[str, Any]) -> Self:
        programme = await asked.programme.held_for(Deed.ORGANISE, asked.by)
        if first := await cls.made_before(asked.by, asked.client_id, **asked.content):
            return first
        made = await cls.make(
            asked.by,
            asked.client_id,
            asked.content,
            programme_id=programme.id,
            number=await cls._number(asked),
            running_in=programme.id,
            **made_of,
        )
        await MatchingInput.keep(made.id, market)
        bell.ring(TOPIC)
        return made

    @classmethod
    async def _number(cls, asked: Asked) -> int:
        """What the run will be called. Raises `Refused` where there can be none now."""
        programme_id = asked.programme.id
        if await cls.exists(running_in=programme_id):
            message = "A run of this programme is under way; wait for it, or cancel it."
            raise Refused(RefusalCode.WRONG_STATE, message, "matchingId" if asked.of else "programmeId")
        last = await cls.filter(programme_id=programme_id).order_by("-number").first()
        number = last.number + 1 if last else 1
        if number > MOST_RUNS:
            raise Refused(RefusalCode.LIMIT_REACHED, f"A programme has at most {MOST_RUNS} runs; set up a new one.")
        return number

    @transaction
    async def cancel(self, *, by: "Account") -> Self:
        """Break the run off. It leaves no draft."""
        await self.must_be_allowed(by)
        matching = await self.locked(self.id)
        if matching.status is MatchingStatus.CANCELLED:
            return matching
        matching._must_be(MatchingStatus.RUNNING, "It does not run any more.")
        await matching._end(MatchingStatus.CANCELLED, error="It was cancelled; there is no draft of it.")
        return matching

    @classmethod
    @transaction
    async def claim(cls) -> Self | None:
        """The run that waits for the longest, taken; None where none waits."""
        waiting = cls.filter(status=MatchingStatus.RUNNING, runner__isnull=True).order_by("created_at")
        matching = await waiting.select_for_update(skip_locked=True).first()
        if matching is not None:
            matching.runner, matching.lease_until = secrets.token_hex(16), clock.now() + LEASE
            await matching.store("runner", "lease_until")
        return matching

    async def came_to(self, stage: str, percent: int) -> bool:
        """Say how far it is, and hold it on. False where it is not to be worked off any more."""
        alive = await self._hold_on(stage, percent)
        bell.ring(self.topic)
        return alive

    @transaction
    async def _hold_on(self, stage: str, percent: int) -> bool:
        mine = type(self).filter(id=self.id, status=MatchingStatus.RUNNING, runner=self.runner)
        return bool(await mine.update(stage=stage, percent=percent, lease_until=clock.now() + LEASE))

    @transaction
    async def finish(self, result: dict[str, Any]) -> bool:
        """Store the draft. False, and nothing stored, where it was cancelled or given up meanwhile."""
        from models.matching.keeping import keep

        matching = await self._mine()
        if matching is None:
            return False
        stored = await keep(matching, result)
        matching.value, matching.bound, matching.gap = result["value"], result["bound"], result["gap"]
        matching.figures, matching.result_digest = asdict(stored), result["digest"]
        matching.stage, matching.percent = "", 100
        await matching.store("value", "bound", "gap", "figures", "result_digest", "stage", "percent")
        await matching._end(MatchingStatus.DRAFT)
        return True

    @transaction
    async def fail(self, error: str) -> None:
        """Give the run up, and say why. It leaves no draft."""
        matching = await self._mine()
        if matching is not None:
            await matching._end(MatchingStatus.FAILED, error=error)

    @classmethod
    async def sweep(cls) -> int:
        """Give up the runs whose server has stopped without a word. Returns how many; safe in several processes."""
        gone = await cls.filter(status=MatchingStatus.RUNNING, lease_until__lt=clock.now()).limit(100)
        for matching in gone:
            await matching._give_up()
        return len(gone)

    @transaction
    async def _give_up(self) -> None:
        matching = await self._mine()
        if matching is not None and matching.lease_until is not None and matching.lease_until < clock.now():
            message = "The server that worked on it has stopped; there is no draft of it. Run it again."
            await matching._end(MatchingStatus.FAILED, error=message)

    async def _mine(self) -> Self | None:
        matching = await self.locked(self.id)
        return matching if matching.status is MatchingStatus.RUNNING and matching.runner == self.runner else None

    async def _end(self, status: MatchingStatus, error: str = "") -> None:
        self.status, self.error = status, error
        self.ended_at = clock.now()
        self.running_in = self.runner = self.lease_until = None
        await self.store("status", "error", "ended_at", "running_in", "runner", "lease_until")
        bell.ring(self.topic)

    def must_have_pairs(self) -> None:
        """Raise `Refused` where it has come to no draft."""
        if self.status in (MatchingStatus.RUNNING, MatchingStatus.FAILED, MatchingStatus.CANCELLED):
            raise Refused(RefusalCode.WRONG_STATE, "This run has no draft.", "matchingId")

    def _must_be(self, status: MatchingStatus, otherwise: str) -> None:
        if self.status is not status:
            raise Refused(RefusalCode.WRONG_STATE, otherwise, "matchingId")

    async def must_be_allowed(self, by: "Account") -> Programme:
        """The programme. Raises `Refused` unless `by` organises it."""
        programme = await Programme.get(id=self.programme_id)
        await Membership.must_allow(Deed.ORGANISE, programme.organisation_id, by)
        return programme

    async def editable(self, by: "Account") -> Self:
        """The draft, locked. Raises `Refused` unless `by` organises, and for what is no draft any more."""
        await self.must_be_allowed(by)
        matching = await self.locked(self.id)
        matching._must_be(MatchingStatus.DRAFT, "This is no draft any more; run the programme again.")
        return matching
