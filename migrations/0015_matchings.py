from tortoise import migrations
from tortoise.migrations import operations as ops
from models.base import uuid7
from models.clock import now
from models.matching.draft import LeftOverSide
from models.matching.matching import MatchingStatus
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0014_programmes')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Matching',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('author', fields.ForeignKeyField('models.Profile', source_field='author_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('client_id', fields.CharField(null=True, max_length=64)),
                ('content_hash', fields.CharField(null=True, max_length=64)),
                ('programme', fields.ForeignKeyField('models.Programme', source_field='programme_id', db_constraint=True, to_field='id', related_name='matchings', on_delete=OnDelete.CASCADE)),
                ('number', fields.IntField()),
                ('status', fields.CharEnumField(default=MatchingStatus.RUNNING, description='RUNNING: RUNNING\nDRAFT: DRAFT\nFAILED: FAILED\nCANCELLED: CANCELLED\nPUBLISHING: PUBLISHING\nPUBLISHED: PUBLISHED', enum_type=MatchingStatus, max_length=16)),
                ('follows', fields.ForeignKeyField('models.Matching', source_field='follows_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL)),
                ('replays', fields.ForeignKeyField('models.Matching', source_field='replays_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL)),
                ('options', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('weights', fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
                ('participation_weight', fields.FloatField()),
                ('algorithm', fields.CharField(max_length=16)),
                ('input_digest', fields.CharField(max_length=64)),
                ('result_digest', fields.CharField(null=True, max_length=64)),
                ('stage', fields.CharField(default='', max_length=16)),
                ('percent', fields.SmallIntField(default=0)),
                ('error', fields.TextField(default='', unique=False)),
                ('value', fields.FloatField(null=True)),
                ('bound', fields.FloatField(null=True)),
                ('gap', fields.FloatField(null=True)),
                ('figures', fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
                ('ended_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('running_in', fields.UUIDField(null=True, unique=True)),
                ('runner', fields.CharField(null=True, max_length=32)),
                ('lease_until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'matching', 'app': 'models', 'unique_together': (('author', 'client_id'), ('programme', 'number')), 'indexes': [Index(fields=['status', 'lease_until'])], 'pk_attr': 'id'},
            bases=['Authored'],
        ),
        ops.CreateModel(
            name='ForbiddenPair',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('matching', fields.ForeignKeyField('models.Matching', source_field='matching_id', db_index=True, db_constraint=True, to_field='id', related_name='forbidden_pairs', on_delete=OnDelete.CASCADE)),
                ('mentee_id', fields.UUIDField()),
                ('mentor_id', fields.UUIDField()),
            ],
            options={'table': 'forbidden_pair', 'app': 'models', 'pk_attr': 'id'},
            bases=['Base'],
        ),
        ops.CreateModel(
            name='LeftOver',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('matching', fields.ForeignKeyField('models.Matching', source_field='matching_id', db_constraint=True, to_field='id', related_name='left_over', on_delete=OnDelete.CASCADE)),
                ('profile', fields.ForeignKeyField('models.Profile', source_field='profile_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('side', fields.CharEnumField(description='MENTEE: MENTEE\nMENTOR: MENTOR', enum_type=LeftOverSide, max_length=8)),
                ('reason', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
            ],
            options={'table': 'left_over', 'app': 'models', 'indexes': [Index(fields=['matching_id', 'created_at', 'id'])], 'pk_attr': 'id'},
            bases=['Base'],
        ),
        ops.CreateModel(
            name='MatchedPair',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('matching', fields.ForeignKeyField('models.Matching', source_field='matching_id', db_constraint=True, to_field='id', related_name='pairs', on_delete=OnDelete.CASCADE)),
                ('mentee', fields.ForeignKeyField('models.Profile', source_field='mentee_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('mentor', fields.ForeignKeyField('models.Profile', source_field='mentor_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('score', fields.IntField()),
                ('components', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('reasons', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('fixed', fields.BooleanField(default=False)),
                ('under_way', fields.BooleanField(default=False)),
                ('request', fields.ForeignKeyField('models.MentorshipRequest', source_field='request_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL)),
                ('mentorship', fields.ForeignKeyField('models.Mentorship', source_field='mentorship_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL)),
                ('refusal', fields.TextField(null=True, unique=False)),
                ('published_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'matched_pair', 'app': 'models', 'unique_together': (('matching', 'mentee'),), 'indexes': [Index(fields=['matching_id', 'score', 'id']), Index(fields=['matching_id', 'published_at'])], 'pk_attr': 'id'},
            bases=['Base'],
        ),
        ops.CreateModel(
            name='MatchingInput',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('matching', fields.OneToOneField('models.Matching', source_field='matching_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('frozen', fields.BinaryField()),
            ],
            options={'table': 'matching_input', 'app': 'models', 'pk_attr': 'id'},
            bases=['Base'],
        ),
    ]
