from tortoise import migrations
from tortoise.migrations import operations as ops
from models.base import Filled, uuid7
from models.clock import now
from models.inbox import Kind
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0007_safety')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Evidence',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('author', fields.ForeignKeyField('models.Profile', source_field='author_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('client_id', fields.CharField(null=True, max_length=64)),
                ('content_hash', fields.CharField(null=True, max_length=64)),
                ('goal', fields.ForeignKeyField('models.Goal', source_field='goal_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name='evidence', on_delete=OnDelete.CASCADE)),
                ('meeting', fields.ForeignKeyField('models.Meeting', source_field='meeting_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name='evidence', on_delete=OnDelete.CASCADE)),
                ('message', fields.ForeignKeyField('models.Message', source_field='message_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL)),
                ('body', fields.TextField(unique=False)),
                ('html', fields.TextField(default='', db_default='', unique=False)),
                ('writer', fields.ForeignKeyField('models.Profile', source_field='writer_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('written_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'evidence', 'app': 'models', 'unique_together': (('author', 'client_id'),), 'pk_attr': 'id'},
            bases=['Authored'],
        ),
        ops.AlterField(
            model_name='InboxEvent',
            name='kind',
            field=fields.CharEnumField(description='MESSAGE_CREATED: MESSAGE_CREATED\nMESSAGE_UPDATED: MESSAGE_UPDATED\nREACTION_CHANGED: REACTION_CHANGED\nSCHEDULED_MESSAGE_CHANGED: SCHEDULED_MESSAGE_CHANGED\nCONVERSATION_CHANGED: CONVERSATION_CHANGED\nREAD_MARKER_MOVED: READ_MARKER_MOVED\nREQUEST_CHANGED: REQUEST_CHANGED\nMENTORSHIP_CHANGED: MENTORSHIP_CHANGED\nGOAL_CHANGED: GOAL_CHANGED\nMEETING_CHANGED: MEETING_CHANGED\nVIDEO_SESSION_CHANGED: VIDEO_SESSION_CHANGED', enum_type=Kind, max_length=32),
        ),
        ops.AddIndex(
            model_name='Message',
            index=Filled(fields=['conversation_id', 'pinned_at'], filled='pinned_at'),
        ),
    ]
