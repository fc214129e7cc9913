from tortoise import migrations
from tortoise.migrations import operations as ops
from models.base import uuid7
from models.clock import now
from tortoise.fields.base import OnDelete
from tortoise import fields


class RemoveConstraint(ops.RemoveConstraint):
    """On SQLite the constraint goes when the table is made anew, for the columns below; it cannot be dropped before."""

    async def database_forward(self, app_label, old_state, new_state, state_editor=None):
        if state_editor is None or state_editor.DIALECT != "sqlite":
            await super().database_forward(app_label, old_state, new_state, state_editor)


class Migration(migrations.Migration):
    dependencies = [('models', '0001_initial')]

    initial = False

    operations = [
        ops.CreateModel(
            name='VideoSessionStart',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('author', fields.ForeignKeyField('models.Profile', source_field='author_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('client_id', fields.CharField(null=True, max_length=64)),
                ('content_hash', fields.CharField(null=True, max_length=64)),
                ('session', fields.ForeignKeyField('models.VideoSession', source_field='session_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
            ],
            options={'table': 'video_session_start', 'app': 'models', 'unique_together': (('author', 'client_id'),), 'pk_attr': 'id'},
            bases=['Authored'],
        ),
        # The keys that calls were opened under move to the new table; each start of those has the id of its call.
        ops.RunSQL(
            "INSERT INTO video_session_start (id, created_at, author_id, client_id, content_hash, session_id)"
            " SELECT id, created_at, author_id, client_id, content_hash, id FROM video_session"
            " WHERE client_id IS NOT NULL"
        ),
        RemoveConstraint(
            model_name='VideoSession',
            name=None,
            fields=['author', 'client_id'],
        ),
        ops.RemoveField(model_name='VideoSession', name='client_id'),
        ops.RemoveField(model_name='VideoSession', name='content_hash'),
    ]
