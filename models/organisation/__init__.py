"""Organisations, their members, and their programmes: who runs mentoring for whom, when, and by which rules."""

from models.organisation.eligibility import (
    FORBIDDEN,
    Obstacle,
    Subject,
    broken_rules,
    must_be_eligible,
    obstacles,
)
from models.organisation.founding import Founding
from models.organisation.hard_rule import HardRule, rules_over
from models.organisation.membership import PERMISSIONS, Deed, Membership, OrganisationRole
from models.organisation.organisation import ContactRule, Organisation
from models.organisation.pair_rule import PairRule, PairRuleKind
from models.organisation.participation import Departure, Enrolment, Participation, ProgrammeSide
from models.organisation.programme import Cohort, Programme, ProgrammeMode, PublishAs

__all__ = [
    "FORBIDDEN",
    "PERMISSIONS",
    "Cohort",
    "ContactRule",
    "Deed",
    "Departure",
    "Enrolment",
    "Founding",
    "HardRule",
    "Membership",
    "Obstacle",
    "Organisation",
    "OrganisationRole",
    "PairRule",
    "PairRuleKind",
    "Participation",
    "Programme",
    "ProgrammeMode",
    "ProgrammeSide",
    "PublishAs",
    "Subject",
    "broken_rules",
    "must_be_eligible",
    "obstacles",
    "rules_over",
]
