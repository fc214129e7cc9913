from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [('models', '0002_starts_of_calls')]

    initial = False

    operations = [
        ops.AddIndex(
            model_name='Session',
            index=Index(fields=['expires_at']),
        ),
        ops.AddIndex(
            model_name='Session',
            index=Index(fields=['revoked_at']),
        ),
        # The ORM gives the table of a many-to-many relation one index, which begins with the profile.
        ops.RunSQL(
            [
                'CREATE INDEX "idx_profile_skill_offered_skill_id" ON "profile_skill_offered" ("skill_id")',
                'CREATE INDEX "idx_profile_skill_wanted_skill_id" ON "profile_skill_wanted" ("skill_id")',
            ],
            reverse_sql=[
                'DROP INDEX "idx_profile_skill_offered_skill_id"',
                'DROP INDEX "idx_profile_skill_wanted_skill_id"',
            ],
        ),
    ]
