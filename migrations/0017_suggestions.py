from tortoise import migrations
from tortoise.migrations import operations as ops
from models.base import uuid7
from models.clock import now
from models.suggestion.dismissal import MatchRole
from tortoise.fields.base import OnDelete
from tortoise import fields

POSTGRES = [
    "CREATE TABLE profile_change (id uuid PRIMARY KEY, number bigint NOT NULL)",
    "CREATE INDEX profile_change_number ON profile_change (number)",
    # Whoever changes a profile holds its row, and so finds this row free.
    """CREATE FUNCTION profile_changed() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE changed uuid;
    BEGIN
        IF TG_TABLE_NAME = 'profile' THEN
            changed := CASE TG_OP WHEN 'DELETE' THEN OLD.id ELSE NEW.id END;
        ELSE
            changed := CASE TG_OP WHEN 'DELETE' THEN OLD.profile_id ELSE NEW.profile_id END;
        END IF;
        INSERT INTO profile_change AS c (id, number) VALUES (changed, pg_current_xact_id()::text::bigint)
            ON CONFLICT (id) DO UPDATE SET number = EXCLUDED.number WHERE c.number <> EXCLUDED.number;
        RETURN NULL;
    END $$""",
    *(
        f"CREATE TRIGGER {table}_changed AFTER INSERT OR UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION profile_changed()"
        for table in ("profile", "profile_skill_offered", "profile_skill_wanted")
    ),
]

SQLITE = [
    "CREATE TABLE profile_change (id CHAR(36) NOT NULL PRIMARY KEY, number INTEGER NOT NULL)",
    "CREATE INDEX profile_change_number ON profile_change (number)",
]


class RunSQL(ops.RunSQL):
    """Each database has its own. SQLite's triggers come after every migration (`models/database/changes.py`)."""

    async def database_forward(self, app_label, old_state, new_state, state_editor=None):
        if state_editor is not None:
            await self._run_sql(state_editor, SQLITE if state_editor.DIALECT == "sqlite" else POSTGRES)


class Migration(migrations.Migration):
    dependencies = [('models', '0016_discovery')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Dismissal',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('owner', fields.ForeignKeyField('models.Profile', source_field='owner_id', db_constraint=True, to_field='id', related_name='dismissals', on_delete=OnDelete.CASCADE)),
                ('profile', fields.ForeignKeyField('models.Profile', source_field='profile_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('role', fields.CharEnumField(description='MENTEE: MENTEE\nMENTOR: MENTOR', enum_type=MatchRole, max_length=16)),
            ],
            options={'table': 'dismissal', 'app': 'models', 'unique_together': (('owner', 'role', 'profile'),), 'pk_attr': 'id'},
            bases=['Base'],
        ),
        RunSQL(""),
    ]
