from tortoise import migrations
from tortoise.migrations import operations as ops
from models.base import uuid7
from models.clock import now
from models.report import ReportReason
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0006_words')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Block',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('blocker', fields.ForeignKeyField('models.Profile', source_field='blocker_id', db_constraint=True, to_field='id', related_name='blocks', on_delete=OnDelete.CASCADE)),
                ('blocked', fields.ForeignKeyField('models.Profile', source_field='blocked_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
            ],
            options={'table': 'block', 'app': 'models', 'unique_together': (('blocker', 'blocked'),), 'pk_attr': 'id'},
            bases=['Base'],
        ),
        ops.CreateModel(
            name='Report',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('author', fields.ForeignKeyField('models.Profile', source_field='author_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('client_id', fields.CharField(null=True, max_length=64)),
                ('content_hash', fields.CharField(null=True, max_length=64)),
                ('profile', fields.ForeignKeyField('models.Profile', source_field='profile_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('conversation', fields.ForeignKeyField('models.Conversation', source_field='conversation_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL)),
                ('reason', fields.CharEnumField(description='HARASSMENT: HARASSMENT\nINAPPROPRIATE: INAPPROPRIATE\nSAFETY: SAFETY\nSPAM: SPAM\nOTHER: OTHER', enum_type=ReportReason, max_length=16)),
                ('text', fields.TextField(unique=False)),
                ('seal', fields.CharField(max_length=64)),
                ('closed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'report', 'app': 'models', 'unique_together': (('author', 'client_id'),), 'indexes': [Index(fields=['closed_at', 'created_at'])], 'pk_attr': 'id'},
            bases=['Authored'],
        ),
        ops.CreateModel(
            name='ReportedMessage',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('report', fields.ForeignKeyField('models.Report', source_field='report_id', db_constraint=True, to_field='id', related_name='reported_messages', on_delete=OnDelete.CASCADE)),
                ('position', fields.SmallIntField()),
                ('number', fields.BigIntField()),
                ('author_id', fields.UUIDField()),
                ('body', fields.TextField(unique=False)),
                ('sent_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('edited_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'reported_message', 'app': 'models', 'unique_together': (('report', 'position'),), 'pk_attr': 'id'},
            bases=['Base'],
        ),
    ]
