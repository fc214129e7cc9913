from tortoise import migrations
from tortoise.migrations import operations as ops
from models.conversation.notification import NotificationKind
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0018_pairs_of_programmes')]

    initial = False

    operations = [
        ops.AlterField(
            model_name='Notification',
            name='kind',
            field=fields.CharEnumField(description='MENTION: MENTION\nREPLY: REPLY\nNOT_SENT: NOT_SENT\nINVITATION: INVITATION', enum_type=NotificationKind, max_length=16),
        ),
        ops.AddField(
            model_name='Notification',
            name='membership',
            field=fields.ForeignKeyField('models.Membership', source_field='membership_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE),
        ),
        # On PostgreSQL a column that is added gets no index.
        ops.AlterField(
            model_name='Notification',
            name='membership',
            field=fields.ForeignKeyField('models.Membership', source_field='membership_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE),
        ),
    ]
