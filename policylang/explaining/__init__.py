"""Why a request is allowed or denied, and what would change that."""
