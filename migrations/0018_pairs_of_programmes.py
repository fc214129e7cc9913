from tortoise import migrations
from tortoise.migrations import operations as ops
from models.organisation.programme import PublishAs
from tortoise.fields.base import OnDelete
from tortoise import fields

# By a request that was accepted, or by a draft that was published as mentorships.
OF_THOSE_THERE = """UPDATE mentorship SET programme_id = coalesce(
    (SELECT asked.programme_id FROM mentorship_request AS asked WHERE asked.id = mentorship.request_id),
    (SELECT draft.programme_id FROM matched_pair AS pair JOIN matching AS draft ON draft.id = pair.matching_id
        WHERE pair.mentorship_id = mentorship.id ORDER BY pair.id LIMIT 1))"""

# The drafts that are or were published.
AS_THE_PROGRAMME_SAYS = """UPDATE matching SET publish_as =
    (SELECT programme.publish_as FROM programme WHERE programme.id = matching.programme_id)
    WHERE status IN ('PUBLISHING', 'PUBLISHED')"""


class Migration(migrations.Migration):
    dependencies = [('models', '0017_suggestions')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Mentorship',
            name='programme',
            field=fields.ForeignKeyField('models.Programme', source_field='programme_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL),
        ),
        # On PostgreSQL a column that is added gets no index.
        ops.AlterField(
            model_name='Mentorship',
            name='programme',
            field=fields.ForeignKeyField('models.Programme', source_field='programme_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL),
        ),
        ops.AddField(
            model_name='Matching',
            name='publish_as',
            field=fields.CharEnumField(null=True, description='REQUESTS: REQUESTS\nMENTORSHIPS: MENTORSHIPS', enum_type=PublishAs, max_length=16),
        ),
        ops.RunSQL(OF_THOSE_THERE),
        ops.RunSQL(AS_THE_PROGRAMME_SAYS),
    ]
