"""What evaluations announce to whoever wires the story; sent after the transaction has committed."""

from django.dispatch import Signal

submission_moved = Signal()  # sender: Submission; submission_id: UUID
