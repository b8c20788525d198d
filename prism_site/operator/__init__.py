"""The operator's pages: health, the queue of holds, one hold with all its evidence, and the audit trail."""
