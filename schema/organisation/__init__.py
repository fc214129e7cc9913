"""Organisations, their members, their programmes."""

from models.organisation import ContactRule
from schema.organisation.members import OrganisationMutation
from schema.organisation.organisation import (
    BY_COHORT,
    BY_ENROLMENT,
    BY_MEMBERSHIP,
    BY_RULE,
    BY_START,
    OLDEST_FIRST,
    Membership,
    Organisation,
    OrganisationQuery,
    Participation,
    Programme,
)
from schema.organisation.programmes import ProgrammeMutation

__all__ = [
    "BY_COHORT",
    "BY_ENROLMENT",
    "BY_MEMBERSHIP",
    "BY_RULE",
    "BY_START",
    "OLDEST_FIRST",
    "ContactRule",
    "Membership",
    "Organisation",
    "OrganisationMutation",
    "OrganisationQuery",
    "Participation",
    "Programme",
    "ProgrammeMutation",
]
