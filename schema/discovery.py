"""Discovery: the search for mentors, and for people who look for one; and searches that are kept."""

from datetime import datetime
from enum import Enum
from typing import Any

import strawberry
from tortoise.fields import IntField

import models.saved_search
from models.discovery import PREPARED, Criteria, found, ranked, vocabulary, with_places
from models.facet import Facet as Value
from models.facet import Facets as Counted
from models.mentorship import MeetingKind
from models.profile import Profile as ProfileRow
from models.profile import camel
from models.refusal import invalid
from models.saved_search import SearchFor
from models.skill import key_of
from schema.connection import Connection, Order, page
from schema.context import Info, viewer
from schema.node import Node, as_node, find, node
from schema.plan.read import PREPARE
from schema.profile import Profile
from schema.refusal import mutation

strawberry.enum(SearchFor, description="Whom a search looks for.")

BY_NAME = Order("profiles", "name")
NEWEST_FIRST = Order("newest profiles", "-created_at")
MOST_YEARS_FIRST = Order("experienced profiles", "-years_of_experience")
MOST_PLACES_FIRST = Order("profiles with places", "-places", IntField())
BEST_FIRST = Order("relevant profiles", "-relevance", IntField())
BY_AGE = Order("saved searches", "created_at")

FILTER = {f"filter.{camel(name)}": prepare for name, prepare in PREPARED.items()}


@strawberry.enum(description="How people are sorted.")
class ProfileOrder(Enum):
    """How people are sorted."""

    RELEVANCE = "RELEVANCE"
    NAME = "NAME"
    NEWEST = "NEWEST"
    EXPERIENCE = "EXPERIENCE"
    PLACES_FREE = "PLACES_FREE"


ORDERS = {
    ProfileOrder.RELEVANCE: BEST_FIRST,
    ProfileOrder.NAME: BY_NAME,
    ProfileOrder.NEWEST: NEWEST_FIRST,
    ProfileOrder.EXPERIENCE: MOST_YEARS_FIRST,
    ProfileOrder.PLACES_FREE: MOST_PLACES_FIRST,
}


@strawberry.input(description="What holds of everybody who is found. What is left out, null or empty is not asked.")
class ProfileFilterInput:
    """What is looked for."""

    skills_any: list[str] | None = strawberry.field(
        default=None, description="One of these, in any case: of those that a mentor offers, or that a mentee wants."
    )
    skills_all: list[str] | None = strawberry.field(default=None, description="All of these.")
    languages: list[str] | None = strawberry.field(
        default=None, description="One of these. A language is meant with its regions: pt finds pt-BR."
    )
    industries: list[str] | None = strawberry.field(default=None, description="One of these, spelt as the facets are.")
    formats: list[MeetingKind] | None = strawberry.field(default=None, description="One of these.")
    years_at_least: int | None = strawberry.field(default=None, description="Years of experience.")
    years_at_most: int | None = strawberry.field(default=None, description="Years of experience.")
    overlap_hours: int | None = strawberry.field(
        default=None, description="In at least so many hours of the week both you and they are free, as clocks go now."
    )
    places_free: bool | None = strawberry.field(
        default=None, description="Whether a mentor can take another mentee. Mentees have no places."
    )
    text: str | None = strawberry.field(
        default=None,
        description='Every word and `"phrase in quotes"` is in the profile, and no `-word`. Accents and capitals do '
        "not count.",
    )


@strawberry.type(description="A value of a facet.")
class Facet:
    """A value of a facet."""

    name: str
    count: int = strawberry.field(description="How many of those who are found have it.")


@strawberry.type(description="What those who are found have in common: of each kind the twenty most frequent values.")
class Facets:
    """What those who are found have in common."""

    @strawberry.field(description="Those that mentors offer, or that mentees want.")
    async def skills(root: Counted) -> list[Facet]:
        """By skills."""
        return _facets(await root.of("skills"))

    @strawberry.field(description="BCP 47 tags.")
    async def languages(root: Counted) -> list[Facet]:
        """By languages."""
        return _facets(await root.of("languages"))

    @strawberry.field
    async def industries(root: Counted) -> list[Facet]:
        """By industries."""
        return _facets(await root.of("industries"))

    @strawberry.field(description="In which ways they like to meet.")
    async def formats(root: Counted) -> list[Facet]:
        """By formats."""
        return _facets(await root.of("formats"))

    @strawberry.field(description="Years of experience, in five bands.")
    async def years(root: Counted) -> list[Facet]:
        """By years of experience."""
        return _facets(await root.of("years"))


@node(models.saved_search.SavedSearch, "A search that you have saved. Only you see it.")
class SavedSearch(Node):
    """A search that its person has saved. What was not asked is empty or null."""

    name: str
    looks_for: SearchFor
    skills_any: list[str]
    skills_all: list[str]
    languages: list[str]
    industries: list[str]
    formats: list[MeetingKind]
    years_at_least: int | None
    years_at_most: int | None
    overlap_hours: int | None
    places_free: bool | None
    text: str | None
    created_at: datetime


@strawberry.input
class SaveSearchInput:
    """A search to save, under a key of your own."""

    name: str
    looks_for: SearchFor
    filter: ProfileFilterInput
    client_id: strawberry.ID


@strawberry.input
class DeleteSavedSearchInput:
    """The search that is no longer needed."""

    saved_search_id: strawberry.ID


@strawberry.type
class SaveSearchPayload:
    """The search."""

    saved: SavedSearch


@strawberry.type
class DeleteSavedSearchPayload:
    """What was deleted."""

    saved_search_id: strawberry.ID


@strawberry.type
class DiscoveryQuery:
    """Searches."""

    @strawberry.field(
        description="The people who mentor; you are not among them. Sorted by name, or by relevance where a text is "
        "looked for. `skill` is one that they offer, if there is such a skill.",
        metadata={PREPARE: {"skill": key_of, **FILTER}},
    )
    def mentors(
        self,
        info: Info,
        skill: str | None = None,
        filter: ProfileFilterInput | None = None,
        order_by: ProfileOrder | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> Connection[Profile]:
        """Mentors."""
        return _page(SearchFor.MENTORS, info, filter, order_by, first, after, skill=skill)

    @strawberry.field(
        description="The people who say that they look for a mentor (`seeking`); you are not among them. Sorted by "
        "name, or by relevance where a text is looked for.",
        metadata={PREPARE: FILTER},
    )
    def mentees(
        self,
        info: Info,
        filter: ProfileFilterInput | None = None,
        order_by: ProfileOrder | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> Connection[Profile]:
        """Mentees."""
        return _page(SearchFor.MENTEES, info, filter, order_by, first, after)

    @strawberry.field(
        description="How many of the mentors that a filter finds have each skill, language and so on.",
        metadata={PREPARE: FILTER},
    )
    def mentor_facets(self, info: Info, filter: ProfileFilterInput | None = None) -> Facets:
        """The facets of mentors."""
        return _counted(SearchFor.MENTORS, info, filter)

    @strawberry.field(
        description="How many of the mentees that a filter finds have each skill, language and so on.",
        metadata={PREPARE: FILTER},
    )
    def mentee_facets(self, info: Info, filter: ProfileFilterInput | None = None) -> Facets:
        """The facets of mentees."""
        return _counted(SearchFor.MENTEES, info, filter)

    @strawberry.field(description="The searches that you have saved, the oldest first.")
    def saved_searches(
        self, info: Info, first: int | None = None, after: str | None = None
    ) -> Connection[SavedSearch]:
        """The viewer's saved searches."""
        return page(models.saved_search.SavedSearch.visible_to(viewer(info)), BY_AGE, first=first, after=after)


@strawberry.type
class DiscoveryMutation:
    """Changes of saved searches."""

    @mutation("Save a search under a name. What it finds is asked for as ever, with what it holds as the filter.")
    async def save_search(self, info: Info, input: SaveSearchInput) -> SaveSearchPayload:
        """Save a search."""
        by = viewer(info)
        criteria = _criteria(input.looks_for, input.filter)
        await criteria.must_be_known("filter.")
        saved = await models.saved_search.SavedSearch.save_as(
            input.name, input.looks_for, by=by, client_id=input.client_id, **criteria.given
        )
        return SaveSearchPayload(saved=as_node(saved))

    @mutation("Delete a search that you have saved.")
    async def delete_saved_search(self, info: Info, input: DeleteSavedSearchInput) -> DeleteSavedSearchPayload:
        """Delete a saved search."""
        saved = await find(models.saved_search.SavedSearch, input.saved_search_id, "savedSearchId", info)
        await saved.remove(by=viewer(info))
        return DeleteSavedSearchPayload(saved_search_id=input.saved_search_id)


def _criteria(looks_for: SearchFor, given: ProfileFilterInput | None) -> Criteria:
    asked = {} if given is None else {name: value for name, value in vars(given).items() if value is not None}
    criteria = Criteria(**asked)
    criteria.must_be_possible(looks_for, "filter.")
    return criteria


def _page(
    looks_for: SearchFor,
    info: Info,
    given: ProfileFilterInput | None,
    order_by: ProfileOrder | None,
    first: int | None,
    after: str | None,
    *,
    skill: str | None = None,
) -> Any:
    by, criteria = viewer(info), _criteria(looks_for, given)
    rows = found(looks_for, criteria, by)
    if skill is not None:
        rows = ProfileRow.offering(rows, skill)
    order_by = order_by or (ProfileOrder.NAME if criteria.text is None else ProfileOrder.RELEVANCE)
    if order_by is ProfileOrder.RELEVANCE:
        if criteria.text is None:
            raise invalid("Look for a text, or choose another order.", "orderBy")
        rows = ranked(rows, criteria.text)
    elif order_by is ProfileOrder.PLACES_FREE:
        rows = with_places(rows)
    return page(rows, ORDERS[order_by], first=first, after=after, guard=vocabulary(criteria, by, "filter."))


def _counted(looks_for: SearchFor, info: Info, given: ProfileFilterInput | None) -> Any:
    by, criteria = viewer(info), _criteria(looks_for, given)
    return Counted(found(looks_for, criteria, by), looks_for, vocabulary(criteria, by, "filter."))


def _facets(counted: list[Value]) -> list[Facet]:
    return [Facet(name=one.name, count=one.count) for one in counted]
