from tortoise import migrations
from tortoise.migrations import operations as ops
from models.base import uuid7
from models.clock import now
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0019_invitations')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Departure',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('programme', fields.ForeignKeyField('models.Programme', source_field='programme_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('profile', fields.ForeignKeyField('models.Profile', source_field='profile_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('team', fields.CharField(max_length=80)),
                ('site', fields.CharField(max_length=80)),
                ('staff_key', fields.CharField(max_length=80)),
                ('manager', fields.CharField(max_length=80)),
            ],
            options={'table': 'departure', 'app': 'models', 'unique_together': (('programme', 'profile'),), 'pk_attr': 'id'},
            bases=['Base'],
        ),
        ops.AddField(
            model_name='Membership',
            name='invited_by',
            field=fields.ForeignKeyField('models.Profile', source_field='invited_by_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL),
        ),
        # On PostgreSQL a column that is added gets no index.
        ops.AlterField(
            model_name='Membership',
            name='invited_by',
            field=fields.ForeignKeyField('models.Profile', source_field='invited_by_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL),
        ),
    ]
