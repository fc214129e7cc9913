from tortoise import migrations
from tortoise.migrations import operations as ops
from models.base import uuid7
from models.clock import now
from models.inbox import Kind
from models.markup import rendered
from models.conversation import NotificationKind
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

PAGE = 500


async def render(_, editor):
    """Messages that were sent before bodies were rendered get their HTML, page by page."""
    client, after = editor.client, '00000000-0000-0000-0000-000000000000'
    first, second = ('?', '?') if client.capabilities.dialect == 'sqlite' else ('$1', '$2')
    page = f"SELECT id, body FROM message WHERE id > {first} AND html = '' ORDER BY id LIMIT {PAGE}"
    while rows := await client.execute_query_dict(page, [after]):
        for row in rows:
            update = f'UPDATE message SET html = {first} WHERE id = {second}'
            await client.execute_query(update, [rendered(row['body']).html, row['id']])
        after = rows[-1]['id']


class Migration(migrations.Migration):
    dependencies = [('models', '0011_quick_sends')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Mention',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('message', fields.ForeignKeyField('models.Message', source_field='message_id', db_constraint=True, to_field='id', related_name='mentions', on_delete=OnDelete.CASCADE)),
                ('profile', fields.ForeignKeyField('models.Profile', source_field='profile_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
            ],
            options={'table': 'mention', 'app': 'models', 'unique_together': (('message', 'profile'),), 'pk_attr': 'id'},
            bases=['Base'],
        ),
        ops.CreateModel(
            name='MissedMail',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('account', fields.ForeignKeyField('models.Account', source_field='account_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('due_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('tries', fields.SmallIntField(default=1)),
                ('sent_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('token_hash', fields.CharField(unique=True, max_length=64)),
            ],
            options={'table': 'missed_mail', 'app': 'models', 'indexes': [Index(fields=['account_id', 'created_at']), Index(fields=['due_at']), Index(fields=['created_at'])], 'pk_attr': 'id'},
            bases=['Base'],
        ),
        ops.CreateModel(
            name='MissedConversation',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('mail', fields.ForeignKeyField('models.MissedMail', source_field='mail_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('profile_id', fields.UUIDField()),
                ('conversation', fields.ForeignKeyField('models.Conversation', source_field='conversation_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('from_number', fields.BigIntField()),
                ('to_number', fields.BigIntField()),
            ],
            options={'table': 'missed_conversation', 'app': 'models', 'unique_together': (('mail', 'conversation'),), 'indexes': [Index(fields=['profile_id', 'conversation_id', 'to_number'])], 'pk_attr': 'id'},
            bases=['Base'],
        ),
        ops.CreateModel(
            name='Notification',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('account', fields.ForeignKeyField('models.Account', source_field='account_id', db_constraint=True, to_field='id', related_name='notifications', on_delete=OnDelete.CASCADE)),
                ('kind', fields.CharEnumField(description='MENTION: MENTION\nREPLY: REPLY\nNOT_SENT: NOT_SENT', enum_type=NotificationKind, max_length=16)),
                ('message', fields.ForeignKeyField('models.Message', source_field='message_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('scheduled_message', fields.ForeignKeyField('models.ScheduledMessage', source_field='scheduled_message_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('read_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'notification', 'app': 'models', 'unique_together': (('account', 'message'), ('account', 'scheduled_message')), 'indexes': [Index(fields=['account_id', 'created_at', 'id']), Index(fields=['account_id', 'read_at', 'created_at']), Index(fields=['created_at'])], 'pk_attr': 'id'},
            bases=['Base'],
        ),
        ops.AlterField(
            model_name='InboxEvent',
            name='kind',
            field=fields.CharEnumField(description='MESSAGE_CREATED: MESSAGE_CREATED\nMESSAGE_UPDATED: MESSAGE_UPDATED\nREACTION_CHANGED: REACTION_CHANGED\nSCHEDULED_MESSAGE_CHANGED: SCHEDULED_MESSAGE_CHANGED\nCONVERSATION_CHANGED: CONVERSATION_CHANGED\nCONVERSATION_LEFT: CONVERSATION_LEFT\nREAD_MARKER_MOVED: READ_MARKER_MOVED\nREQUEST_CHANGED: REQUEST_CHANGED\nMENTORSHIP_CHANGED: MENTORSHIP_CHANGED\nGOAL_CHANGED: GOAL_CHANGED\nMEETING_CHANGED: MEETING_CHANGED\nVIDEO_SESSION_CHANGED: VIDEO_SESSION_CHANGED\nNOTIFICATION_CREATED: NOTIFICATION_CREATED\nNOTIFICATIONS_READ: NOTIFICATIONS_READ', enum_type=Kind, max_length=32),
        ),
        ops.RunPython(render, ops.RunPython.noop),
    ]
