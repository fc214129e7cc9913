"""Organisations, their members, and their programmes: who runs mentoring for whom, when, and by which rules."""

from models.organisation.founding import Founding
from models.organisation.membership import PERMISSIONS, Deed, Membership, OrganisationRole
from models.organisation.organisation import ContactRule, Organisation
from models.organisation.pair_rule import PairRule, PairRuleKind
from models.organisation.participation import Enrolment, Participation, ProgrammeSide
from models.organisation.programme import Cohort, Programme, ProgrammeMode, PublishAs

__all__ = [
    "PERMISSIONS",
    "Cohort",
    "ContactRule",
    "Deed",
    "Enrolment",
    "Founding",
    "Membership",
    "Organisation",
    "OrganisationRole",
    "PairRule",
    "PairRuleKind",
    "Participation",
    "Programme",
    "ProgrammeMode",
    "ProgrammeSide",
    "PublishAs",
]
