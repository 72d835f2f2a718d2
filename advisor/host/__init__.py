"""The limits of this host and the costs of its pools."""
