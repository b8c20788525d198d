"""What would have been decided otherwise under a draft of policy, from what the decisions were made from."""
