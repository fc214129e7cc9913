from tortoise import migrations
from tortoise.migrations import operations as ops
from models.base import uuid7
from models.clock import now
from models.organisation.membership import OrganisationRole
from models.organisation.pair_rule import PairRuleKind
from models.organisation.participation import ProgrammeSide
from models.organisation.programme import ProgrammeMode, PublishAs
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index

PAGE = 500


async def join(_, editor):
    """Who takes part in a programme belongs to its organisation: from now on a row says so."""
    client = editor.client
    on_sqlite = client.capabilities.dialect == 'sqlite'
    slot = '?' if on_sqlite else '${}'
    page = f"""SELECT DISTINCT g.organisation_id, p.profile_id FROM participation p JOIN programme g ON g.id = p.programme_id
        WHERE NOT EXISTS (SELECT 1 FROM membership m
            WHERE m.organisation_id = g.organisation_id AND m.profile_id = p.profile_id) LIMIT {PAGE}"""
    insert = f"""INSERT INTO membership (id, created_at, organisation_id, profile_id, role, joined_at)
        VALUES ({', '.join(slot.format(n) for n in range(1, 7))})"""
    while rows := await client.execute_query_dict(page):
        for row in rows:
            moment = str(now()) if on_sqlite else now()
            key = str(uuid7()) if on_sqlite else uuid7()
            values = [key, moment, row['organisation_id'], row['profile_id'], 'PARTICIPANT', moment]
            await client.execute_query(insert, values)


class Migration(migrations.Migration):
    dependencies = [('models', '0013_requests')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Cohort',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('author', fields.ForeignKeyField('models.Profile', source_field='author_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('client_id', fields.CharField(null=True, max_length=64)),
                ('content_hash', fields.CharField(null=True, max_length=64)),
                ('programme', fields.ForeignKeyField('models.Programme', source_field='programme_id', db_constraint=True, to_field='id', related_name='cohorts', on_delete=OnDelete.CASCADE)),
                ('name', fields.CharField(max_length=120)),
                ('starts_on', fields.DateField(null=True)),
                ('ends_on', fields.DateField(null=True)),
            ],
            options={'table': 'cohort', 'app': 'models', 'unique_together': (('author', 'client_id'),), 'indexes': [Index(fields=['programme_id', 'created_at', 'id'])], 'pk_attr': 'id'},
            bases=['Authored'],
        ),
        ops.CreateModel(
            name='Founding',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('author', fields.ForeignKeyField('models.Profile', source_field='author_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('client_id', fields.CharField(null=True, max_length=64)),
                ('content_hash', fields.CharField(null=True, max_length=64)),
                ('organisation', fields.ForeignKeyField('models.Organisation', source_field='organisation_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('programme', fields.ForeignKeyField('models.Programme', source_field='programme_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
            ],
            options={'table': 'founding', 'app': 'models', 'unique_together': (('author', 'client_id'),), 'pk_attr': 'id'},
            bases=['Authored'],
        ),
        ops.CreateModel(
            name='Membership',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('organisation', fields.ForeignKeyField('models.Organisation', source_field='organisation_id', db_constraint=True, to_field='id', related_name='memberships', on_delete=OnDelete.CASCADE)),
                ('profile', fields.ForeignKeyField('models.Profile', source_field='profile_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name='memberships', on_delete=OnDelete.CASCADE)),
                ('email', fields.CharField(null=True, db_index=True, max_length=254)),
                ('role', fields.CharEnumField(description='OWNER: OWNER\nORGANISER: ORGANISER\nOBSERVER: OBSERVER\nPARTICIPANT: PARTICIPANT', enum_type=OrganisationRole, max_length=16)),
                ('joined_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'membership', 'app': 'models', 'unique_together': (('organisation', 'profile'), ('organisation', 'email')), 'indexes': [Index(fields=['organisation_id', 'created_at', 'id'])], 'pk_attr': 'id'},
            bases=['Base'],
        ),
        ops.CreateModel(
            name='PairRule',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('programme', fields.ForeignKeyField('models.Programme', source_field='programme_id', db_constraint=True, to_field='id', related_name='pair_rules', on_delete=OnDelete.CASCADE)),
                ('mentee', fields.ForeignKeyField('models.Profile', source_field='mentee_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('mentor', fields.ForeignKeyField('models.Profile', source_field='mentor_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('kind', fields.CharEnumField(description='MUST: MUST\nNEVER: NEVER', enum_type=PairRuleKind, max_length=16)),
            ],
            options={'table': 'pair_rule', 'app': 'models', 'unique_together': (('programme', 'mentee', 'mentor'),), 'indexes': [Index(fields=['programme_id', 'created_at', 'id'])], 'pk_attr': 'id'},
            bases=['Base'],
        ),
        ops.AddField(
            model_name='Participation',
            name='answers',
            field=fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads),
        ),
        ops.AddField(
            model_name='Participation',
            name='capacity',
            field=fields.SmallIntField(null=True),
        ),
        ops.AddField(
            model_name='Participation',
            name='cohort',
            field=fields.ForeignKeyField('models.Cohort', source_field='cohort_id', null=True, db_constraint=True, to_field='id', related_name='participations', on_delete=OnDelete.SET_NULL),
        ),
        ops.AlterField(
            model_name='Participation',
            name='cohort',
            field=fields.ForeignKeyField('models.Cohort', source_field='cohort_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name='participations', on_delete=OnDelete.SET_NULL),
        ),
        ops.AddField(
            model_name='Participation',
            name='manager',
            field=fields.CharField(default='', db_default='', max_length=80),
        ),
        ops.AddField(
            model_name='Participation',
            name='side',
            field=fields.CharEnumField(default=ProgrammeSide.BOTH, description='MENTEE: MENTEE\nMENTOR: MENTOR\nBOTH: BOTH', db_default=ProgrammeSide.BOTH, enum_type=ProgrammeSide, max_length=16),
        ),
        ops.AddField(
            model_name='Participation',
            name='site',
            field=fields.CharField(default='', db_default='', max_length=80),
        ),
        ops.AddField(
            model_name='Participation',
            name='staff_key',
            field=fields.CharField(default='', db_default='', max_length=80),
        ),
        ops.AddField(
            model_name='Participation',
            name='team',
            field=fields.CharField(default='', db_default='', max_length=80),
        ),
        ops.AddIndex(
            model_name='Participation',
            index=Index(fields=['programme_id', 'created_at', 'id']),
        ),
        ops.AddField(
            model_name='Programme',
            name='different_team',
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.AddField(
            model_name='Programme',
            name='mode',
            field=fields.CharEnumField(default=ProgrammeMode.HYBRID, description='SELF: SELF\nORGANISER: ORGANISER\nHYBRID: HYBRID', db_default=ProgrammeMode.HYBRID, enum_type=ProgrammeMode, max_length=16),
        ),
        ops.AddField(
            model_name='Programme',
            name='no_line_manager',
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.AddField(
            model_name='Programme',
            name='participation_weight',
            field=fields.FloatField(default=1.0, db_default=1.0),
        ),
        ops.AddField(
            model_name='Programme',
            name='publish_as',
            field=fields.CharEnumField(default=PublishAs.REQUESTS, description='REQUESTS: REQUESTS\nMENTORSHIPS: MENTORSHIPS', db_default=PublishAs.REQUESTS, enum_type=PublishAs, max_length=16),
        ),
        ops.AddField(
            model_name='Programme',
            name='same_site',
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.AddField(
            model_name='Programme',
            name='shared_language',
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.AddField(
            model_name='Programme',
            name='weights',
            field=fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads),
        ),
        ops.RunPython(join, ops.RunPython.noop),
    ]
