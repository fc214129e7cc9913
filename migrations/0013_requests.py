from tortoise import migrations
from tortoise.migrations import operations as ops
from models.mentorship import MeetingKind
from models.request.standing import RequestStatus
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0012_notices')]

    initial = False

    operations = [
        ops.AlterField(
            model_name='Mentorship',
            name='request',
            field=fields.OneToOneField('models.MentorshipRequest', source_field='request_id', null=True, db_constraint=True, to_field='id', related_name='mentorship', on_delete=OnDelete.RESTRICT),
        ),
        ops.AddField(
            model_name='Mentorship',
            name='format',
            field=fields.CharEnumField(default=MeetingKind.VIDEO, description='IN_PERSON: IN_PERSON\nPHONE: PHONE\nVIDEO: VIDEO\nMESSAGING: MESSAGING', db_default=MeetingKind.VIDEO, enum_type=MeetingKind, max_length=16),
        ),
        ops.AlterField(
            model_name='MentorshipRequest',
            name='expires_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AlterField(
            model_name='MentorshipRequest',
            name='status',
            field=fields.CharEnumField(default=RequestStatus.PENDING, description='QUEUED: QUEUED\nPENDING: PENDING\nACCEPTED: ACCEPTED\nDECLINED: DECLINED\nWITHDRAWN: WITHDRAWN\nEXPIRED: EXPIRED\nSUPERSEDED: SUPERSEDED\nPASSED_OVER: PASSED_OVER', enum_type=RequestStatus, max_length=16),
        ),
        ops.AddField(
            model_name='MentorshipRequest',
            name='format',
            field=fields.CharEnumField(default=MeetingKind.VIDEO, description='IN_PERSON: IN_PERSON\nPHONE: PHONE\nVIDEO: VIDEO\nMESSAGING: MESSAGING', db_default=MeetingKind.VIDEO, enum_type=MeetingKind, max_length=16),
        ),
        ops.AddField(
            model_name='MentorshipRequest',
            name='given_with',
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name='MentorshipRequest',
            name='pending_queue',
            field=fields.CharField(null=True, unique=True, max_length=73),
        ),
        ops.AddField(
            model_name='MentorshipRequest',
            name='place',
            field=fields.SmallIntField(null=True),
        ),
        ops.AddField(
            model_name='MentorshipRequest',
            name='programme',
            field=fields.ForeignKeyField('models.Programme', source_field='programme_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL),
        ),
        # On PostgreSQL a column that is added gets no index.
        ops.AlterField(
            model_name='MentorshipRequest',
            name='programme',
            field=fields.ForeignKeyField('models.Programme', source_field='programme_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL),
        ),
        ops.AddField(
            model_name='Programme',
            name='reply_days',
            field=fields.SmallIntField(null=True),
        ),
    ]
