from tortoise import migrations
from tortoise.migrations import operations as ops
from models.account import PresenceAudience
from models.base import uuid7
from models.clock import now
from models.conversation.conversation import ConversationKind
from models.conversation.participant import Role
from models.inbox import Kind
from models.organisation import ContactRule
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0004_keys_of_calls')]

    initial = False

    operations = [
        ops.CreateModel(
            name='ConversationOpening',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('author', fields.ForeignKeyField('models.Profile', source_field='author_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('client_id', fields.CharField(null=True, max_length=64)),
                ('content_hash', fields.CharField(null=True, max_length=64)),
                ('conversation', fields.ForeignKeyField('models.Conversation', source_field='conversation_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
            ],
            options={'table': 'conversation_opening', 'app': 'models', 'unique_together': (('author', 'client_id'),), 'pk_attr': 'id'},
            bases=['Authored'],
        ),
        ops.CreateModel(
            name='MessageVersion',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('message', fields.ForeignKeyField('models.Message', source_field='message_id', db_constraint=True, to_field='id', related_name='versions', on_delete=OnDelete.CASCADE)),
                ('number', fields.IntField()),
                ('body', fields.TextField(unique=False)),
            ],
            options={'table': 'message_version', 'app': 'models', 'unique_together': (('message', 'number'),), 'pk_attr': 'id'},
            bases=['Base'],
        ),
        ops.CreateModel(
            name='Reaction',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('message', fields.ForeignKeyField('models.Message', source_field='message_id', db_constraint=True, to_field='id', related_name='reactions', on_delete=OnDelete.CASCADE)),
                ('profile', fields.ForeignKeyField('models.Profile', source_field='profile_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('emoji', fields.CharField(max_length=32)),
            ],
            options={'table': 'reaction', 'app': 'models', 'unique_together': (('message', 'profile', 'emoji'),), 'pk_attr': 'id'},
            bases=['Base'],
        ),
        ops.CreateModel(
            name='ScheduledMessage',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('author', fields.ForeignKeyField('models.Profile', source_field='author_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('client_id', fields.CharField(null=True, max_length=64)),
                ('content_hash', fields.CharField(null=True, max_length=64)),
                ('conversation', fields.ForeignKeyField('models.Conversation', source_field='conversation_id', db_index=True, db_constraint=True, to_field='id', related_name='scheduled_messages', on_delete=OnDelete.CASCADE)),
                ('body', fields.TextField(unique=False)),
                ('reply_to', fields.ForeignKeyField('models.Message', source_field='reply_to_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL)),
                ('send_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('due_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('sent', fields.ForeignKeyField('models.Message', source_field='sent_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL)),
                ('cancelled_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('refusal', fields.TextField(default='', unique=False)),
            ],
            options={'table': 'scheduled_message', 'app': 'models', 'unique_together': (('author', 'client_id'),), 'indexes': [Index(fields=['due_at'])], 'pk_attr': 'id'},
            bases=['Authored'],
        ),
        ops.CreateModel(
            name='Star',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('message', fields.ForeignKeyField('models.Message', source_field='message_id', db_index=True, db_constraint=True, to_field='id', related_name='stars', on_delete=OnDelete.CASCADE)),
                ('profile', fields.ForeignKeyField('models.Profile', source_field='profile_id', db_constraint=True, to_field='id', related_name='stars', on_delete=OnDelete.CASCADE)),
            ],
            options={'table': 'star', 'app': 'models', 'unique_together': (('profile', 'message'),), 'pk_attr': 'id'},
            bases=['Base'],
        ),
        ops.AddField(
            model_name='Account',
            name='contact',
            field=fields.CharEnumField(default=ContactRule.SAME_PROGRAMME, description='OFF: OFF\nSAME_PROGRAMME: SAME_PROGRAMME\nEVERYONE: EVERYONE', db_default=ContactRule.SAME_PROGRAMME, enum_type=ContactRule, max_length=16),
        ),
        ops.AddField(
            model_name='Account',
            name='missed_mail',
            field=fields.BooleanField(default=True, db_default=True),
        ),
        ops.AddField(
            model_name='Account',
            name='presence',
            field=fields.CharEnumField(default=PresenceAudience.CONTACTS, description='NOBODY: NOBODY\nCONTACTS: CONTACTS\nEVERYONE: EVERYONE', db_default=PresenceAudience.CONTACTS, enum_type=PresenceAudience, max_length=16),
        ),
        ops.AddField(
            model_name='Account',
            name='read_receipts',
            field=fields.BooleanField(default=True, db_default=True),
        ),
        ops.AddField(
            model_name='Conversation',
            name='blocks',
            field=fields.SmallIntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='Conversation',
            name='direct_pair',
            field=fields.CharField(null=True, unique=True, max_length=73),
        ),
        ops.AddField(
            model_name='Conversation',
            name='kind',
            field=fields.CharEnumField(default=ConversationKind.MENTORSHIP, description='MENTORSHIP: MENTORSHIP\nDIRECT: DIRECT\nCIRCLE: CIRCLE', db_default=ConversationKind.MENTORSHIP, enum_type=ConversationKind, max_length=16),
        ),
        ops.AddField(
            model_name='Conversation',
            name='title',
            field=fields.CharField(default='', db_default='', max_length=120),
        ),
        ops.AlterField(
            model_name='InboxEvent',
            name='kind',
            field=fields.CharEnumField(description='MESSAGE_CREATED: MESSAGE_CREATED\nMESSAGE_UPDATED: MESSAGE_UPDATED\nREACTION_CHANGED: REACTION_CHANGED\nCONVERSATION_CHANGED: CONVERSATION_CHANGED\nREAD_MARKER_MOVED: READ_MARKER_MOVED\nREQUEST_CHANGED: REQUEST_CHANGED\nMENTORSHIP_CHANGED: MENTORSHIP_CHANGED\nGOAL_CHANGED: GOAL_CHANGED\nMEETING_CHANGED: MEETING_CHANGED\nVIDEO_SESSION_CHANGED: VIDEO_SESSION_CHANGED', enum_type=Kind, max_length=32),
        ),
        ops.AddField(
            model_name='Message',
            name='deleted_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Message',
            name='edited_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Message',
            name='html',
            field=fields.TextField(default='', db_default='', unique=False),
        ),
        ops.AddField(
            model_name='Message',
            name='pinned_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Message',
            name='reply_to',
            field=fields.ForeignKeyField('models.Message', source_field='reply_to_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL),
        ),
        # On PostgreSQL a column that is added gets no index.
        ops.AlterField(
            model_name='Message',
            name='reply_to',
            field=fields.ForeignKeyField('models.Message', source_field='reply_to_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL),
        ),
        ops.AddField(
            model_name='Organisation',
            name='contact',
            field=fields.CharEnumField(default=ContactRule.EVERYONE, description='OFF: OFF\nSAME_PROGRAMME: SAME_PROGRAMME\nEVERYONE: EVERYONE', db_default=ContactRule.EVERYONE, enum_type=ContactRule, max_length=16),
        ),
        ops.AddField(
            model_name='Participant',
            name='archived_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Participant',
            name='delivered_number',
            field=fields.BigIntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='Participant',
            name='muted_until',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Participant',
            name='pinned_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Participant',
            name='role',
            field=fields.CharEnumField(default=Role.MEMBER, description='OWNER: OWNER\nMODERATOR: MODERATOR\nMEMBER: MEMBER', db_default=Role.MEMBER, enum_type=Role, max_length=16),
        ),
    ]
