"""Who can do what in one version of a policy set that they could not do in another, by proof."""
