from tortoise import migrations
from tortoise.migrations import operations as ops
from models.base import uuid7
from models.clock import now
from models.saved_search import SearchFor
from models.visibility import Visibility
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index

# Of both sides of each person, as `Profile.change` writes them.
NAMES = (
    "UPDATE profile SET skill_names = coalesce((SELECT {join}(name, {newline}) FROM (SELECT DISTINCT skill.name"
    " FROM (SELECT profile_id, skill_id FROM profile_skill_offered UNION SELECT profile_id, skill_id"
    " FROM profile_skill_wanted) AS had JOIN skill ON skill.id = had.skill_id WHERE had.profile_id = profile.id"
    " ORDER BY skill.name) AS named), '')"
)
COLUMNS = "name, headline, industry, skill_names, experience, goals"
# NFKD, as `unaccent` is an extension that not every server has.
WORDS = "to_tsvector('pg_catalog.simple', regexp_replace(normalize({text}, NFKD), '[\u0300-\u036f]', '', 'g'))"
# Between two columns stands a lexeme that is no word, so that no phrase goes from one into the next. No function of ours
# is called: while an index is made, PostgreSQL looks for functions among its own only.
BETWEEN = " || ''' '':2'::tsvector || "
POSTGRES = [
    NAMES.format(join="string_agg", newline="E'\\n'"),
    "CREATE FUNCTION words_of(text text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT "
    + WORDS.format(text="text")
    + " $$",
    "CREATE FUNCTION profile_words(name text, headline text, industry text, skill_names text, experience text,"
    " goals text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT "
    + BETWEEN.join(WORDS.format(text=column) for column in COLUMNS.split(", "))
    + " $$",
    f"CREATE INDEX profile_words ON profile USING gin (profile_words({COLUMNS}))",
]
SQLITE = [
    NAMES.format(join="group_concat", newline="char(10)"),
    f"CREATE VIRTUAL TABLE profile_words USING fts5(profile_id UNINDEXED, keys, {COLUMNS},"
    " tokenize = 'unicode61 remove_diacritics 2')",
    f"INSERT INTO profile_words (profile_id, keys, {COLUMNS}) SELECT id, 'p' || replace(id, '-', ''), {COLUMNS}"
    " FROM profile",
]


class RunSQL(ops.RunSQL):
    """Each database has its own."""

    async def database_forward(self, app_label, old_state, new_state, state_editor=None):
        if state_editor is not None:
            await self._run_sql(state_editor, SQLITE if state_editor.DIALECT == "sqlite" else POSTGRES)


class Migration(migrations.Migration):
    dependencies = [('models', '0015_matchings')]

    initial = False

    operations = [
        ops.CreateModel(
            name='SavedSearch',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('author', fields.ForeignKeyField('models.Profile', source_field='author_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('client_id', fields.CharField(null=True, max_length=64)),
                ('content_hash', fields.CharField(null=True, max_length=64)),
                ('name', fields.CharField(max_length=80)),
                ('looks_for', fields.CharEnumField(description='MENTORS: MENTORS\nMENTEES: MENTEES', enum_type=SearchFor, max_length=16)),
                ('skills_any', fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads)),
                ('skills_all', fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads)),
                ('languages', fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads)),
                ('industries', fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads)),
                ('formats', fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads)),
                ('years_at_least', fields.SmallIntField(null=True)),
                ('years_at_most', fields.SmallIntField(null=True)),
                ('overlap_hours', fields.SmallIntField(null=True)),
                ('places_free', fields.BooleanField(null=True)),
                ('text', fields.CharField(null=True, max_length=200)),
            ],
            options={'table': 'saved_search', 'app': 'models', 'unique_together': (('author', 'client_id'),), 'pk_attr': 'id'},
            bases=['Authored'],
        ),
        ops.AddField(
            model_name='Profile',
            name='formats',
            field=fields.JSONField(default=list, db_default=[], encoder=JSON_DUMPS, decoder=loads),
        ),
        ops.AddField(
            model_name='Profile',
            name='goals',
            field=fields.TextField(default='', db_default='', unique=False),
        ),
        ops.AddField(
            model_name='Profile',
            name='seeking',
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.AddField(
            model_name='Profile',
            name='skill_names',
            field=fields.TextField(default='', db_default='', unique=False),
        ),
        ops.AddField(
            model_name='Profile',
            name='visibility',
            field=fields.CharEnumField(default=Visibility.EVERYONE, description='EVERYONE: EVERYONE\nORGANISATION: ORGANISATION\nNOBODY: NOBODY', db_default=Visibility.EVERYONE, enum_type=Visibility, max_length=16),
        ),
        ops.AddField(
            model_name='Profile',
            name='week',
            field=fields.CharField(default='000000000000000000000000000000000000000000', db_default='000000000000000000000000000000000000000000', max_length=42),
        ),
        # The sweeper makes the weeks of those who are there, as `Profile.keep_weeks` says.
        ops.AddField(
            model_name='Profile',
            name='week_offset',
            field=fields.SmallIntField(null=True),
        ),
        ops.AddIndex(
            model_name='Profile',
            index=Index(fields=['seeking']),
        ),
        ops.AddIndex(
            model_name='Profile',
            index=Index(fields=['created_at', 'id']),
        ),
        ops.AddIndex(
            model_name='Profile',
            index=Index(fields=['time_zone', 'week_offset']),
        ),
        RunSQL(""),
    ]
