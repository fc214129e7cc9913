from tortoise import migrations
from tortoise.migrations import operations as ops
from models.base import uuid7
from models.clock import now
from models.files.media import AttachmentKind
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0008_evidence')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Attachment',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('author', fields.ForeignKeyField('models.Profile', source_field='author_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('client_id', fields.CharField(null=True, max_length=64)),
                ('content_hash', fields.CharField(null=True, max_length=64)),
                ('message', fields.ForeignKeyField('models.Message', source_field='message_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name='attachments', on_delete=OnDelete.CASCADE)),
                ('position', fields.SmallIntField(null=True)),
                ('name', fields.CharField(max_length=130)),
                ('media_type', fields.CharField(max_length=100)),
                ('kind', fields.CharEnumField(description='IMAGE: IMAGE\nAUDIO: AUDIO\nDOCUMENT: DOCUMENT', enum_type=AttachmentKind, max_length=20)),
                ('bytes', fields.IntField()),
                ('sha256', fields.CharField(max_length=64)),
                ('width', fields.IntField(null=True)),
                ('height', fields.IntField(null=True)),
                ('thumbnail_bytes', fields.IntField(null=True)),
                ('removed_at', fields.DatetimeField(null=True, db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'attachment', 'app': 'models', 'unique_together': (('author', 'client_id'), ('message', 'position')), 'pk_attr': 'id'},
            bases=['Authored'],
        ),
        ops.CreateModel(
            name='Depot',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('one', fields.BooleanField(default=True, unique=True)),
            ],
            options={'table': 'depot', 'app': 'models', 'pk_attr': 'id'},
            bases=['Base'],
        ),
    ]
