from tortoise import migrations
from tortoise.migrations import operations as ops
from models.inbox import Kind
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0009_attachments')]

    initial = False

    operations = [
        ops.AlterField(
            model_name='InboxEvent',
            name='kind',
            field=fields.CharEnumField(description='MESSAGE_CREATED: MESSAGE_CREATED\nMESSAGE_UPDATED: MESSAGE_UPDATED\nREACTION_CHANGED: REACTION_CHANGED\nSCHEDULED_MESSAGE_CHANGED: SCHEDULED_MESSAGE_CHANGED\nCONVERSATION_CHANGED: CONVERSATION_CHANGED\nCONVERSATION_LEFT: CONVERSATION_LEFT\nREAD_MARKER_MOVED: READ_MARKER_MOVED\nREQUEST_CHANGED: REQUEST_CHANGED\nMENTORSHIP_CHANGED: MENTORSHIP_CHANGED\nGOAL_CHANGED: GOAL_CHANGED\nMEETING_CHANGED: MEETING_CHANGED\nVIDEO_SESSION_CHANGED: VIDEO_SESSION_CHANGED', enum_type=Kind, max_length=32),
        ),
    ]
